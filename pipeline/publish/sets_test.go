package publish_test

import (
	"strings"
	"time"

	"guichet/config"
	"guichet/pipeline/claim"
	"guichet/pipeline/publish"
)

const (
	supplier  = claim.SIRET("73282932000074")
	batchName = "lot-2023-03"
)

var received = time.Date(2023, 3, 15, 13, 0, 0, 0, time.UTC) // 14:00 in Paris

func ptr[T any](v T) *T { return &v }

func sum(letter string) string { return strings.Repeat(letter, 64) }

func revision(number int) claim.Revision {
	return claim.Revision{
		Supplier: supplier, Batch: batchName, Number: number, Kind: claim.Advance, Status: claim.Processed,
		ReceivedAt: received.Add(time.Millisecond), Digest: sum("d"),
		Programme: claim.ProgrammeInfo{ID: "af-pha-lgo-va1", Version: "V1.2", SHA256: sum("a")},
		Registers: []claim.RegisterInfo{{Name: "solutions.csv", SHA256: sum("2"), Rows: 12}, {Name: "finess.csv", SHA256: sum("1"), Rows: 28679}},
		Inputs: []claim.Object{
			{Name: "modèle <&>.csv", Key: "inbox/73282932000074/lot-2023-03/modèle <&>.csv", Size: 2048, SHA256: sum("c"), ReceivedAt: received},
			{Name: "bon.pdf", Key: "inbox/73282932000074/lot-2023-03/bon.pdf", Size: 4096, SHA256: sum("b"), ReceivedAt: received},
		},
		Software: "guichet 1.0.0",
	}
}

func result(row int, findings ...claim.Finding) claim.Result {
	return claim.Result{
		Claim: claim.NewID(claim.Advance, supplier, batchName, 1, row), Kind: claim.Advance, Row: row,
		Supplier: supplier, Batch: batchName, Revision: 1, Decision: claim.Decide(findings),
		FINESS: "750000012", OrderRef: "CMD-" + string(rune('A'+row)), CompanyName: "PHARMACIE DU MARCHÉ", Tranche: "C", VATRegime: claim.LiableToVAT,
		SIRET: "35600000000048", Solution: "ANS-001",
		Amounts:    claim.Amounts{ExclTax: ptr(claim.Cents(79200))},
		ReceivedAt: received, Findings: findings,
		Documents: []claim.ResultDocument{{
			File: "bon.pdf", SHA256: sum("b"), Role: claim.PurchaseOrder, Pages: 2, TextSource: claim.TextFromPDF,
			Signature: claim.SignatureSummary{
				Kind: "electronic", Integrity: claim.Intact, Coverage: claim.CoversWhole, Level: "simple", Signer: "Jeanne Été",
				Organisation: "", SignedAt: time.Date(2023, 3, 1, 9, 30, 0, 0, time.UTC),
			},
		}},
		Evidence: []claim.Evidence{{Rule: "MEN-06", Document: "bon.pdf", Page: 1, Rect: &claim.Rect{72, 100.04, 130.25, 112.96}, Text: "75 000 001 2"}},
	}
}

func accepted(row, sequence int, findings ...claim.Finding) claim.Result {
	r := result(row, findings...)
	r.Dossier = string(claim.NewDossierNumber("LGO1", sequence))
	r.Amounts.PayableTotal, r.Amounts.AmountDue = ptr(claim.Cents(95000)), ptr(claim.Cents(28500))
	return r
}

func finding(code string, change func(*claim.Finding)) claim.Finding {
	rule := config.Rules.Rule(code)
	f := claim.Finding{Code: code, Outcome: rule.Outcome, Section: rule.Section, Message: "Message de " + code + ".", Remedy: "Remède de " + code + "."}
	if change != nil {
		change(&f)
	}
	return f
}

// secrets must appear under operators/ alone.
const (
	otherClaim    = "A-0123456789abcdef0123"
	otherSupplier = "55210055400013"
	otherFINESS   = "2A0000014"
)

// What a supplier reads of a dossier number that is not known, or not its own.
const (
	unknownNumber = "Le numéro de dossier LGO1-00000004-93 n'est pas connu, ou comporte une erreur de saisie."
	takeItUp      = "Reprenez le numéro notifié à l'acceptation de l'avance, puis déposez la demande au plus tard le 14/12/2023 à 14:00."
)

