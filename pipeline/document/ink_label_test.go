package document

import (
	"strings"
	"testing"

	"guichet/pipeline/claim"
)

// wordsOf sets lines of text 8 points high, 14 apart from y on; two blanks part
// columns, which stand 250 points apart.
func wordsOf(x, y float64, lines ...string) []claim.Word {
	var words []claim.Word
	for i, line := range lines {
		for column, text := range strings.Split(line, "  ") {
			left := x + 250*float64(column)
			for k, word := range strings.Fields(text) {
				width := 5 * float64(len(word))
				top := y + 14*float64(i)
				one := claim.Word{Text: word, Rect: claim.Rect{left, top, left + width, top + 8}}
				switch {
				case k > 0:
				case column > 0:
					one.Gap = claim.GapWide
				default:
					one.Gap = claim.GapLine
				}
				words = append(words, one)
				left += width + 4
			}
		}
	}
	return words
}

func TestLabels(t *testing.T) {
	for text, want := range map[string]bool{
		"Signature":                            true,
		"SIGNATURE :":                          true,
		"signature :":                          true,
		"Signature : ..................":       true,
		"Signature et cachet":                  true,
		"Cachet et signature du responsable":   true,
		"Signature du client":                  true,
		"Signature du titulaire de l'officine": true,
		"Cachet":                               true,
		"Tampon de la pharmacie":               true,
		"Bon pour accord":                      true,
		"Bon pour accord, signature du client": true,
		"Lu et approuvé":                       true,
		"« Lu et approuvé »":                   true,
		"Fait à Vallorgues, le 12/10/2022":     true,
		"Date et signature":                    true,
		"Nom, prénom, qualité et signature :":  true,
		"Pour la pharmacie (cachet)":           true,
		"Le client (signature précédée de la mention lu et approuvé)":               true,
		"Signature du client précédée de la mention manuscrite « bon pour accord »": true,
		"S1gnature":  true, // misread
		"Signatnre":  true,
		"Signatre :": true,

		"":                               false,
		"Signature électronique":         false,
		"Date de signature : 12/10/22":   false,
		"Date de la signature":           false,
		"Cachet de la poste faisant foi": false,
		"Cachot":                         false, // short words are not guessed at
		"Désignation":                    false,
		"signature du présent bon vaut acceptation":                               false,
		"La signature du présent bon de commande vaut acceptation des conditions": false,
		"Signature du bon de commande vaut commande ferme":                        false,
		"À défaut de signature sous huit jours":                                   false,
		"le fournisseur, après signature de la commande par le client, livre":     false,
		"signature.":      false,
		"Bon de commande": false,
		"Le client":       false,
		"Facturation":     false,
	} {
		page := claim.Page{Words: wordsOf(50, 50, text)}
		if got := hasLabel(&page); got != want {
			t.Errorf("%q: a label %v, want %v", text, got, want)
		}
	}
	hidden := claim.Page{Words: wordsOf(50, 50, "Signature")}
	hidden.Words[0].Hidden = true
	if hasLabel(&hidden) {
		t.Error("a hidden word is a label")
	}
}

func TestPlaces(t *testing.T) {
	for _, test := range []struct {
		name  string
		words []claim.Word
		want  []place // labels, and regions
	}{
		{"one", wordsOf(50, 600, "Signature du client"), []place{
			{label: "Signature du client", region: claim.Rect{40, 588, 300, 693}},
		}},
		{"near the right edge", wordsOf(500, 600, "Signature"), []place{
			{label: "Signature", region: claim.Rect{470, 588, 595, 693}}, // half as wide at least
		}},
		{"near the bottom", wordsOf(50, 800, "Signature"), []place{
			{label: "Signature", region: claim.Rect{40, 788, 300, 842}},
		}},
		{"side by side", wordsOf(50, 600, "Le fournisseur  Le client", "Signature  Cachet et signature"), []place{
			{label: "Signature | Le fournisseur", region: claim.Rect{40, 602, 290, 707}}, // short of the next
			{label: "Cachet et signature | Le client", region: claim.Rect{290, 602, 550, 707}},
		}},
		{"below one another", wordsOf(50, 600, "Fait à Vallorgues, le", "Bon pour accord", "Signature :"), []place{
			{label: "Fait à Vallorgues, le | Bon pour accord | Signature :", region: claim.Rect{40, 588, 300, 721}},
		}},
		{"none", wordsOf(50, 600, "Merci de votre confiance"), nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := findPlaces(makeSegments(test.words), 595, 842)
			if len(got) != len(test.want) {
				t.Fatalf("%d places, want %d: %+v", len(got), len(test.want), got)
			}
			for i := range got {
				want := test.want[i].region
				if got[i].label != test.want[i].label {
					t.Errorf("label %q, want %q", got[i].label, test.want[i].label)
				}
				if got[i].region != want {
					t.Errorf("region %v, want %v", got[i].region, want)
				}
			}
		})
	}
}
