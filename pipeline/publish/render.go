package publish

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"

	"guichet/pipeline/claim"
)

const (
	sumsName    = "SHA256SUMS"
	receiptName = "receipt.json"
)

// Render makes all objects of a set, in the order in which they are put: the
// receipt is the last. It fails with ErrInconsistent on claims that are not of
// the revision's batch, appear twice, or have a decision that nothing told to
// the supplier accounts for, and on acceptances taken back without a reason or
// without a word on what becomes of the claim.
func Render(set Set) ([]Output, error) {
	r := &renderer{revision: set.Revision}
	seen, err := r.each(set.Results, r.add)
	if err != nil {
		return nil, err
	}
	withdrawn, err := r.each(set.Withdrawn, r.withdraw)
	if err != nil {
		return nil, err
	}
	for id := range withdrawn {
		if !seen[id] {
			return nil, fmt.Errorf("%w: claim %s is withdrawn and has no new decision", ErrInconsistent, id)
		}
	}
	return r.outputs()
}

// each does something with results of the revision's batch, by their rows, and
// gives the claims that they are of.
func (r *renderer) each(results []claim.Result, do func(claim.Result) error) (map[claim.ID]bool, error) {
	results = slices.Clone(results)
	slices.SortFunc(results, func(a, b claim.Result) int {
		return cmp.Or(cmp.Compare(a.Row, b.Row), cmp.Compare(a.Claim, b.Claim))
	})
	seen := make(map[claim.ID]bool, len(results))
	for _, result := range results {
		if result.Supplier != r.revision.Supplier || result.Batch != r.revision.Batch {
			return nil, fmt.Errorf("%w: claim %s is not of this batch", ErrInconsistent, result.Claim)
		}
		if seen[result.Claim] {
			return nil, fmt.Errorf("%w: claim %s appears twice", ErrInconsistent, result.Claim)
		}
		seen[result.Claim] = true
		if err := do(result); err != nil {
			return nil, err
		}
	}
	return seen, nil
}

// renderer collects the lines of a set's objects.
type renderer struct {
	revision claim.Revision

	acceptedCSV, withdrawnCSV, rejectedCSV, pendingCSV table
	acceptedJSON, withdrawnJSON, rejectedJSON, review  bytes.Buffer
}

// add writes the lines of one claim.
func (r *renderer) add(result claim.Result) error {
	told, withheld, err := forSupplier(result)
	if err != nil {
		return err
	}
	if err := check(result, told); err != nil {
		return fmt.Errorf("%w: claim %s %w", ErrInconsistent, result.Claim, err)
	}
	switch result.Decision {
	case claim.Accepted:
		r.acceptedCSV.add(acceptedCells(told))
		if err := writeLine(&r.acceptedJSON, told.Claim, claimJSON(told)); err != nil {
			return err
		}
	case claim.Rejected, claim.ToComplete:
		for _, finding := range told.Findings {
			r.rejectedCSV.add(rejectedCells(told, finding))
		}
		if err := writeLine(&r.rejectedJSON, told.Claim, claimJSON(told)); err != nil {
			return err
		}
	case claim.UnderReview:
		r.pendingCSV.add(pendingCells(told))
	}
	if withheld || result.Decision == claim.UnderReview {
		return writeLine(&r.review, result.Claim, claimJSON(forOperators(result)))
	}
	return nil
}

// withdraw writes the lines of an acceptance that is taken back.
func (r *renderer) withdraw(result claim.Result) error {
	told, _, err := forSupplier(result)
	if err == nil {
		err = check(result, told)
	}
	switch w := result.Withdrawal; {
	case err != nil:
		return fmt.Errorf("%w: withdrawn claim %s %w", ErrInconsistent, result.Claim, err)
	case result.Decision != claim.Accepted:
		return fmt.Errorf("%w: claim %s is withdrawn and was not accepted", ErrInconsistent, result.Claim)
	case w == nil || w.Reason == "" || w.Revision != result.Revision:
		return fmt.Errorf("%w: claim %s is withdrawn without a reason, or from another revision", ErrInconsistent, result.Claim)
	}
	r.withdrawnCSV.add(append(acceptedCells(told), text(result.Withdrawal.Reason)))
	return writeLine(&r.withdrawnJSON, result.Claim, withdrawnLine{claimJSON(told), orNull(result.Withdrawal.Reason)})
}

