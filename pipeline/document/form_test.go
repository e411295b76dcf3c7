package document

import (
	"context"
	"strings"
	"testing"

	"guichet/pipeline/claim"
)

// field is a text field at 100 600 300 620 with a value and an appearance.
func field(entries, appearance string) sheet {
	if !strings.Contains(entries, "/F ") {
		entries += "/F 4"
	}
	return sheet{
		content: show(30, 605, "FINESS"),
		catalog: "/AcroForm 12 0 R",
		page:    "/Annots[10 0 R]",
		objects: []string{
			"<</Type/Annot/Subtype/Widget/FT/Tx/T(f)/Rect[100 600 300 620]/DA(/F1 12 Tf 0 g)" + entries + ">>",
			streamObject("/Type/XObject/Subtype/Form/BBox[0 0 200 20]/Resources<</Font<</F1 5 0 R>>>>", appearance),
			"<</Fields[10 0 R]/DA(/F1 12 Tf 0 g)/DR<</Font<</F1 5 0 R>>>>>>",
		},
	}
}

func TestFormFields(t *testing.T) {
	comb := ""
	for i, digit := range "750000123" {
		comb += show(float64(5+20*i), 5, string(digit))
	}
	needed := field("/V(750000123)", "")
	needed.objects[2] = "<</Fields[10 0 R]/NeedAppearances true/DA(/F1 12 Tf 0 g)/DR<</Font<</F1 5 0 R>>>>>>"
	tests := []struct {
		name            string
		sheet           sheet
		visible, hidden string // of the field
	}{
		{"appearance of the value", field("/V(750 000 123)/AP<</N 11 0 R>>", "/Tx BMC "+show(2, 5, "750 000 123")+" EMC"), "750 000 123", ""},
		{"a cell for each digit", field("/V(750000123)/AP<</N 11 0 R>>", comb), "750000123", ""},
		{"appearance of something else", field("/V(750000123)/AP<</N 11 0 R>>", show(2, 5, "690223646")), "690223646", "750000123"},
		{"blank appearance", field("/V(750000123)/AP<</N 11 0 R>>", ""), "", "750000123"},
		{"white appearance", field("/V(750000123)/AP<</N 11 0 R>>", "1 g "+show(2, 5, "750000123")), "", "750000123 750000123"},
		{"appearance left to the reader", needed, "750000123", ""},
		{"no appearance", field("/V(750000123)", ""), "", "750000123"},
		{"no appearance, outside the page", field("/V(750000123)/Rect[100 -600 300 -580]", ""), "", "750000123"},
		{"hidden field", field("/V(750000123)/F 2/AP<</N 11 0 R>>", show(2, 5, "750000123")), "", "750000123"},
		{"field not for viewing", field("/V(750000123)/F 32/AP<</N 11 0 R>>", show(2, 5, "750000123")), "", "750000123"},
		{"no value", field("", ""), "", ""},
	}
	pool := newTestPool(t, 1)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			facts, err := pool.Read(context.Background(), test.sheet.bytes())
			if err != nil {
				t.Fatal(err)
			}
			var page, visible, hidden string
			for _, word := range facts.Pages[0].Words {
				switch {
				case !word.Form:
					page += word.Text
				case word.Hidden:
					hidden += " " + word.Text
				default:
					visible += " " + word.Text
				}
			}
			if page != "FINESS" || !sameWords(visible, test.visible) || !sameWords(hidden, test.hidden) {
				t.Errorf("page %q, visible %q, hidden %q; want FINESS, %q and %q", page, visible, hidden, test.visible, test.hidden)
			}
		})
	}
}

func TestFieldStandsOnItsLine(t *testing.T) {
	pool := newTestPool(t, 1)
	facts, err := pool.Read(context.Background(), field("/V(750000123)/AP<</N 11 0 R>>", show(2, 5, "750000123")).bytes())
	if err != nil {
		t.Fatal(err)
	}
	words := facts.Pages[0].Words
	if len(words) != 2 || words[1].Text != "750000123" || words[1].Gap == claim.GapLine {
		t.Fatalf("words %+v; want the value behind its label, on one line", words)
	}
	if r := words[1].Rect; r[0] < 99 || r[1] < 842-625 || r[2] > 301 || r[3] > 842-595 {
		t.Errorf("the value stands at %v; want it within its field", r)
	}
}

