package document

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func tsv(lines ...string) string { return tsvHeader + "\n" + strings.Join(lines, "\n") + "\n" }

func TestParseTSV(t *testing.T) {
	page := "1\t1\t0\t0\t0\t0\t0\t0\t600\t800\t-1\t"
	word := "5\t1\t2\t1\t3\t1\t10\t20\t50\t12\t91.4\tFINESS"
	read := ocrWord{text: "FINESS", confidence: 91, line: [3]int{2, 1, 3}, box: [4]int{10, 20, 60, 32}}
	tests := []struct {
		name string
		data string
		want []ocrWord
		bad  bool
	}{
		{"a page without words", tsv(page), nil, false},
		{"a word", tsv(page, word), []ocrWord{read}, false},
		{"line ends of another system", strings.ReplaceAll(tsv(page, word), "\n", "\r\n"), []ocrWord{read}, false},
		{
			"confidence of 0 counts as 1", tsv("5\t1\t2\t1\t3\t1\t10\t20\t50\t12\t0.000\tFINESS"),
			[]ocrWord{{text: "FINESS", confidence: 1, line: read.line, box: read.box}},
			false,
		},
		{
			"accents put together", tsv("5\t1\t2\t1\t3\t1\t10\t20\t50\t12\t91\te\u0301te\u0301"),
			[]ocrWord{{text: "été", confidence: 91, line: read.line, box: read.box}},
			false,
		},
		{"blank word", tsv("5\t1\t2\t1\t3\t1\t10\t20\t50\t12\t91\t \u00a0"), nil, false},
		{"word that is none", tsv("5\t1\t2\t1\t3\t1\t10\t20\t50\t12\t-1\tFINESS"), nil, false},
		{"no width", tsv("5\t1\t2\t1\t3\t1\t10\t20\t0\t12\t91\tFINESS"), nil, false},
		{"beyond the picture", tsv("5\t1\t2\t1\t3\t1\t580\t20\t50\t12\t91\tFINESS"), nil, false},
		{"as high as a quarter of the page", tsv("5\t1\t2\t1\t3\t1\t10\t20\t500\t200\t91\tFINESS"), nil, false},
		{"running down", tsv("5\t1\t2\t1\t3\t1\t10\t20\t12\t50\t91\tFINESS"), nil, false},
		{"control character", tsv("5\t1\t2\t1\t3\t1\t10\t20\t50\t12\t91\tFIN\x01SS"), nil, false},
		{"nothing", "", nil, true},
		{"another header", strings.Replace(tsv(page), "conf", "wconf", 1), nil, true},
		{"a column less", tsv("5\t1\t2\t1\t3\t1\t10\t20\t50\t12\t91"), nil, true},
		{"a column more", tsv(word + "\t1"), nil, true},
		{"negative place", tsv("5\t1\t2\t1\t3\t1\t-10\t20\t50\t12\t91\tFINESS"), nil, true},
		{"place that is no number", tsv("5\t1\t2\t1\t3\t1\tx\t20\t50\t12\t91\tFINESS"), nil, true},
		{"huge place", tsv("5\t1\t2\t1\t3\t1\t99999999999\t20\t50\t12\t91\tFINESS"), nil, true},
		{"confidence above 100", tsv("5\t1\t2\t1\t3\t1\t10\t20\t50\t12\t101\tFINESS"), nil, true},
		{"confidence that is no number", tsv("5\t1\t2\t1\t3\t1\t10\t20\t50\t12\tNaN\tFINESS"), nil, true},
		{"unknown level", tsv("6\t1\t2\t1\t3\t1\t10\t20\t50\t12\t91\tFINESS"), nil, true},
		{"not UTF-8", tsv("5\t1\t2\t1\t3\t1\t10\t20\t50\t12\t91\t\xff"), nil, true},
		{"words without end", tsvHeader + "\n" + strings.Repeat(word+"\n", maxOCRWords+1), nil, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := parseTSV([]byte(test.data), 600, 800)
			if errors.Is(err, errTSV) != test.bad || err != nil && !test.bad {
				t.Fatalf("error %v; want one: %v", err, test.bad)
			}
			if diff := cmp.Diff(test.want, got, cmp.AllowUnexported(ocrWord{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func FuzzTSV(f *testing.F) {
	f.Add([]byte(tsv("1\t1\t0\t0\t0\t0\t0\t0\t600\t800\t-1\t", "5\t1\t2\t1\t3\t1\t10\t20\t50\t12\t91.4\tFINESS")))
	f.Fuzz(func(t *testing.T, data []byte) {
		const width, height = 600, 800
		words, err := parseTSV(data, width, height)
		if err != nil && words != nil {
			t.Error("an error and words")
		}
		for _, w := range words {
			if w.text == "" || !utf8.ValidString(w.text) || strings.ContainsAny(w.text, "\t\n\r") || w.confidence < 1 || w.confidence > 100 ||
				w.box[0] < 0 || w.box[1] < 0 || w.box[0] >= w.box[2] || w.box[1] >= w.box[3] || w.box[2] > width || w.box[3] > height {
				t.Errorf("a word that cannot be: %+v", w)
			}
		}
		// What becomes of the words on the page keeps them all.
		if made := pageWords(words, matrix{1, 0, 0, 1, 0, 0}, usualScale); len(made) != len(words) {
			t.Errorf("%d words of %d", len(made), len(words))
		}
	})
}
