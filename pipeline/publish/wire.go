package publish

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"

	"guichet/pipeline/claim"
)

// The types below are the JSON that leaves; the order of their fields is that
// of the keys.

// orNull gives null for the zero value: what is absent is told, never left out.
func orNull[T comparable](value T) *T {
	var zero T
	if value == zero {
		return nil
	}
	return &value
}

// rectangle has one decimal.
type rectangle claim.Rect

// MarshalJSON writes [x0,y0,x1,y1].
func (r *rectangle) MarshalJSON() ([]byte, error) {
	if r == nil {
		return []byte("null"), nil
	}
	out := []byte{'['}
	for i, v := range r {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("%w: a rectangle that is no place on a page", ErrInconsistent)
		}
		if i > 0 {
			out = append(out, ',')
		}
		out = strconv.AppendFloat(out, math.Round(v*10)/10+0, 'f', 1, 64) // +0: no -0.0
	}
	return append(out, ']'), nil
}

type claimLine struct {
	Claim      *string        `json:"claim"`
	Kind       *string        `json:"kind"`
	Row        *int           `json:"row"`
	Supplier   *string        `json:"supplier"`
	Batch      *string        `json:"batch"`
	Revision   *int           `json:"revision"`
	Replaces   *string        `json:"replaces"`
	Decision   *string        `json:"decision"`
	FINESS     *string        `json:"finess"`
	Dossier    *string        `json:"dossier"`
	OrderRef   *string        `json:"order_ref"`
	Amounts    amountsJSON    `json:"amounts"`
	ReceivedAt *string        `json:"received_at"`
	Documents  []documentJSON `json:"documents"`
	Findings   []findingJSON  `json:"findings"`
	Evidence   []evidenceJSON `json:"evidence"`
}

// withdrawnLine is the line of an acceptance that is taken back.
type withdrawnLine struct {
	claimLine
	Reason *string `json:"reason"`
}

type amountsJSON struct {
	ExclTax      *claim.Cents `json:"excl_tax"`
	PayableTotal *claim.Cents `json:"payable_total"`
	AmountDue    *claim.Cents `json:"amount_due"`
	PaidBefore   *claim.Cents `json:"paid_before"`
}

type documentJSON struct {
	File       *string       `json:"file"`
	SHA256     *string       `json:"sha256"`
	Role       *string       `json:"role"`
	Pages      *int          `json:"pages"`
	TextSource *string       `json:"text_source"`
	Signature  signatureJSON `json:"signature"`
}

type signatureJSON struct {
	Kind         *string `json:"kind"`
	Integrity    *string `json:"integrity"`
	Coverage     *string `json:"coverage"`
	Level        *string `json:"level"`
	Signer       *string `json:"signer"`
	Organisation *string `json:"organisation"`
	SignedAt     *string `json:"signed_at"`
}

type findingJSON struct {
	Code     *string    `json:"code"`
	Outcome  *string    `json:"outcome"`
	Section  *string    `json:"section"`
	Field    *string    `json:"field"`
	Cell     *string    `json:"cell"`
	Value    *string    `json:"value"`
	Document *string    `json:"document"`
	Page     *int       `json:"page"`
	Rect     *rectangle `json:"rect"`
	Message  *string    `json:"message"`
	Remedy   *string    `json:"remedy"`
}

type evidenceJSON struct {
	Rule     *string    `json:"rule"`
	Document *string    `json:"document"`
	Page     *int       `json:"page"`
	Rect     *rectangle `json:"rect"`
	Text     *string    `json:"text"`
}

type receiptJSON struct {
	Batch      *string        `json:"batch"`
	Supplier   *string        `json:"supplier"`
	Kind       *string        `json:"kind"`
	Revision   *int           `json:"revision"`
	Status     *string        `json:"status"`
	ReceivedAt *string        `json:"received_at"`
	Counts     claim.Counts   `json:"counts"`
	AmountDue  claim.Cents    `json:"amount_due_total"`
	Findings   []findingJSON  `json:"findings"`
	Programme  programmeJSON  `json:"programme"`
	Registers  []registerJSON `json:"registers"`
	Inputs     []inputJSON    `json:"inputs"`
	Outputs    []outputJSON   `json:"outputs"`
	Software   *string        `json:"software_version"`
}

type programmeJSON struct {
	ID      *string `json:"id"`
	Version *string `json:"version"`
	SHA256  *string `json:"sha256"`
}

type registerJSON struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256"`
	Rows   int    `json:"rows"`
}

