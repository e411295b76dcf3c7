package document

import (
	"crypto"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// formPaper is a paper with fields of every kind, empty as a supplier sends
// them: Montant (7), Groupe.Nom (51), the box Accord (52), the choice Paiement
// (55), the buttons Envoi (56 to 58), and the stream 59 that shows nothing.
func formPaper(t testing.TB) *paper {
	p := newPaper(t)
	p.fields = append(p.fields, "50 0 R", "52 0 R", "55 0 R", "56 0 R")
	p.annots = append(p.annots, "51 0 R", "52 0 R", "55 0 R", "57 0 R", "58 0 R")
	p.update(map[int]string{
		3: p.page(), 5: p.form(), 7: amountField(""),
		50: "<</T(Groupe)/Kids[51 0 R]>>", 51: nameField(""),
		52: boxField("/Off"), 53: drawing(20, 20, "0 0 20 20 re f"), 54: drawing(20, 20, ""),
		55: choiceField(""), 56: "<</FT/Btn/Ff 32768/T(Envoi)/Kids[57 0 R 58 0 R]>>", 57: radioWidget(500, "/Off"), 58: radioWidget(530, "/Off"),
		59: drawing(100, 20, "0 0 100 20 re f"),
	}, "")
	return p
}

func amountField(more string) string {
	return "<</Type/Annot/Subtype/Widget/FT/Tx/T(Montant)/Rect[50 600 150 620]/F 4/P 3 0 R" + more + ">>"
}

func nameField(more string) string {
	return "<</Type/Annot/Subtype/Widget/FT/Tx/T(Nom)/Parent 50 0 R/Rect[50 560 150 580]/F 4/P 3 0 R" + more + ">>"
}

func boxField(state string) string {
	return "<</Type/Annot/Subtype/Widget/FT/Btn/T(Accord)/V" + state + "/AS" + state +
		"/AP<</N<</Oui 53 0 R/Off 54 0 R>>>>/Rect[50 530 70 550]/F 4/P 3 0 R>>"
}

func choiceField(more string) string {
	return "<</Type/Annot/Subtype/Widget/FT/Ch/Ff 131072/T(Paiement)/Opt[(Virement)(Ch\\350que)]/Rect[50 500 150 520]/F 4/P 3 0 R" + more + ">>"
}

func radioWidget(x int, state string) string {
	return fmt.Sprintf("<</Type/Annot/Subtype/Widget/Parent 56 0 R/AS%s/AP<</N<</A 53 0 R/Off 54 0 R>>>>/Rect[%d 500 %d 520]/F 4/P 3 0 R>>", state, x, x+20)
}

// drawing is a form of a size.
func drawing(width, height int, content string) string {
	return fmt.Sprintf("<</Type/XObject/Subtype/Form/BBox[0 0 %d %d]/Length %d>>\nstream\n%s\nendstream", width, height, len(content), content)
}

// written is the appearance that a text field 100 by 20 points gets when it is
// filled.
func written(text string) string {
	return drawing(100, 20, "/Tx BMC q BT /F1 10 Tf 2 5 Td ("+text+") Tj ET Q EMC")
}

func docMDP(level string) string {
	return "<</Type/SigRef/TransformMethod/DocMDP/TransformParams<</Type/TransformParams/V/1.2" + level + ">>>>"
}

func fieldMDP(action, fields string) string {
	return "<</Type/SigRef/TransformMethod/FieldMDP/TransformParams<</Type/TransformParams/V/1.2/Action/" + action + "/Fields[" + fields + "]>>>>"
}

// TestFilledFields has the supplier sign with some leave, fields changed in
// some way, and the pharmacy sign what comes of it. Whole is the verdict on
// the supplier's signature; the pharmacy's is always whole.
func TestFilledFields(t *testing.T) {
	ca := newIdentity(t, "rsa2", nil, nil)
	supplier, pharmacy, tsa := newIdentity(t, "p256", ca, nil), newIdentity(t, "p384", ca, nil), newIdentity(t, "rsa", ca, nil)
	byPharmacy := odd{by: pharmacy, digest: idSHA384, algorithm: idECDSA, hash: crypto.SHA384}
	stamp := tsa.timestamp(t, time.Date(2023, 3, 2, 0, 0, 0, 0, time.UTC))
	const (
		leave  = "/P 2"
		filled = "/V(792)/AP<</N 60 0 R>>"
	)
	certified := docMDP(leave)
	fill := func(p *paper) { p.update(map[int]string{7: amountField(filled), 60: written("792")}, "") }
	// with fills the amount in some other way, and what else there is.
	with := func(objects map[int]string) func(*paper) {
		return func(p *paper) { p.update(objects, "") }
	}
	after := func(before func(*paper), objects map[int]string) func(*paper) {
		return func(p *paper) { before(p); p.update(objects, "") }
	}
	tests := []struct {
		name      string
		reference string // of the supplier's signature
		change    func(*paper)
		whole     bool
	}{
		{"certified, text", certified, fill, true},
		{"certified for annotations too, text", docMDP("/P 3"), fill, true},
		{"certified by default, text", docMDP(""), fill, true},
		{"value without appearance", certified, with(map[int]string{7: amountField("/V(792)")}), true},
		{"twice", certified, after(fill, map[int]string{7: amountField("/V(793)/AP<</N 61 0 R>>"), 61: written("793")}), true},
		{"twice, over the same stream", certified, after(fill, map[int]string{7: amountField("/V(793)/AP<</N 60 0 R>>"), 60: written("793")}), true},
		{"and emptied", certified, after(fill, map[int]string{7: amountField("")}), true},
		{"field below another", certified, with(map[int]string{51: nameField("/V(Durand)/AP<</N 60 0 R>>"), 60: written("Durand")}), true},
		{"box ticked", certified, with(map[int]string{52: boxField("/Oui")}), true},
		{"choice made", certified, with(map[int]string{55: choiceField("/V(Virement)/I[0]/AP<</N 60 0 R>>"), 60: written("Virement")}), true},
		{"button chosen", certified, with(map[int]string{56: "<</FT/Btn/Ff 32768/T(Envoi)/V/A/Kids[57 0 R 58 0 R]>>", 57: radioWidget(500, "/A")}), true},
		{"with validation data and a timestamp", certified, func(p *paper) {
			p.catalog = "/DSS 70 0 R"
			p.update(map[int]string{1: p.root(), 70: "<</Certs[]>>"}, "")
			p.sign(80, stamp, "/SubFilter/ETSI.RFC3161")
			fill(p)
		}, true},
		{"locks another", fieldMDP("Include", "(Groupe)"), fill, true},
		{"locks all but this", fieldMDP("Exclude", "(Montant)"), fill, true},
		{"locks all but the group", fieldMDP("Exclude", "(Groupe)"), with(map[int]string{51: nameField("/V(Durand)")}), true},
		{"locks another, name in UTF-16", fieldMDP("Include", "<FEFF00470072006F007500700065>"), fill, true},
		{"certified, and locks another", certified + fieldMDP("Include", "(Groupe)"), fill, true},

		{"no leave", "", fill, false},
		{"certified for nothing", docMDP("/P 1"), fill, false},
		{"certified oddly", docMDP("/P/2"), fill, false},
		{"certified twice", certified + docMDP("/P 1"), fill, false},
		{"locks all", fieldMDP("All", ""), fill, false},
		{"locks this", fieldMDP("Include", "(Montant)"), fill, false},
		{"locks this in UTF-16", fieldMDP("Include", "<FEFF004D006F006E00740061006E0074>"), fill, false},
		{"locks the group", fieldMDP("Include", "(Groupe)"), with(map[int]string{51: nameField("/V(Durand)")}), false},
		{"locks the field of the group", fieldMDP("Include", "(Groupe.Nom)"), with(map[int]string{51: nameField("/V(Durand)")}), false},
		{"locks all but another", fieldMDP("Exclude", "(Groupe)"), fill, false},
		{"locks in an unknown way", fieldMDP("Most", "(Groupe)"), fill, false},
		{"locks names that are none", fieldMDP("Include", "/Groupe"), fill, false},
		{"certified, and locks this", certified + fieldMDP("Include", "(Montant)"), fill, false},
		{"read-only", certified, with(map[int]string{7: amountField("/Ff 1" + filled), 60: written("792")}), false},

		{"place moved", certified, with(map[int]string{7: strings.Replace(amountField(filled), "620", "640", 1), 60: written("792")}), false},
		{"flags changed", certified, with(map[int]string{7: strings.Replace(amountField(filled), "/F 4", "/F 36", 1), 60: written("792")}), false},
		{"name changed", certified, with(map[int]string{7: strings.Replace(amountField(filled), "Montant", "Prix", 1), 60: written("792")}), false},
		{"action added", certified, with(map[int]string{7: amountField(filled + "/A<</S/Named/N/Print>>"), 60: written("792")}), false},
		{"appearance larger than its place", certified, with(map[int]string{7: amountField(filled), 60: drawing(50, 10, "0 0 50 10 re f")}), false},
		{"appearance turned", certified, with(map[int]string{7: amountField(filled), 60: strings.Replace(written("792"), "/BBox", "/Matrix[0 1 -1 0 0 0]/BBox", 1)}), false},
		{"appearance in a layer", certified, with(map[int]string{7: amountField(filled), 60: strings.Replace(written("792"), "/BBox", "/OC 71 0 R/BBox", 1), 71: "<</Type/OCG/Name(x)>>"}), false},
		{"appearance that stood there unused", certified, with(map[int]string{7: amountField("/V(792)/AP<</N 59 0 R>>")}), false},
		{"appearance while the mouse is over it", certified, with(map[int]string{7: amountField("/V(792)/AP<</N 60 0 R/R 60 0 R>>"), 60: written("792")}), false},
		{"value that is a dictionary", certified, with(map[int]string{7: amountField("/V<</Type/Sig>>")}), false},
		{"other drawing for a ticked box", certified, with(map[int]string{52: boxField("/Oui"), 53: drawing(20, 20, "0 0 9 9 re f")}), false},
		{"other options", certified, with(map[int]string{55: strings.Replace(choiceField("/V(Virement)"), "(Virement)(", "(Offert)(", 1)}), false},
		{"all appearances to be made anew", certified, after(fill, map[int]string{5: "<</NeedAppearances true/Fields[7 0 R 8 0 R 50 0 R 52 0 R 55 0 R 56 0 R 20 0 R]/SigFlags 3>>"}), false},
		{"and page content", certified, after(fill, map[int]string{4: pageContent("999,00")}), false},
		{"annotation, and certified for annotations", docMDP("/P 3"), func(p *paper) {
			p.annots = append(p.annots, "70 0 R")
			p.update(map[int]string{3: p.page(), 70: "<</Type/Annot/Subtype/FreeText/Contents(x)/Rect[0 0 99 99]>>"}, "")
		}, false},
		{"new field", certified, func(p *paper) {
			p.fields, p.annots = append(p.fields, "70 0 R"), append(p.annots, "70 0 R")
			p.update(map[int]string{3: p.page(), 5: p.form(), 70: strings.Replace(amountField("/V(1)"), "Montant", "Autre", 1)}, "")
		}, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := formPaper(t)
			if test.name == "read-only" {
				p.update(map[int]string{7: amountField("/Ff 1")}, "")
			}
			p.sign(20, supplier.plain(t), "/Reference["+test.reference+"]")
			test.change(p)
			p.sign(30, byPharmacy.message(t), "")
			found := p.read(nil)
			want := "intact/partial"
			if test.whole {
				want = "intact/whole"
			}
			if got := brief(found[0]); got != want {
				t.Errorf("the supplier's: %s, want %s", got, want)
			}
			if got := brief(found[len(found)-1]); got != "intact/whole" {
				t.Errorf("the pharmacy's: %s", got)
			}
		})
	}

	// Who signs before and behind, and where the value comes.
	spoilt := byPharmacy
	spoilt.spoil = true
	orders := []struct {
		name string
		make func(*paper)
		want []string
	}{
		{"filled with the second signature", func(p *paper) {
			p.sign(20, supplier.plain(t), "/Reference["+certified+"]")
			p.fields, p.annots = append(p.fields, "30 0 R"), append(p.annots, "30 0 R")
			p.signWith(map[int]string{
				3: p.page(), 5: p.form(), 7: amountField(filled), 60: written("792"),
				30: "<</Type/Annot/Subtype/Widget/FT/Sig/T(S)/V 31 0 R/Rect[50 60 250 120]/P 3 0 R>>",
			}, 31, byPharmacy.message(t), "")
		}, []string{"intact/whole", "intact/whole"}},
		{"in the field prepared for it", func(p *paper) {
			p.sign(20, supplier.plain(t), "/Reference["+certified+"]")
			p.signWith(map[int]string{
				7: amountField(filled), 60: written("792"),
				8: "<</Type/Annot/Subtype/Widget/FT/Sig/T(Vide)/V 31 0 R/F 132/Rect[300 100 500 150]/P 3 0 R>>",
			}, 31, byPharmacy.message(t), "")
		}, []string{"intact/whole", "intact/whole"}},
		{"filled, and nobody signs", func(p *paper) {
			p.sign(20, supplier.plain(t), "/Reference["+certified+"]")
			fill(p)
		}, []string{"intact/partial"}},
		{"filled, and only a timestamp follows", func(p *paper) {
			p.sign(20, supplier.plain(t), "/Reference["+certified+"]")
			fill(p)
			p.sign(30, stamp, "/SubFilter/ETSI.RFC3161")
		}, []string{"intact/partial", "intact/whole tst"}},
		{"filled, and a signature follows that does not verify", func(p *paper) {
			p.sign(20, supplier.plain(t), "/Reference["+certified+"]")
			fill(p)
			p.sign(30, spoilt.message(t), "")
		}, []string{"intact/partial", "broken/whole signature"}},
		{"filled behind the last signature", func(p *paper) {
			p.sign(20, supplier.plain(t), "/Reference["+certified+"]")
			p.sign(30, byPharmacy.message(t), "")
			fill(p)
		}, []string{"intact/partial", "intact/partial"}},
		{"filled before and behind the second", func(p *paper) {
			p.sign(20, supplier.plain(t), "/Reference["+certified+"]")
			fill(p)
			p.sign(30, byPharmacy.message(t), "/Reference["+certified+"]")
			p.update(map[int]string{51: nameField("/V(Durand)")}, "")
			p.sign(40, supplier.plain(t), "")
		}, []string{"intact/whole", "intact/whole", "intact/whole"}},
		{"the second signature gives no leave", func(p *paper) {
			p.sign(20, supplier.plain(t), "/Reference["+certified+"]")
			p.sign(30, byPharmacy.message(t), "")
			fill(p)
			p.sign(40, supplier.plain(t), "")
		}, []string{"intact/whole", "intact/partial", "intact/whole"}},
		{"the second signature locks the field", func(p *paper) {
			p.sign(20, supplier.plain(t), "/Reference["+certified+"]")
			p.sign(30, byPharmacy.message(t), "/Reference["+fieldMDP("Include", "(Montant)")+"]")
			fill(p)
			p.sign(40, supplier.plain(t), "")
		}, []string{"intact/partial", "intact/partial", "intact/whole"}},
		{"the second signature locks it once it is filled", func(p *paper) {
			p.sign(20, supplier.plain(t), "/Reference["+certified+"]")
			fill(p)
			p.sign(30, byPharmacy.message(t), "/Reference["+fieldMDP("Include", "(Montant)")+"]")
			p.update(map[int]string{51: nameField("/V(Durand)")}, "")
			p.sign(40, supplier.plain(t), "")
		}, []string{"intact/whole", "intact/whole", "intact/whole"}},
		{"two fields with one appearance, one of them locked", func(p *paper) {
			p.update(map[int]string{7: amountField("/AP<</N 60 0 R>>"), 51: nameField("/AP<</N 60 0 R>>"), 60: written("")}, "")
			p.sign(20, supplier.plain(t), "/Reference["+fieldMDP("Include", "(Groupe)")+"]")
			p.update(map[int]string{7: amountField(filled), 60: written("792")}, "")
			p.sign(30, byPharmacy.message(t), "")
		}, []string{"intact/partial", "intact/whole"}},
		{"an appearance that the page shows too", func(p *paper) {
			page := strings.Replace(p.page(), "/Font<<", "/XObject<</X 60 0 R>>/Font<<", 1)
			p.update(map[int]string{3: page, 7: amountField("/AP<</N 60 0 R>>"), 60: written("")}, "")
			p.signWith(map[int]string{5: strings.Replace(p.form(), "[", "[20 0 R ", 1), 20: "<</FT/Sig/T(S)/V 21 0 R>>"}, 21, supplier.plain(t), "/Reference["+certified+"]")
			p.update(map[int]string{7: amountField(filled), 60: written("792")}, "")
		}, []string{"intact/partial"}},
		{"a field as large as the page", func(p *paper) {
			large := func(more string) string {
				return strings.Replace(amountField(more), "50 600 150 620", "0 300 595 842", 1)
			}
			p.update(map[int]string{7: large("")}, "")
			p.sign(20, supplier.plain(t), "/Reference["+certified+"]")
			p.update(map[int]string{7: large(filled), 60: drawing(595, 542, "1 g 0 0 595 542 re f")}, "")
			p.sign(30, byPharmacy.message(t), "")
		}, []string{"intact/partial", "intact/whole"}},
	}
	for _, test := range orders {
		t.Run(test.name, func(t *testing.T) {
			p := formPaper(t)
			test.make(p)
			if diff := cmp.Diff(test.want, briefs(p.read(nil))); diff != "" {
				t.Error(diff)
			}
		})
	}
}
