package validators

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"guichet/config"
	"guichet/pipeline/claim"
)

// recorder keeps what each rule reads while a claim is explained, and why it
// cannot be asked. A night judges without one, and pays nothing for it.
type recorder struct {
	rules map[string]*record
	now   *record // of the rule being asked; nil between rules
}

// record is what became of one rule.
type record struct {
	asked   bool
	because []string
	saw     []Value
}

// of gives the record of a rule.
func (r *recorder) of(code string) *record {
	if r.rules[code] == nil {
		r.rules[code] = &record{}
	}
	return r.rules[code]
}

// ask asks one rule, where the catalogue has it asked of the claim's kind; what
// is read meanwhile is recorded as read by it. The rule tells whether it could be
// asked. Where it could not, a value that it may not read says why, or
// [assessment.silent] does.
func (a *assessment) ask(code string, rule func() bool) {
	if !config.Rules.Rule(code).Of(a.claim.Kind) {
		return
	}
	if a.recorder == nil {
		rule()
		return
	}
	r := a.recorder.of(code)
	a.recorder.now = r
	before := len(r.because)
	if rule() {
		r.asked, r.because = true, r.because[:before]
	}
	a.recorder.now = nil
}

// silent says why the rule being asked cannot be: the code that silences it, or
// why it does not apply. It gives false, for the rule to give in its turn.
func (a *assessment) silent(why string) bool {
	if a.recorder != nil {
		a.recorder.silent(why)
	}
	return false
}

func (r *recorder) silent(why string) {
	if r.now != nil && !slices.Contains(r.now.because, why) {
		r.now.because = append(r.now.because, why)
	}
}

// saw records a value that the rule being asked reads, and gives it back. The
// parts of its name stand with blanks between them.
func saw[T any](a *assessment, source Source, value T, name ...string) T {
	if a.recorder != nil {
		a.recorder.note(source, strings.Join(name, " "), show(value))
	}
	return value
}

// programmed is a value of the programme, by its key in the programme's file.
func programmed[T any](a *assessment, key string, value T) T {
	return saw(a, FromProgramme, value, key)
}

// registered is a cell of a register.
func registered[T any](a *assessment, register, row, column string, value T) T {
	return saw(a, FromRegister, value, register, row, column)
}

// note records a value once.
func (r *recorder) note(source Source, name, value string) {
	v := Value{Source: source, Name: name, Value: value}
	if r.now != nil && !slices.Contains(r.now.saw, v) {
		r.now.saw = append(r.now.saw, v)
	}
}

// field records a field of the row, and what silences a rule that may not read it.
func (r *recorder) field(column config.Column, f claim.Field) {
	if column.ID == "" {
		r.silent("rows of this kind do not tell it")
		return
	}
	name := column.Label
	if f.Cell != "" {
		name += " (" + f.Cell + ")"
	}
	value, why := show(f.Text), ""
	switch f.State {
	case claim.FieldOK:
		switch {
		case column.Type == config.DateColumn:
			value = show(f.Date)
		case column.Type == config.AmountColumn && f.Amount.Finer:
			value = f.Raw
		case column.Type == config.AmountColumn:
			value = show(f.Amount.Cents)
		}
	case claim.FieldAbsent, claim.FieldEmpty:
		if !column.Optional {
			why = "LIG-01"
		}
	case claim.FieldBad:
		value, why = "unreadable: "+show(f.Raw), "LIG-02"
	case claim.FieldNoValue:
		value, why = "a formula without its value", "LIG-04"
	}
	r.note(FromCell, name, value)
	if why != "" {
		r.silent(why)
	}
}

// page records what a rule on a document's text sees of a page.
func (r *recorder) page(document string, number int, p *claim.Page) {
	content := "words"
	switch {
	case !hasVisibleWord(p) && p.HasImage:
		content = "an image without words"
	case !hasVisibleWord(p):
		content = "no words"
	case p.Source == claim.TextFromOCR:
		content = fmt.Sprintf("words by OCR, sure at %d %%", p.Confidence)
	case p.Source == claim.TextFromNone:
		content = "words that are no language"
	}
	if p.HasImage && hasVisibleWord(p) {
		content += ", an image"
	}
	if p.HasAnnotation {
		content += ", an annotation"
	}
	r.note(FromDocument, fmt.Sprintf("%s page %d", document, number), content)
}

// mention records what a document shows of a mention.
func (r *recorder) mention(document string, m mention, found hit) {
	shows := fmt.Sprintf("« %s » on page %d", found.text, found.page)
	switch found.sight {
	case shown:
	case uncertain:
		shows += ", read without certainty"
	case hidden:
		shows += ", in invisible text"
	case missing:
		shows = ""
	}
	if found.sight != missing && found.confidence < 100 {
		shows += fmt.Sprintf(" (OCR sure at %d %%)", found.confidence)
	}
	r.note(FromDocument, fmt.Sprintf("%s « %s »", document, m.expected), show(shows))
}

// least tells whether a measure of a block's ink is not below a bound of the
// programme's handwriting, and records both.
func (r *recorder) least(b *claim.Block, measure string, value float64, key string, bound float64) bool {
	r.ink(b, measure, value, key, bound)
	return value >= bound
}

// most tells whether a measure of a block's ink is not above a bound.
func (r *recorder) most(b *claim.Block, measure string, value float64, key string, bound float64) bool {
	r.ink(b, measure, value, key, bound)
	return value <= bound
}

func (r *recorder) ink(b *claim.Block, measure string, value float64, key string, bound float64) {
	if r == nil {
		return
	}
	block := "no label"
	if b.Label != "" {
		block = "« " + b.Label + " »"
	}
	r.note(FromDocument, fmt.Sprintf("page %d, block with %s: %s", b.Page, block, measure), fmt.Sprintf("%.4g", value))
	r.note(FromProgramme, "handwriting."+key, fmt.Sprintf("%g", bound))
}

// show writes a value as a French reader expects it.
func show(value any) string {
	text := ""
	switch v := value.(type) {
	case claim.Date:
		text = v.French()
	case claim.Moment:
		text = v.French()
	case claim.Cents:
		text = v.French()
	case config.Percent:
		text = fmt.Sprintf("%g %%", float64(v)/100)
	case time.Time:
		if !v.IsZero() {
			text = claim.FrenchInstant(v)
		}
	case bool:
		text = map[bool]string{true: "yes", false: "no"}[v]
	case []string:
		text = strings.Join(v, ", ")
	case []claim.BasisPoints:
		var rates []string
		for _, rate := range v {
			rates = append(rates, show(config.Percent(rate)))
		}
		text = show(rates)
	case claim.Certificate:
		text = certificate(v)
	default:
		text = fmt.Sprint(v)
	}
	if text == "" {
		return "none"
	}
	return text
}

// certificate tells the names and numbers that a certificate bears.
func certificate(c claim.Certificate) string {
	var parts []string
	for _, part := range []struct {
		name   string
		values []string
	}{
		{"CN", []string{c.CommonName}},
		{"given name", []string{c.GivenName}},
		{"surname", []string{c.Surname}},
		{"O", c.Organisation},
		{"OU", c.OrganisationalUnit},
		{"organizationIdentifier", []string{c.OrganisationID}},
		{"serialNumber", []string{c.SerialNumber}},
		{"e-mail", c.Emails},
	} {
		if value := strings.Join(part.values, ", "); value != "" {
			parts = append(parts, part.name+" "+value)
		}
	}
	return strings.Join(parts, "; ")
}