// mixed is a night's advances with all decisions and texts made to break what
// writes or reads them.
func mixed() publish.Set {
	hostile := result(
		9,
		finding("LIG-02", func(f *claim.Finding) {
			f.Field, f.Cell, f.Value = "Montant HT", "F9", "=cmd|' /C calc'!A0"
			f.Message, f.Remedy = "« =cmd » n'est pas un montant ; ni \"1;2\".", "Deux\r\nlignes ;\nfin"
		}),
		finding("MEN-08", func(f *claim.Finding) {
			f.Field, f.Cell, f.Value, f.Document, f.Page = "E-mail", "J9", "a@b.fr", "+évil;\"nom\".pdf", 12
			f.Rect = &claim.Rect{0, -0.04, 595.276, 841.89}
		}),
		finding("DOC-07", func(f *claim.Finding) { f.Document = "@SUM(A1).pdf" }),
	)
	hostile.OrderRef = "-600.00"
	hostile.CompanyName = "</script><b>&amp;\u2028\u2029"
	hostile.Replaces = "A-ffffffffffffffffffff"
	hostile.Evidence = nil
	hostile.Documents[0].File = "+évil;\"nom\".pdf"
	hostile.Documents[0].Signature = claim.SignatureSummary{Kind: "none"}

	odd := accepted(5, 2, finding("BEN-05", func(f *claim.Finding) {
		f.Field, f.Cell, f.Value = "Raison sociale", "I5", "\tPHARMACIE \x00\x1b[31m\xff 💊"
	}))
	odd.OrderRef, odd.CompanyName = "+33 1 23 45 67 89", "=PHARMACIE \"DU PORT\";\r\nSELARL"
	odd.ReceivedAt = received.Add(-25*time.Hour + 7*time.Millisecond)

	funded := result(
		7,
		finding("BEN-03", func(f *claim.Finding) {
			f.Field, f.Cell, f.Value = "FINESS géographique", "H7", "750000012"
			f.Operators = "Financée par la demande " + otherClaim + " de " + otherSupplier + "."
			f.Params = map[string]string{"claim": otherClaim}
		}),
		finding("BEN-07", func(f *claim.Finding) { f.Value = otherFINESS }),
		finding("DOC-05", func(f *claim.Finding) { f.Operators = "Document de " + otherClaim + "." }),
	)
	unread := result(8, finding("DOC-01", func(f *claim.Finding) { f.Document = "absent.pdf" }))
	unread.FINESS, unread.OrderRef, unread.Evidence, unread.Amounts = "", "", nil, claim.Amounts{}
	unread.Documents = []claim.ResultDocument{{File: "absent.pdf", Role: claim.PurchaseOrder}}
	waiting := result(4, finding("BEN-04", func(f *claim.Finding) { f.Operators = "Derrière " + otherClaim + "." }))

	set := publish.Set{Revision: revision(1), Results: []claim.Result{hostile, accepted(2, 1), waiting, odd, funded, unread, result(10, finding("SIG-04", nil))}}
	set.Revision.Counts = claim.Counts{Accepted: 2, Rejected: 1, ToComplete: 2, UnderReview: 2, NewlyAccepted: 2}
	set.Revision.AmountDue = 57000
	set.Revision.Findings = []claim.Finding{finding("FIC-09", func(f *claim.Finding) { f.Cell, f.Value = "Q1", "=HYPERLINK(\"x\")" })}
	return set
}

// refused is a batch whose template cannot be read.
func refused() publish.Set {
	set := publish.Set{Revision: revision(3)}
	set.Revision.Kind, set.Revision.Status = "", claim.Refused
	set.Revision.Findings = []claim.Finding{finding("FIC-01", func(f *claim.Finding) { f.Document = "modèle.xlsx" })}
	return set
}

// balances are balances and a completion, one of which quotes another
// supplier's dossier.
func balances() publish.Set {
	later := func(kind claim.Kind, row int, findings ...claim.Finding) claim.Result {
		r := accepted(row, row, findings...)
		r.Kind, r.Claim = kind, claim.NewID(kind, supplier, batchName, 2, row)
		r.Revision, r.OrderRef, r.Tranche = 2, "", ""
		return r
	}
	balance := later(claim.Balance, 2)
	balance.Amounts.AmountDue, balance.Amounts.PaidBefore = ptr(claim.Cents(66500)), ptr(claim.Cents(28500))
	completion := later(claim.Completion, 3)
	completion.Amounts = claim.Amounts{}
	stranger := later(claim.Balance, 4, finding("DOS-02", func(f *claim.Finding) {
		f.Field, f.Cell, f.Value = "N° dossier ASP", "B4", "LGO1-00000004-93"
		f.Message, f.Remedy = unknownNumber, takeItUp
		f.Operators = "Le dossier est celui de " + otherSupplier
		f.Params = map[string]string{"value": f.Value, "supplier": otherSupplier}
	}), finding("VA-01", nil))
	stranger.Dossier, stranger.FINESS, stranger.OrderRef = "LGO1-00000004-93", otherFINESS, "CMD-D'AUTRUI"
	stranger.Amounts = claim.Amounts{ExclTax: ptr(claim.Cents(12345)), PaidBefore: ptr(claim.Cents(6789))}
	set := publish.Set{Revision: revision(2), Results: []claim.Result{stranger, completion, balance}}
	set.Revision.Kind = claim.Balance
	set.Revision.Counts = claim.Counts{Accepted: 2, ToComplete: 1, NewlyAccepted: 2}
	set.Revision.AmountDue = 66500
	return set
}

