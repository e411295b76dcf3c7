package settle

import (
	"cmp"

	"guichet/config"
	"guichet/pipeline/claim"
	"guichet/validators"
)

// describe gives all of a claim's result that does not hang on other claims.
func describe(vctx *validators.Context, c *claim.Claim, a claim.Assessment) claim.Result {
	r := claim.Result{
		Claim: c.ID, Kind: c.Kind, Row: c.Row.Number, Supplier: c.Supplier, Batch: c.Batch, Revision: c.Revision,
		FINESS:     claim.FINESS(c.Row.Text(claim.FieldFINESS)),
		OrderRef:   c.Row.Text(claim.FieldOrderRef),
		VATRegime:  c.Row.Text(claim.FieldVATRegime),
		Solution:   c.Row.Text(claim.FieldANSReference),
		ReceivedAt: c.ReceivedAt,
		Documents:  append([]claim.ResultDocument{}, a.Documents...),
		Findings:   append([]claim.Finding{}, a.Findings...),
		Evidence:   append([]claim.Evidence{}, a.Evidence...),
	}
	if e, ok := establishment(vctx, c); ok {
		r.CompanyName = e.Name
		if e.SIRET.KeyOK() {
			r.SIRET = e.SIRET
		}
		if vctx.Programme.HasTranches() {
			r.Tranche, _ = vctx.Registers.Tranche(e.FINESS)
		}
	}
	if amount, ok := exclTax(c); ok {
		r.Amounts.ExclTax = &amount
	}
	if c.Kind != claim.Advance {
		describeLater(&r, c)
		return r
	}
	r.OrderDate, r.RowName = c.Row.Field(claim.FieldOrderDate).Date, c.Row.Text(claim.FieldCompanyName)
	if total, ok := payableTotal(vctx, c); ok {
		r.Amounts.PayableTotal = &total
	}
	return r
}

// describeLater completes the result of a balance or a completion by the
// advance of its dossier. Another supplier's tells nothing (DOS-02).
func describeLater(r *claim.Result, c *claim.Claim) {
	r.Dossier = c.Row.Text(claim.FieldDossier)
	r.CompletedOn = c.Row.Field(claim.FieldCompletedOn).Date
	if c.Kind == claim.Completion {
		r.Nature = cmp.Or(c.Row.Text(claim.FieldNature), claim.Finished)
	}
	advance := ownAdvance(c)
	if advance == nil {
		return
	}
	r.FINESS, r.SIRET, r.OrderRef, r.CompanyName = advance.FINESS, advance.SIRET, advance.OrderRef, advance.CompanyName
	r.Tranche, r.VATRegime, r.Solution = advance.Tranche, advance.VATRegime, advance.Solution
	if c.Kind == claim.Balance {
		r.Amounts.PayableTotal, r.Amounts.PaidBefore = advance.Amounts.PayableTotal, advance.Amounts.AmountDue
	}
}

// ownAdvance gives the advance of the dossier that a row quotes, where it is
// the supplier's own.
func ownAdvance(c *claim.Claim) *claim.Result {
	if c.Advance == nil || c.Advance.Supplier != c.Supplier {
		return nil
	}
	return c.Advance
}

// establishment gives the register's row for the claim's pharmacy.
func establishment(vctx *validators.Context, c *claim.Claim) (claim.Establishment, bool) {
	number := claim.FINESS(c.Row.Text(claim.FieldFINESS))
	if !number.KeyOK() {
		return claim.Establishment{}, false
	}
	return vctx.Registers.Establishment(number)
}

// exclTax gives the amount excl. VAT of the row, in cents, when it is readable
// to the cent; a balance's is that of its advance.
func exclTax(c *claim.Claim) (claim.Cents, bool) {
	if advance := ownAdvance(c); advance != nil && c.Kind == claim.Balance && advance.Amounts.ExclTax != nil {
		return *advance.Amounts.ExclTax, true
	}
	field := c.Row.Field(claim.FieldAmount)
	return field.Amount.Cents, field.OK() && !field.Amount.Finer
}

// payableTotal gives what the State pays in all for the order (AF §5), in
// cents, when everything that it depends on is known and eligible.
func payableTotal(vctx *validators.Context, c *claim.Claim) (claim.Cents, bool) {
	e, ok := establishment(vctx, c)
	if !ok {
		return 0, false
	}
	if _, eligible := vctx.Programme.Beneficiary.Categories[e.Category]; !eligible {
		return 0, false
	}
	tranche, ok := trancheOf(vctx, e)
	if !ok {
		return 0, false
	}
	amount, ok := exclTax(c)
	if !ok || amount <= 0 || amount > tranche.ExclTax {
		return 0, false
	}
	regime := c.Row.Text(claim.FieldVATRegime)
	if regime != claim.LiableToVAT && regime != claim.NotLiableToVAT {
		return 0, false
	}
	return vctx.Programme.PayableTotal(amount, regime, tranche.Ceiling, e), true
}

func trancheOf(vctx *validators.Context, e claim.Establishment) (config.Tranche, bool) {
	name, known := vctx.Registers.Tranche(e.FINESS)
	if !known && vctx.Programme.HasTranches() {
		return config.Tranche{}, false
	}
	return vctx.Programme.Tranche(name)
}
