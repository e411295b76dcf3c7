package settle

import (
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
		r.Tranche, _ = vctx.Registers.Tranche(e.FINESS)
	}
	if amount, ok := exclTax(c); ok {
		r.Amounts.ExclTax = &amount
	}
	if total, ok := payableTotal(vctx, c); ok {
		r.Amounts.PayableTotal = &total
	}
	return r
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
// to the cent.
func exclTax(c *claim.Claim) (claim.Cents, bool) {
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
	if !ok || amount <= 0 || amount > tranche.CeilingExclTax {
		return 0, false
	}
	regime := c.Row.Text(claim.FieldVATRegime)
	if regime != claim.LiableToVAT && regime != claim.NotLiableToVAT {
		return 0, false
	}
	return vctx.Programme.PayableTotal(amount, regime, tranche, e), true
}

func trancheOf(vctx *validators.Context, e claim.Establishment) (config.Tranche, bool) {
	name, ok := vctx.Registers.Tranche(e.FINESS)
	if !ok {
		return config.Tranche{}, false
	}
	return vctx.Programme.Tranche(name)
}