// publishedIn gives a result of the first revision as a later one publishes it.
func publishedIn(revision int, r claim.Result) claim.Result {
	r.Revision, r.First = revision, 1
	return r
}

// operator decided the claims of the reviewed set; no object may name them.
const operator = "m.durand"

// reviewed is a revision that operators' decisions make: one claim accepted,
// one rejected, one to complete, and one that waited behind them (BEN-04) and
// has to go on waiting for a person.
func reviewed() publish.Set {
	ruled := func(code, reason string) claim.Finding {
		return finding(code, func(f *claim.Finding) {
			f.Message, f.Params = reason, map[string]string{"reason": reason}
		})
	}
	set := publish.Set{Revision: revision(2), Results: []claim.Result{
		publishedIn(2, accepted(10, 3, ruled("REV-01", "La signature a été confirmée par téléphone."), finding("FOU-04", func(f *claim.Finding) { f.Outcome = claim.Warn }))),
		publishedIn(2, result(4, ruled("REV-02", "=Le bon n'est pas signé ; il ne peut l'être après coup."))),
		publishedIn(2, result(6, ruled("REV-03", "Joignez un bon lisible."), finding("MEN-06", nil))),
		publishedIn(2, result(8, finding("BEN-04", nil), finding("SIG-04", nil))),
	}}
	set.Revision.Cause, set.Revision.Inputs = claim.Reviewed, nil
	set.Revision.By = operator
	set.Revision.Counts = claim.Counts{Accepted: 3, Rejected: 2, ToComplete: 3, UnderReview: 1, NewlyAccepted: 1}
	set.Revision.AmountDue = 28500
	return set
}

// reprocessed is a revision that takes back three acceptances: one claim is
// rejected by now, one under review, one accepted with another amount.
func reprocessed() publish.Set {
	const reason = "Tranche corrigée au registre ; \"B\" et non C."
	withdrawn := func(r claim.Result) claim.Result {
		r.Withdrawal = &claim.Withdrawal{Revision: r.Revision, Reason: reason}
		return r
	}
	corrected := publishedIn(3, accepted(5, 2, finding("BEN-05", nil)))
	corrected.Tranche, corrected.Amounts.PayableTotal, corrected.Amounts.AmountDue = "B", ptr(claim.Cents(66000)), ptr(claim.Cents(19800))
	rejected := publishedIn(3, result(2, finding("BEN-02", nil)))
	rejected.Dossier = string(claim.NewDossierNumber("LGO1", 1))
	pending := publishedIn(3, result(10, finding("DOC-05", func(f *claim.Finding) { f.Operators = "Document de " + otherClaim + "." })))
	earlier := publishedIn(2, accepted(10, 3, finding("REV-01", func(f *claim.Finding) { f.Message = "Vu avec la pharmacie." })))
	set := publish.Set{
		Revision:  revision(3),
		Results:   []claim.Result{pending, corrected, rejected},
		Withdrawn: []claim.Result{withdrawn(earlier), withdrawn(accepted(2, 1)), withdrawn(accepted(5, 2, finding("BEN-05", nil)))},
	}
	set.Revision.Cause, set.Revision.Inputs = claim.Reprocessed, nil
	set.Revision.By, set.Revision.Reason = operator, reason
	set.Revision.Counts = claim.Counts{Accepted: 1, Rejected: 2, ToComplete: 3, UnderReview: 2, NewlyAccepted: 1}
	set.Revision.AmountDue = 19800
	return set
}

// changed is a batch dropped again with a row that was accepted before and
// now says something else: it is carried over.
func changed() publish.Set {
	replacing := result(6)
	replacing.Claim = claim.NewID(claim.Advance, supplier, batchName, 2, 6)
	replacing.Replaces = claim.NewID(claim.Advance, supplier, batchName, 1, 6)
	replacing.Revision = 2
	replacing.Dossier = string(claim.NewDossierNumber("LGO1", 4))
	replacing.Amounts.PayableTotal, replacing.Amounts.AmountDue = ptr(claim.Cents(95000)), ptr(claim.Cents(28500))
	set := publish.Set{Revision: revision(2), Results: []claim.Result{replacing}}
	set.Revision.Counts = claim.Counts{Accepted: 2, NewlyAccepted: 1}
	set.Revision.AmountDue = 28500
	set.Revision.Carried = []claim.Carried{{Claim: claim.NewID(claim.Advance, supplier, batchName, 1, 2), Row: 3}}
	set.Revision.Findings = []claim.Finding{finding("LIG-05", func(f *claim.Finding) {
		f.Field, f.Cell, f.Value = "Montant HT", "F3", "900,00"
	})}
	return set
}

func sets() map[string]publish.Set {
	return map[string]publish.Set{
		"mixed": mixed(), "refused": refused(), "balances": balances(),
		"reviewed": reviewed(), "reprocessed": reprocessed(), "changed": changed(),
	}
}
