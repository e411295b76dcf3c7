package validators

import (
	"strings"
	"testing"

	"guichet/pipeline/claim"
)

// order changes a faultless claim's purchase order.
func order(f func(*claim.Document)) func(*Context, *claim.Claim) {
	return func(_ *Context, c *claim.Claim) { f(&c.Documents[0]) }
}

func failed(reason string) func(*Context, *claim.Claim) {
	return order(func(d *claim.Document) { d.Facts = &claim.Facts{Status: claim.ReadFailed, Reason: reason} })
}

// scan is a page that is an image, with or without invisible words on it.
func scan(hidden ...string) claim.Page {
	p := page(hidden...)
	for i := range p.Words {
		p.Words[i].Hidden = true
	}
	p.HasImage = true
	return p
}

func TestDocuments(t *testing.T) {
	for _, test := range []struct {
		name    string
		spoil   func(*Context, *claim.Claim)
		want    string // codes of DOC, MEN and SIG
		message string // what a message must hold
	}{
		{"whole", order(func(*claim.Document) {}), "", ""},
		{"not in the batch", order(func(d *claim.Document) { d.Object, d.Facts = nil, nil }), "DOC-01", "« commande-0001.pdf » n'est pas"},
		{"not a PDF", failed("not_pdf"), "DOC-02", "n'est pas un PDF"},
		{"corrupt", failed("corrupt"), "DOC-02", "endommagé"},
		{"too many pages", failed("pages"), "DOC-02", ": 50 au plus"},
		{"too large", failed("size"), "DOC-02", ": 20 Mo au plus"},
		{"too slow", failed("time"), "DOC-02", "trop complexe"},
		{"too greedy", failed("memory"), "DOC-02", "trop complexe"},
		{"deadly", failed("crash"), "DOC-02", "trop complexe"},
		{"locked", order(func(d *claim.Document) { d.Facts = &claim.Facts{Status: claim.ReadLocked} }), "DOC-03", "mot de passe"},
		{"no text", order(func(d *claim.Document) { d.Facts.TextSource = claim.TextFromNone; d.Facts.Pages[0] = claim.Page{} }), "DOC-06", "Aucun texte"},
		{"useless text", order(func(d *claim.Document) { d.Facts.TextSource = claim.TextFromNone }), "DOC-06", ""},
		{"no page", order(func(d *claim.Document) { d.Facts.Pages = nil }), "DOC-06", ""},
		{"hidden text alone", order(func(d *claim.Document) { d.Facts.Pages[0] = scan(linesOf(d.Facts)...) }), "DOC-06", ""},
		{"text, then an image", order(func(d *claim.Document) { d.Facts.Pages = append(d.Facts.Pages, scan()) }), "", ""},
		{"text, then a blank page", order(func(d *claim.Document) {
			d.Facts.Pages = append(d.Facts.Pages[:0], page("Bon de commande"), claim.Page{})
		}), "MEN-01 MEN-02 MEN-03 MEN-04 MEN-05 MEN-06 MEN-07 MEN-08 MEN-09 MEN-10 MEN-11 MEN-12", ""},
		{"an image, then the proof of its signature", order(func(d *claim.Document) {
			d.Facts.Pages = []claim.Page{scan(), page("Certificat de signature", "Claire MARTIN")}
		}), "DOC-06", ""},
		{"script", order(func(d *claim.Document) { d.Facts.Active = []string{"javascript"} }), "DOC-07", "(script)"},
		{"all sorts of active content", order(func(d *claim.Document) {
			d.Facts.Active = []string{"javascript", "launch", "embedded_file", "javascript", "movie"}
		}), "DOC-07", "(script, lancement de programme, fichier joint, autre)"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, told := assessed(test.spoil, "DOC", "MEN", "SIG")
			if told != test.want {
				t.Fatalf("%q, want %q", told, test.want)
			}
			for _, f := range got.Findings {
				checkTexts(t, f)
				if f.Document != "commande-0001.pdf" || f.Cell == "" {
					t.Errorf("place: %+v", f)
				}
			}
			if test.message != "" && !strings.Contains(got.Findings[0].Message, test.message) {
				t.Errorf("message: %s", got.Findings[0].Message)
			}
		})
	}
}

// TestUnreadDocumentIsNoProof: of a document that nobody read no rule can find
// anything, which must not pass for a faultless one.
func TestUnreadDocumentIsNoProof(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a claim was judged without its purchase order's facts")
		}
	}()
	assessed(order(func(d *claim.Document) { d.Facts = nil }))
}

func TestUnreadPageIsTold(t *testing.T) {
	got, _ := assessed(order(func(d *claim.Document) { d.Facts.Pages = []claim.Page{page("Bon de commande"), scan()} }), "DOC")
	if f := find(t, got.Findings, "DOC-06"); f.Page != 2 || f.Outcome != claim.Review {
		t.Errorf("%+v", f)
	}
}

// TestExemptionWithoutText asks the attestation for its content only where it
// can be read.
func TestExemptionWithoutText(t *testing.T) {
	for _, test := range []struct {
		name  string
		pages []claim.Page
		want  string
	}{
		{"scanned", []claim.Page{scan()}, "DOC-06"},
		{"read, and something else", []claim.Page{page("Facture")}, "MNT-05 MNT-05"},
		{"scanned beside text", []claim.Page{page("Attestation"), scan()}, "DOC-06"},
		{"read", []claim.Page{page("Direction générale des finances publiques", "OFFISOFT SAS")}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, told := assessed(func(ctx *Context, c *claim.Claim) {
				notLiable(ctx, c)
				attest(c)
				c.Documents[0].Facts = orderFacts(c)
				last := &c.Documents[len(c.Documents)-1]
				last.Facts.Pages = test.pages
			}, "DOC", "MNT-05")
			if told != test.want {
				t.Errorf("%q, want %q", told, test.want)
			}
		})
	}
}

func TestMegabytes(t *testing.T) {
	for bytes, want := range map[int64]string{20 << 20: "20 Mo", 512 << 10: "512 Ko", 1 << 20: "1 Mo"} {
		if got := megabytes(bytes); got != want {
			t.Errorf("%d: %s, want %s", bytes, got, want)
		}
	}
}
