// Package validators holds every rule of the call: pure functions of a claim,
// its documents' facts, the registers and the programme, which give findings.
//
// There is one file per chapter of the rules, its test beside it:
//
//	file.go         FIC    the template file and the batch as a whole
//	row.go          LIG    the values of the row
//	supplier.go     FOU    the supplier and its solution (AF §3.2, §4.1)
//	beneficiary.go  BEN    the pharmacy (AF §4.2)
//	order.go        CMD, DEL-01  order and deadlines of an advance (AF §2, §4.4)
//	amount.go       MNT    the amount and the VAT regime (AF §5)
//	document.go     DOC    the documents as such
//	mention.go      MEN    the mentions owed on a purchase order (AF §6.1)
//	signature.go    SIG    signatures (AF §6.1, §6.2)
//	balance.go      DOS, FAC, VA, DEL-02 to DEL-04  balances (AF §6.2)
//	completion.go   DEL-05, FIN  completion declarations (AF §6.2, case 2)
//
// [File] asks the rules on a batch as a whole, and [Refuses] tells whether its
// claims are judged at all; [Assess] asks all rules that look at one claim
// alone; [AssessBatch] (batch.go) those between the claims of one batch
// (DOC-04); [AssessHistory] (history.go) those between claims of any batch,
// which depend on what was decided before (BEN-03, BEN-04, BEN-07, CMD-05,
// DOS-03, DOS-04, DEL-03, DEL-04, DOC-05) and on the findings of the two before
// it. A balance and a declaration come with the accepted advance of the dossier
// that they quote: what was decided of it is compared, not judged again.
//
// What OCR read of a scanned page is believed as far as its confidence goes
// (spec 3, "Mentions"). A page under ocr.min_confidence is not read (DOC-06). A
// mention that stands there exactly is shown, but not a value of few letters
// whose words are under that confidence. One that OCR misread a little
// (text_approximate.go, text_glyph.go) goes to a person, as does one that is
// not found where OCR is not sure of a page. Some readings are the mention
// itself: a number of a pharmacy, a dossier or a company with letters for its
// digits, which its key proves; the call's reference with l or I for 1 or O for
// 0, which print does not tell apart; an address with a blank beside its @.
//
// Each rule is one function, asked by its code: a.ask("BEN-02", a.eligible)
// stands at the head of its chapter's file, and the function gives false where
// the rule cannot be asked. Of which kinds of claims it is asked, the catalogue
// says. [Explain] (explain.go) asks the very same functions with a recorder
// (recorder.go): what a rule reads by [assessment.field],
// [assessment.establishment], [assessment.advance], saw and the like while it is
// asked is told as what it saw, and what a read lacked as what silences it. So a
// rule takes its values from those, never from the row, the registers, the ledger
// or the programme directly, and an input that is at fault says by which code it
// is ([assessment.silent]). FIC, REV and REC are no rules of a claim's night:
// nobody explains them.
//
// Guarantees: no I/O, no clock, no logging; the same input gives the same
// findings, in the order of the catalogue; all faults are told at once; a rule
// whose input is itself at fault is not evaluated (spec 6, "What silences
// what"); evidence is given for every mention found.
//
// Not guaranteed: that what a document shows is true.
package validators
