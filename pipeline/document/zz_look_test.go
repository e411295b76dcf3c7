package document

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"
	"time"

	"guichet/fixtures"
	"guichet/fixtures/forge"
)

var refFonts = []string{"Helvetica", "Helvetica-Bold", "Helvetica-Oblique", "Times-Roman", "Times-Bold", "Times-Italic", "Courier", "Courier-Bold"}

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

type zzSample struct {
	font string
	char rune
	l    look
}

func zzPage(r *reader, data []byte, visit func(s *sandbox, doc, page handle, g geometry, glyphs []glyph)) {
	s := r.sandbox
	if err := guard(func() {
		buffer := s.keep(data)
		doc := handle(s.do("FPDF_LoadMemDocument64", buffer, uint64(len(data)), 0))
		n := signed(s.do("FPDF_GetPageCount", uint64(doc)))
		for i := range n {
			page := handle(s.do("FPDF_LoadPage", uint64(doc), uint64(i)))
			g := s.loadGeometry(page)
			text := handle(s.do("FPDFText_LoadPage", uint64(page)))
			glyphs := s.readGlyphs(text, g)
			visit(s, doc, page, g, glyphs)
		}
	}); err != nil {
		panic(err)
	}
	r.sandbox.reset()
}

func zzSamples(r *reader, data []byte) (out []zzSample, objects int, took time.Duration) {
	zzPage(r, data, func(s *sandbox, doc, page handle, g geometry, glyphs []glyph) {
		done := map[string]bool{}
		fonts := map[*textObject]uint64{}
		pics := map[*textObject]*textPicture{}
		for i := range glyphs {
			one := &glyphs[i]
			if !strings.Contains(alphabet, one.text) {
				continue
			}
			f, ok := fonts[one.object]
			if !ok {
				f = s.do("FPDFTextObj_GetFont", uint64(one.object.handle))
				fonts[one.object] = f
			}
			key := fmt.Sprint(f, one.text)
			if done[key] {
				continue
			}
			start := time.Now()
			p := pics[one.object]
			if p == nil {
				p = s.drawText(doc, page, g, one.object)
				if p == nil {
					fmt.Println("no picture", one.text)
					continue
				}
				pics[one.object] = p
				objects++
			}
			p.pixels = s.bytes(s.do("FPDFBitmap_GetBuffer", uint64(p.bitmap)), p.stride*p.height)
			l, ok := p.look(one)
			took += time.Since(start)
			if !ok {
				fmt.Println("no look", one.text, one.ink)
				continue
			}
			done[key] = true
			n := signed(s.do("FPDFFont_GetBaseFontName", f, s.at(0), 200))
			name := "?"
			if n > 1 {
				name = string(s.bytes(s.at(0), n-1))
			}
			out = append(out, zzSample{fmt.Sprint(name), []rune(one.text)[0], l})
		}
	})
	return
}

func zzSheet() []byte {
	var sh sheet
	for i, f := range refFonts {
		sh.resources += ""
		_ = i
		_ = f
	}
	fonts := ""
	for i, f := range refFonts {
		fonts += fmt.Sprintf("/R%d %d 0 R", i, 10+i)
		sh.objects = append(sh.objects, "<</Type/Font/Subtype/Type1/BaseFont/"+f+"/Encoding/WinAnsiEncoding>>")
		sh.content += fmt.Sprintf("BT /R%d 10 Tf 20 %d Td 2 Tc (%s) Tj ET\n", i, 800-30*i, alphabet)
	}
	sh.page = "/Resources<</Font<<" + fonts + ">>>>"
	return sh.bytes()
}

func TestZZLook(t *testing.T) {
	r, err := newReader(order{Limits: testLimits, CacheDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	refs, n, took := zzSamples(r, zzSheet())
	t.Logf("refs %d, %d objects, %v", len(refs), n, took)
	if os.Getenv("SHOW") != "" {
		for _, ref := range refs[:12] {
			for v := range lookDown {
				line := ""
				for u := range lookAcross {
					line += string(" .:#"[min(3, max(0, int((ref.l.cells[v*lookAcross+u]+0.1)*20)))])
				}
				t.Log(line)
			}
			t.Log(string(ref.char), ref.font)
		}
	}
	type row struct {
		file string
		s    zzSample
		own, other float64
		as   rune
	}
	judge := func(file string, data []byte) (rows []row) {
		samples, n, took := zzSamples(r, data)
		start := time.Now()
		for _, s := range samples {
			w := row{file: file, s: s}
			for _, ref := range refs {
				sim := s.l.like(&ref.l) - 0.15*math.Abs(math.Log(s.l.aspect/ref.l.aspect))
				digit := func(r rune) bool { return r < 'A' }
				if alike(s.char, ref.char) {
					w.own = max(w.own, sim)
				} else if digit(ref.char) == digit(s.char) && sim > w.other {
					w.other, w.as = sim, ref.char
				}
			}
			rows = append(rows, w)
		}
		t.Logf("%-40s %4d samples %3d objects %v, compared %v", file, len(samples), n, took, time.Since(start))
		return rows
	}
	var honest, lies []row
	for _, f := range corpus(t, "text") {
		d, _ := os.ReadFile(f)
		honest = append(honest, judge(filepath.Base(f), d)...)
	}
	for _, layout := range fixtures.Layouts {
		for _, producer := range []fixtures.Producer{fixtures.Core, fixtures.Embedded, fixtures.Subset} {
			for _, serif := range []bool{false, true} {
				o, err := fixtures.SampleOrder(7)
				if err != nil {
					t.Fatal(err)
				}
				o.Layout, o.Producer, o.Serif, o.Password, o.Script = layout, producer, serif, "", ""
				d, err := o.PDF()
				if err != nil {
					t.Fatal(err)
				}
				honest = append(honest, judge(fmt.Sprint(layout, producer, serif), d)...)
			}
		}
	}
	cases, _ := forge.Attacks()
	for _, c := range cases {
		if c.Class == forge.FontMask {
			lies = append(lies, judge(c.Name, c.PDF)...)
		}
	}
	sort.Slice(honest, func(i, j int) bool { return honest[i].other-honest[i].own > honest[j].other-honest[j].own })
	for _, w := range honest[:60] {
		t.Logf("%+.3f own %.3f other %.3f %c as %c  %s %s", w.other-w.own, w.own, w.other, w.s.char, w.as, w.file, w.s.font)
	}
	t.Log("digits")
	k := 0
	for _, w := range honest {
		if w.s.char < 'A' && k < 25 {
			k++
			t.Logf("%+.3f own %.3f other %.3f %c as %c  %s %s", w.other-w.own, w.own, w.other, w.s.char, w.as, w.file, w.s.font)
		}
	}
	t.Log("lies")
	for _, w := range lies {
		if w.other > w.own {
			t.Logf("%+.3f own %.3f other %.3f %c as %c  %s %s", w.other-w.own, w.own, w.other, w.s.char, w.as, w.file, w.s.font)
		}
	}
}

func alike(a, b rune) bool {
	for _, set := range []string{"0Oo", "1lIi", "cC", "sS5", "vV", "wW", "xX", "zZ2", "pP", "kK", "uU", "8B", "6b", "9gq", "yY", "jJ", "mM", "nN", "fF", "tT"} {
		if strings.ContainsRune(set, a) && strings.ContainsRune(set, b) {
			return true
		}
	}
	return a == b
}
