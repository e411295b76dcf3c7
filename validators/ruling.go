package validators

import (
	"cmp"
	"slices"
	"strings"

	"guichet/config"
	"guichet/pipeline/claim"
)

var rulingCodes = map[claim.Verdict]string{
	claim.VerdictAccept: "REV-01", claim.VerdictReject: "REV-02", claim.VerdictComplete: "REV-03",
}

// Rule gives a claim's findings once an operator has decided it: in the place
// of all its review findings one REV-01, REV-02 or REV-03, whose message is the
// reason given; and the codes of those that it replaced.
func Rule(programme *config.Programme, kind claim.Kind, findings []claim.Finding, ruling claim.Ruling) (ruled []claim.Finding, codes []string) {
	finding := programme.Finding(kind, rulingCodes[ruling.Verdict], "", params{"reason": ruling.Reason})
	return replaceReviews(findings, finding, func(claim.Finding) bool { return true })
}

// RuleAgain does to the findings of a claim that is evaluated again what an
// operator's decision did to them before: review findings of the codes that
// were decided then stay decided, others need a person again.
func RuleAgain(findings []claim.Finding, before claim.Result) (ruled []claim.Finding, codes []string) {
	i := slices.IndexFunc(before.Findings, func(f claim.Finding) bool { return strings.HasPrefix(f.Code, "REV-") })
	if i < 0 {
		return findings, nil
	}
	ruled, codes = replaceReviews(findings, before.Findings[i], func(f claim.Finding) bool { return slices.Contains(before.Ruled, f.Code) })
	if len(codes) == 0 {
		return findings, nil
	}
	return ruled, before.Ruled
}

// replaceReviews puts a finding in the place of the review findings that it decides.
func replaceReviews(findings []claim.Finding, by claim.Finding, decides func(claim.Finding) bool) (ruled []claim.Finding, codes []string) {
	for _, f := range findings {
		if f.Outcome != claim.Review || !decides(f) {
			ruled = append(ruled, f)
		} else if !slices.Contains(codes, f.Code) {
			codes = append(codes, f.Code)
		}
	}
	ruled = append(ruled, by)
	Sort(ruled)
	return ruled, codes
}

// Changed tells LIG-05 of each column in which a row differs from the row on
// which its claim was accepted: the acceptance stands, the change is ignored.
func Changed(ctx *Context, c *claim.Claim, accepted claim.Row) []claim.Finding {
	a := &assessment{Context: ctx, claim: c, template: config.TemplateOf(c.Kind)}
	for _, column := range a.template.Columns {
		now, then := c.Row.Field(column.ID), accepted.Field(column.ID)
		same := now.State == then.State && now.Text == then.Text && now.Date == then.Date && now.Amount == then.Amount
		if !same && (now.OK() || then.OK()) {
			a.tellField(column.ID, "LIG-05", "", nil)
		}
	}
	slices.SortStableFunc(a.findings, func(x, y claim.Finding) int { return cmp.Compare(x.Cell, y.Cell) })
	return a.findings
}