// check tells why a claim must not be published: what is accepted is paid.
func check(result, told claim.Result) error {
	if decision := claim.Decide(result.Findings); decision != result.Decision {
		return fmt.Errorf("has the decision %q, its findings make it %q", result.Decision, decision)
	}
	switch result.Decision {
	case claim.Accepted:
		if result.Dossier == "" || result.Kind != claim.Completion && result.Amounts.AmountDue == nil {
			return errors.New("is accepted without a dossier number or an amount due")
		}
	case claim.Rejected, claim.ToComplete:
		if claim.Decide(told.Findings) != result.Decision {
			return fmt.Errorf("is %s, but no finding that its supplier may read says why", result.Decision)
		}
	case claim.UnderReview:
	}
	return nil
}

func (r *renderer) outputs() ([]Output, error) {
	outbox, operators := place("outbox", r.revision), place("operators", r.revision)
	sets := []Output{
		{Key: outbox, Name: "accepted.csv", Data: r.acceptedCSV.bytes(acceptedHeader)},
		{Key: outbox, Name: "accepted.jsonl", Data: r.acceptedJSON.Bytes()},
	}
	if r.withdrawnJSON.Len() > 0 {
		sets = append(sets,
			Output{Key: outbox, Name: "withdrawn.csv", Data: r.withdrawnCSV.bytes(withdrawnHeader)},
			Output{Key: outbox, Name: "withdrawn.jsonl", Data: r.withdrawnJSON.Bytes()})
	}
	sets = append(sets, []Output{
		{Key: outbox, Name: "rejected.csv", Data: r.rejectedCSV.bytes(rejectedHeader)},
		{Key: outbox, Name: "rejected.jsonl", Data: r.rejectedJSON.Bytes()},
		{Key: outbox, Name: "pending.csv", Data: r.pendingCSV.bytes(pendingHeader)},
		{Key: operators, Name: "review.jsonl", Data: r.review.Bytes()},
	}...)
	var sums bytes.Buffer
	var listed []outputJSON
	for _, output := range sets {
		if output.Key == outbox {
			listed = append(listed, outputJSON{output.Name, len(output.Data), digest(output.Data)})
			fmt.Fprintf(&sums, "%s  %s\n", digest(output.Data), output.Name)
		}
	}
	sets = append(sets, Output{Key: outbox, Name: sumsName, Data: sums.Bytes()})
	listed = append(listed, outputJSON{sumsName, sums.Len(), digest(sums.Bytes())})
	receipt, err := marshalReceipt(r.revision, listed)
	if err != nil {
		return nil, err
	}
	sets = append(sets, Output{Key: outbox, Name: receiptName, Data: receipt})
	for i := range sets {
		sets[i].Key += sets[i].Name
	}
	return sets, nil
}

// operatorsOnly are the rules that no supplier is told of: they would tell of
// another's claims.
var operatorsOnly = map[string]bool{"BEN-04": true, "BEN-07": true, "DOC-05": true}

// forSupplier gives a claim as its supplier may read it, and tells whether
// that withholds something.
func forSupplier(result claim.Result) (told claim.Result, withheld bool, err error) {
	stranger := false
	told = result
	told.Findings = make([]claim.Finding, 0, len(result.Findings))
	for _, finding := range result.Findings {
		switch {
		case operatorsOnly[finding.Code]:
			withheld = true
			continue
		case finding.Code == "DOS-02":
			withheld, stranger = true, true
			if finding, err = unknownDossier(finding); err != nil {
				return told, withheld, fmt.Errorf("claim %s: %w", result.Claim, err)
			}
		case finding.Operators != "":
			withheld = true
		}
		told.Findings = append(told.Findings, finding)
	}
	if stranger {
		// What was looked up by the number is the other supplier's.
		told.FINESS, told.OrderRef, told.Amounts = "", "", claim.Amounts{}
	}
	return told, withheld, nil
}

// unknownDossier gives the DOS-01 that a supplier reads in place of a DOS-02,
// whose words for suppliers are those of DOS-01 already (see
// config.Programme.Finding). One that tells operators nothing else would tell
// the supplier whose the dossier is.
func unknownDossier(stranger claim.Finding) (claim.Finding, error) {
	if stranger.Operators == "" {
		return claim.Finding{}, fmt.Errorf("%w: its DOS-02 has no words for operators", ErrInconsistent)
	}
	return claim.Finding{
		Code: "DOS-01", Outcome: stranger.Outcome, Section: stranger.Section, Field: stranger.Field, Cell: stranger.Cell, Value: stranger.Value,
		Message: stranger.Message, Remedy: stranger.Remedy,
	}, nil
}

// forOperators gives a claim whole, each finding with what operators are told.
func forOperators(result claim.Result) claim.Result {
	result.Findings = slices.Clone(result.Findings)
	for i, finding := range result.Findings {
		if finding.Operators != "" {
			result.Findings[i].Message = finding.Operators
		}
	}
	return result
}
