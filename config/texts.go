package config

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Override is what a programme says in place of the catalogue's texts of a
// rule: a message or a remedy left out stays the catalogue's.
type Override struct {
	Text     `yaml:",inline"`
	Variants map[string]Text `yaml:"variants"`
}

// MaxMessage is the longest message that suppliers read, in characters.
const MaxMessage = 240

// leastParameter is how short a message's parameters may be cut, in characters.
const leastParameter = 20

// Catalogue gives the catalogue of rules with the programme's texts.
func (p *Programme) Catalogue() *Catalogue { return p.catalogue }

// override makes the programme's catalogue: that of guichet with the
// programme's texts in place of its own.
func (p *Programme) override() *valueError {
	p.catalogue = &Catalogue{Rules: slices.Clone(Rules.Rules), byCode: Rules.byCode}
	for _, code := range slices.Sorted(maps.Keys(p.Texts)) {
		i, known := Rules.byCode[code]
		if !known {
			return &valueError{textKey(code, ""), "no rule has this code"}
		}
		rule, err := Rules.Rules[i].with(p.Texts[code])
		if err != nil {
			return err
		}
		p.catalogue.Rules[i] = rule
	}
	return nil
}

// textKey is where a programme's file has a text: variant may be empty.
func textKey(code, variant string) string {
	key := "texts." + code
	if variant != "" {
		key += ".variants." + variant
	}
	return key
}

// with gives the rule with other texts. They may hold the parameters that the
// rule's own hold, for the rule gives these.
func (r Rule) with(o Override) (Rule, *valueError) {
	changed := r
	changed.Text = r.or(o.Text)
	changed.Variants = maps.Clone(r.Variants)
	for _, name := range slices.Sorted(maps.Keys(o.Variants)) {
		own, known := r.Variants[name]
		if !known {
			return r, &valueError{textKey(r.Code, name), "the rule has no such variant"}
		}
		changed.Variants[name] = own.or(o.Variants[name])
	}
	for _, name := range append([]string{""}, slices.Sorted(maps.Keys(r.Variants))...) {
		if err := changed.text(name).fits(r.text(name), textKey(r.Code, name)); err != nil {
			return r, err
		}
	}
	return changed, nil
}

// or gives the text with what another says in place of it.
func (t Text) or(other Text) Text {
	if other.Message != "" {
		t.Message = other.Message
	}
	if other.Remedy != "" {
		t.Remedy = other.Remedy
	}
	return t
}

var parameter = regexp.MustCompile(`\{([^{}]*)\}`)

// deadlineParameter is given to every text, and belongs in the remedy.
const deadlineParameter = "{deadline}"

// fits tells what is wrong with a text in place of the catalogue's, whose
// parameters are all that it may hold.
func (t Text) fits(own Text, key string) *valueError {
	given := slices.DeleteFunc(parameter.FindAllString(own.Message+own.Remedy, -1), func(name string) bool { return name == deadlineParameter })
	if err := holdsOnly(given, t.Message, key+".message"); err != nil {
		return err
	}
	if err := holdsOnly(append(given, deadlineParameter), t.Remedy, key+".remedy"); err != nil {
		return err
	}
	shortest := parameter.ReplaceAllString(t.Message, strings.Repeat("x", leastParameter))
	if length := utf8.RuneCountInString(shortest); length > MaxMessage {
		return &valueError{key + ".message", fmt.Sprintf("takes %d characters with its parameters cut to %d; at most %d", length, leastParameter, MaxMessage)}
	}
	return nil
}

func holdsOnly(given []string, text, key string) *valueError {
	for _, name := range parameter.FindAllString(text, -1) {
		if !slices.Contains(given, name) {
			given = slices.Compact(slices.Sorted(slices.Values(given)))
			return &valueError{key, fmt.Sprintf("the rule gives no %s here, only %s", name, strings.Join(append(given, "plain words"), ", "))}
		}
	}
	if strings.ContainsAny(parameter.ReplaceAllString(text, ""), "{}") {
		return &valueError{key, "a brace stands alone: parameters are written {name}"}
	}
	return nil
}