func TestAnnotations(t *testing.T) {
	freeText := func(flags, subtype string) sheet {
		return sheet{
			content: show(72, 700, "bon"),
			page:    "/Annots[10 0 R]",
			objects: []string{
				"<</Type/Annot/Subtype/" + subtype + "/F " + flags + "/Rect[100 600 300 620]/Contents(vu)/AP<</N 11 0 R>>>>",
				streamObject("/Type/XObject/Subtype/Form/BBox[0 0 200 20]/Resources<</Font<</F1 5 0 R>>>>", show(2, 5, "vu")),
			},
		}
	}
	over := field("", "")
	over.page = "/Annots[10 0 R 13 0 R]"
	over.objects = append(over.objects, freeText("4", "FreeText").objects[0], freeText("4", "FreeText").objects[1])
	over.objects[3] = strings.Replace(over.objects[3], "11 0 R", "14 0 R", 1)
	signature := field("", "")
	signature.objects[0] = "<</Type/Annot/Subtype/Widget/FT/Sig/T(s)/F 4/Rect[100 600 300 620]>>"
	tests := []struct {
		name  string
		sheet sheet
		want  bool
	}{
		{"none", sheet{content: show(72, 700, "bon")}, false},
		{"free text", freeText("4", "FreeText"), true},
		{"stamp", freeText("4", "Stamp"), true},
		{"free text over a field", over, true},
		{"ink", freeText("4", "Ink"), true},
		{"hidden stamp", freeText("2", "Stamp"), false},
		{"link", freeText("4", "Link"), false},
		{"pop-up", freeText("4", "Popup"), false},
		{"text field", field("/V(x)", ""), true},
		{"signature field", signature, false},
	}
	pool := newTestPool(t, 1)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			facts, err := pool.Read(context.Background(), test.sheet.bytes())
			if err != nil {
				t.Fatal(err)
			}
			if got := facts.Pages[0].HasAnnotation; got != test.want {
				t.Errorf("HasAnnotation %v, want %v", got, test.want)
			}
			if visible, _ := words(facts); test.name != "text field" && visible != "bon" && visible != "FINESS" {
				t.Errorf("visible words %q: an annotation's text is no page content", visible)
			}
		})
	}
}

func TestImages(t *testing.T) {
	image := streamObject(image1x1, "\x00")
	form := streamObject("/Type/XObject/Subtype/Form/BBox[0 0 99 99]/Resources<</XObject<</Im 10 0 R>>>>", "/Im Do")
	tests := []struct {
		name  string
		sheet sheet
		want  bool
	}{
		{"none", sheet{content: show(72, 700, "bon") + "0 0 9 9 re f\n"}, false},
		{"image", sheet{content: "/Im Do", resources: "/XObject<</Im 10 0 R>>", objects: []string{image}}, true},
		{"image in a form", sheet{content: "/Fm Do", resources: "/XObject<</Fm 11 0 R>>", objects: []string{image, form}}, true},
		{"image in a form in a form", sheet{content: "/Fm Do", resources: "/XObject<</Fm 12 0 R>>", objects: []string{
			image, form, streamObject("/Type/XObject/Subtype/Form/BBox[0 0 99 99]/Resources<</XObject<</Fm 11 0 R>>>>", "/Fm Do"),
		}}, true},
		{"inline image", sheet{content: "q 9 0 0 9 0 0 cm BI /W 1 /H 1 /BPC 8 /CS /G ID \x80 EI Q\n"}, true},
		{"image in a pattern", sheet{
			content: "/Pattern cs /P scn 0 0 99 99 re f\n", resources: "/Pattern<</P 11 0 R>>",
			objects: []string{image, streamObject("/Type/Pattern/PatternType 1/PaintType 1/TilingType 1/BBox[0 0 9 9]/XStep 9/YStep 9/Resources<</XObject<</Im 10 0 R>>>>", "/Im Do")},
		}, true},
	}
	pool := newTestPool(t, 1)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			facts, err := pool.Read(context.Background(), test.sheet.bytes())
			if err != nil {
				t.Fatal(err)
			}
			if got := facts.Pages[0].HasImage; got != test.want {
				t.Errorf("HasImage %v, want %v", got, test.want)
			}
		})
	}
}
