package register

import (
	"slices"
	"strings"
	"unicode/utf8"

	"guichet/pipeline/claim"
)

const (
	maxName      = 200 // characters of a name or a town that count
	maxNameWords = 16  // words of a name that count
)

// clip bounds a supplier's text.
func clip(text string) string {
	if utf8.RuneCountInString(text) <= maxName {
		return text
	}
	return string([]rune(text)[:maxName])
}

// nameWords gives the words that make a name, each once and in order, without
// legal forms; none when there is nothing else.
func (d *Directory) nameWords(name string) []string {
	words := slices.DeleteFunc(claim.Words(clip(name)), func(word string) bool { return d.leftOut[word] })
	slices.Sort(words)
	words = slices.Compact(words)
	return words[:min(len(words), maxNameWords)]
}

// namesOf gives the words of an establishment's names; none for one that has no
// name.
func (d *Directory) namesOf(e claim.Establishment) [][]string {
	var names [][]string
	for _, name := range []string{e.Name, e.LongName} {
		if words := d.nameWords(name); len(words) > 0 {
			names = append(names, words)
		}
	}
	return names
}

// alike tells whether one of some names shares enough words with a name (BEN-05).
func (d *Directory) alike(words []string, names [][]string) bool {
	return slices.ContainsFunc(names, func(name []string) bool { return d.programme.Names.EnoughShared(words, name) })
}

func nameKey(place string, words []string) string { return place + "|" + strings.Join(words, " ") }

// places gives the keys of a place: by postcode and by town.
func places(code, town string) []string {
	var keys []string
	if code = postcode(code); code != "" {
		keys = append(keys, code)
	}
	if town = townKey(town); town != "" {
		keys = append(keys, town)
	}
	return keys
}

// townKey folds a town: SAINT for ST, without CEDEX and the number of a district.
func townKey(town string) string {
	var kept []string
	for _, word := range claim.Words(clip(town)) {
		switch {
		case word == "st":
			kept = append(kept, "saint")
		case word == "ste":
			kept = append(kept, "sainte")
		case word == "cedex" || word == "arrondissement" || strings.Trim(word[:1], "0123456789") == "":
		default:
			kept = append(kept, word)
		}
	}
	return strings.Join(kept, " ")
}

// samePlace tells whether nothing that is known of the place speaks against an
// establishment's.
func samePlace(w Wanted, e claim.Establishment) bool {
	code, town := postcode(w.Postcode), townKey(w.Town)
	return (code == "" || e.Postcode == "" || code == e.Postcode) && (town == "" || e.Town == "" || town == townKey(e.Town))
}

// byNameAndPlace finds the one establishment of a place that has all words of
// the name and no other. One that has but half of them, or is elsewhere, is a
// candidate and no more.
func (s *search) byNameAndPlace() (Answer, bool) {
	words, keys := s.nameWords(s.wanted.Name), places(s.wanted.Postcode, s.wanted.Town)
	switch {
	case strings.TrimSpace(s.wanted.Name) == "":
		return s.none("ni numéro exploitable ni raison sociale"), true
	case len(words) == 0:
		return s.none("la raison sociale ne distingue pas l'établissement ; indiquez son numéro FINESS ou son SIRET"), true
	case len(keys) == 0:
		return s.none("ni code postal ni ville : la raison sociale seule ne suffit pas"), true
	}
	var same []int
	for _, key := range keys {
		same = append(same, s.byName[nameKey(key, words)]...)
	}
	here, elsewhere := s.split(same)
	here = s.preferred(here)
	switch {
	case len(here) == 1 && s.siret != "" && here[0].SIRET.KeyOK() && here[0].SIRET.SIREN() != s.siret.SIREN():
		return s.doubt(here, "la raison sociale et le lieu désignent un établissement dont le SIRET est autre"), true
	case len(here) == 1:
		return s.found(here[0], "trouvé par la raison sociale et le lieu"), true
	case len(here) > 1:
		return s.doubt(here, "plusieurs établissements de ce nom à cet endroit"), true
	}
	var near []int
	for _, key := range keys {
		for _, word := range words {
			near = append(near, s.byWord[nameKey(key, []string{word})]...)
		}
	}
	alike, _ := s.split(slices.DeleteFunc(near, func(i int) bool { return !s.alike(words, s.names[i]) }))
	switch {
	case len(alike) > 0:
		return s.doubt(alike, "aucun établissement de ce nom exact à cet endroit ; noms proches"), true
	case len(elsewhere) > 0:
		return s.doubt(s.preferred(elsewhere), "le code postal et la ville du fichier ne désignent pas le même endroit ; même nom"), true
	}
	return s.none("aucun établissement de ce nom à cet endroit"), true
}

// split parts rows of the register, each once and in its order, into those at
// the place that is wanted and the others.
func (s *search) split(rows []int) (here, elsewhere []claim.Establishment) {
	slices.Sort(rows)
	for _, i := range slices.Compact(rows) {
		if e := s.set.establishments.rows[i]; samePlace(s.wanted, e) {
			here = append(here, e)
		} else {
			elsewhere = append(elsewhere, e)
		}
	}
	return here, elsewhere
}
