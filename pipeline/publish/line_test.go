package publish

import (
	"testing"

	"guichet/pipeline/claim"
)

// A document alone has the keys of documents[], then findings and evidence.
func TestDocumentLine(t *testing.T) {
	document := claim.ResultDocument{
		File: "bc <1>.pdf", SHA256: "ab", Role: claim.PurchaseOrder, Pages: 2, TextSource: claim.TextFromOCR, Signature: claim.SignatureSummary{Kind: "none"},
	}
	findings := []claim.Finding{{Code: "SIG-01", Outcome: claim.Complete, Section: "AF §6.1", Document: "bc <1>.pdf", Message: "m", Remedy: "r"}}
	evidence := []claim.Evidence{{Rule: "MEN-01", Document: "bc <1>.pdf", Page: 2, Rect: &claim.Rect{1, 2, 3.04, 4.06}, Text: "AF"}}
	got, err := DocumentLine(document, findings, evidence)
	want := `{"file":"bc <1>.pdf","sha256":"ab","role":"purchase_order","pages":2,"text_source":"ocr",` +
		`"signature":{"kind":"none","integrity":null,"coverage":null,"level":null,"signer":null,"organisation":null,"signed_at":null},` +
		`"findings":[{"code":"SIG-01","outcome":"complete","section":"AF §6.1","field":null,"cell":null,"value":null,"document":"bc <1>.pdf","page":null,"rect":null,"message":"m","remedy":"r"}],` +
		`"evidence":[{"rule":"MEN-01","document":"bc <1>.pdf","page":2,"rect":[1.0,2.0,3.0,4.1],"text":"AF"}]}`
	if err != nil || string(got) != want {
		t.Errorf("%v\n got %s\nwant %s", err, got, want)
	}
	if got, err := DocumentLine(claim.ResultDocument{}, nil, nil); err != nil || string(got[len(got)-len(`"findings":[],"evidence":[]}`):]) != `"findings":[],"evidence":[]}` {
		t.Errorf("%v: %s", err, got)
	}
}