type inputJSON struct {
	Key    string `json:"key"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

type outputJSON struct {
	Name   string `json:"name"`
	Size   int    `json:"size"`
	SHA256 string `json:"sha256"`
}

func claimJSON(r claim.Result) claimLine {
	return claimLine{
		Claim: orNull(string(r.Claim)), Kind: orNull(string(r.Kind)), Row: orNull(r.Row), Supplier: orNull(string(r.Supplier)), Batch: orNull(string(r.Batch)),
		Revision: orNull(r.Revision), Replaces: orNull(string(r.Replaces)), Decision: orNull(string(r.Decision)),
		FINESS: orNull(string(r.FINESS)), Dossier: orNull(string(r.Dossier)), OrderRef: orNull(string(r.OrderRef)),
		Amounts: amountsJSON(r.Amounts), ReceivedAt: orNull(instant(r.ReceivedAt)),
		Documents: each(r.Documents, documentOf), Findings: each(r.Findings, findingOf), Evidence: each(r.Evidence, evidenceOf),
	}
}

func documentOf(d claim.ResultDocument) documentJSON {
	s := d.Signature
	return documentJSON{
		File: orNull(string(d.File)), SHA256: orNull(string(d.SHA256)), Role: orNull(string(d.Role)), Pages: orNull(d.Pages), TextSource: orNull(string(d.TextSource)),
		Signature: signatureJSON{
			Kind: orNull(string(s.Kind)), Integrity: orNull(string(s.Integrity)), Coverage: orNull(string(s.Coverage)), Level: orNull(string(s.Level)),
			Signer: orNull(string(s.Signer)), Organisation: orNull(string(s.Organisation)), SignedAt: orNull(instant(s.SignedAt)),
		},
	}
}

func findingOf(f claim.Finding) findingJSON {
	return findingJSON{
		Code: orNull(string(f.Code)), Outcome: orNull(string(f.Outcome)), Section: orNull(string(f.Section)),
		Field: orNull(string(f.Field)), Cell: orNull(string(f.Cell)), Value: orNull(string(f.Value)),
		Document: orNull(string(f.Document)), Page: orNull(f.Page), Rect: (*rectangle)(f.Rect),
		Message: orNull(string(f.Message)), Remedy: orNull(string(f.Remedy)),
	}
}

func evidenceOf(e claim.Evidence) evidenceJSON {
	return evidenceJSON{
		Rule: orNull(string(e.Rule)), Document: orNull(string(e.Document)), Page: orNull(e.Page), Rect: (*rectangle)(e.Rect), Text: orNull(string(e.Text)),
	}
}

// each gives [] for none, never null.
func each[A, B any](values []A, of func(A) B) []B {
	out := make([]B, len(values))
	for i, v := range values {
		out[i] = of(v)
	}
	return out
}

func marshalReceipt(r claim.Revision, outputs []outputJSON) ([]byte, error) {
	receipt := receiptJSON{
		Batch: orNull(string(r.Batch)), Supplier: orNull(string(r.Supplier)), Kind: orNull(string(r.Kind)), Revision: orNull(r.Number), Status: orNull(string(r.Status)),
		ReceivedAt: orNull(instant(r.ReceivedAt)), Counts: r.Counts, AmountDue: r.AmountDue,
		Findings:  each(r.Findings, findingOf),
		Programme: programmeJSON{orNull(string(r.Programme.ID)), orNull(string(r.Programme.Version)), orNull(string(r.Programme.SHA256))},
		Registers: each(r.Registers, func(i claim.RegisterInfo) registerJSON { return registerJSON(i) }),
		Inputs:    each(r.Inputs, func(o claim.Object) inputJSON { return inputJSON{o.Key, o.Size, o.SHA256} }),
		Outputs:   outputs, Software: orNull(string(r.Software)),
	}
	slices.SortFunc(receipt.Registers, func(a, b registerJSON) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(receipt.Inputs, func(a, b inputJSON) int { return cmp.Compare(a.Key, b.Key) })
	compact, err := encode(receipt)
	if err != nil {
		return nil, err
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, compact, "", "  "); err != nil {
		return nil, err
	}
	indented.WriteByte('\n')
	return indented.Bytes(), nil
}

// encode is json.Marshal without HTML escaping: < and & stay as they are.
func encode(v any) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}

func writeLine(out *bytes.Buffer, id claim.ID, line any) error {
	data, err := encode(line)
	if err != nil {
		return fmt.Errorf("claim %s: %w", id, err)
	}
	out.Write(data)
	out.WriteByte('\n')
	return nil
}
