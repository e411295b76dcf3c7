package register

import (
	"fmt"
	"slices"
	"strings"

	"guichet/config"
	"guichet/pipeline/claim"
	"guichet/pipeline/template"
)

// Wanted is what somebody knows of a pharmacy, as written; any of it may be empty.
type Wanted struct{ FINESS, SIRET, Name, Postcode, Town string }

// Match is how a look-up ends.
type Match string

// The ends of a look-up.
const (
	Found     Match = "found"     // one establishment, and no doubt
	Ambiguous Match = "ambiguous" // several, or what is known of it contradicts itself
	NotFound  Match = "not_found" // none
)

// Answer is what the registers say of a pharmacy.
type Answer struct {
	Match         Match
	Establishment claim.Establishment // where it was found
	Eligible      bool                // of a category that the call funds (AF §4.2)
	Tranche       string              // empty where none is known, or the call has none
	Ceiling       *config.Ceiling     // nil where it is not known, or the establishment not eligible
	Candidates    []claim.Establishment
	Text          string // French: how it was found, or why not
}

// Directory looks pharmacies up (AF §5.3). It may be asked from many goroutines.
type Directory struct {
	set       *Set
	programme *config.Programme
	leftOut   map[string]bool // folded words that make no name
	// Rows of the FINESS register: by SIRET with a right key, by place and all
	// words of a name, and by place and one of the words.
	bySIRET map[claim.SIRET][]int
	byName  map[string][]int
	byWord  map[string][]int   // of eligible ones
	names   map[int][][]string // words of the names of eligible ones
}

// NewDirectory makes the directory of the registers of a run.
func NewDirectory(set *Set, programme *config.Programme) *Directory {
	d := &Directory{
		set: set, programme: programme, leftOut: map[string]bool{},
		bySIRET: map[claim.SIRET][]int{}, byName: map[string][]int{}, byWord: map[string][]int{}, names: map[int][][]string{},
	}
	for _, form := range slices.Concat(programme.Names.LegalForms, programme.Names.CommonWords) {
		d.leftOut[claim.Fold(form)] = true
	}
	for i, e := range set.establishments.rows {
		if e.SIRET.KeyOK() {
			d.bySIRET[e.SIRET] = append(d.bySIRET[e.SIRET], i)
		}
		names := d.namesOf(e)
		if d.eligible(e) {
			d.names[i] = names
		}
		for _, place := range places(e.Postcode, e.Town) {
			for _, words := range names {
				add(d.byName, nameKey(place, words), i)
				if !d.eligible(e) {
					continue
				}
				for _, word := range words {
					add(d.byWord, nameKey(place, []string{word}), i)
				}
			}
		}
	}
	return d
}

// add appends a row to an index, once.
func add(index map[string][]int, key string, row int) {
	if rows := index[key]; len(rows) == 0 || rows[len(rows)-1] != row {
		index[key] = append(rows, row)
	}
}

func (d *Directory) eligible(e claim.Establishment) bool {
	_, funded := d.programme.Beneficiary.Categories[e.Category]
	return funded
}

// Find looks a pharmacy up: by its FINESS géographique; else by its SIRET, in
// the FINESS register and in the outil de calcul; else by its name and place.
// It never guesses: what fits several, or contradicts itself, is ambiguous.
func (d *Directory) Find(w Wanted) Answer {
	s := search{Directory: d, wanted: w}
	if text := strings.TrimSpace(w.SIRET); text != "" {
		var why string
		if s.siret, why = template.ParseSIRET(text); why != "" {
			s.note("le SIRET du fichier n'en est pas un (14 chiffres, dont une clé juste)")
		}
	}
	for _, step := range []func() (Answer, bool){s.byFINESS, s.bySIRETNumber, s.byNameAndPlace} {
		if answer, done := step(); done {
			return answer
		}
	}
	return s.none("aucun établissement trouvé")
}

// search is a look-up in hand.
type search struct {
	*Directory
	wanted Wanted
	siret  claim.SIRET // with a right key, or empty
	notes  []string
}

func (s *search) note(format string, args ...any) {
	s.notes = append(s.notes, fmt.Sprintf(format, args...))
}

// byFINESS looks the number up, which wins when it is an establishment's.
func (s *search) byFINESS() (Answer, bool) {
	text := strings.TrimSpace(s.wanted.FINESS)
	if text == "" {
		return Answer{}, false
	}
	number, why := template.ParseFINESS(text)
	switch {
	case why != "":
		s.note("le numéro FINESS du fichier n'en est pas un (9 caractères)")
		return Answer{}, false
	case !number.KeyOK():
		s.note("la clé du numéro FINESS du fichier est fausse")
		return Answer{}, false
	}
	others := s.ofSIRET()
	e, known := s.set.Establishment(number)
	owned := s.set.OwnedBy(number)
	switch {
	case known && len(others) > 0 && !slices.Contains(others, e):
		return s.doubt(append([]claim.Establishment{e}, others...), "le numéro FINESS et le SIRET désignent des établissements différents"), true
	case known:
		return s.named(e, "trouvé par le numéro FINESS géographique"), true
	case len(owned) == 1 && (len(others) == 0 || slices.Contains(others, owned[0])):
		return s.named(owned[0], "trouvé par le numéro FINESS de l'entité juridique, dont c'est le seul établissement"), true
	case len(owned) > 0:
		both := slices.DeleteFunc(slices.Clone(owned), func(e claim.Establishment) bool { return !slices.Contains(others, e) })
		if len(both) == 1 {
			return s.named(both[0], "trouvé par le numéro FINESS de l'entité juridique et par le SIRET"), true
		}
		return s.doubt(owned, "numéro FINESS d'une entité juridique ; indiquez celui de l'établissement"), true
	case len(others) > 0:
		return s.doubt(others, "numéro FINESS absent du registre, alors que le SIRET y désigne un établissement"), true
	default:
		return s.none("numéro FINESS absent du registre"), true
	}
}

// ofSIRET gives the establishments that either register has under the SIRET:
// those that the call funds, or else the others.
func (s *search) ofSIRET() []claim.Establishment {
	var all []claim.Establishment
	for _, i := range s.bySIRET[s.siret] {
		all = append(all, s.set.establishments.rows[i])
	}
	for _, number := range s.set.tranches.bySIRET[s.siret] {
		if e, known := s.set.Establishment(number); known && !slices.Contains(all, e) {
			all = append(all, e)
		}
	}
	return s.preferred(all)
}

// preferred leaves out what the call does not fund, unless there is nothing else.
func (s *search) preferred(all []claim.Establishment) []claim.Establishment {
	funded := slices.DeleteFunc(slices.Clone(all), func(e claim.Establishment) bool { return !s.eligible(e) })
	if len(funded) == 0 {
		return all
	}
	return funded
}

func (s *search) bySIRETNumber() (Answer, bool) {
	if s.siret == "" {
		return Answer{}, false
	}
	switch found := s.ofSIRET(); {
	case len(found) == 1 && found[0].SIRET == s.siret:
		return s.named(found[0], "trouvé par le SIRET"), true
	case len(found) == 1:
		return s.named(found[0], "trouvé par le SIRET de l'outil de calcul"), true
	case len(found) > 1:
		return s.doubt(found, "plusieurs établissements ont ce SIRET"), true
	}
	s.note("le SIRET du fichier est absent des registres")
	return Answer{}, false
}

// named gives an establishment that a number tells, unless the name and the
// place both speak against it.
func (s *search) named(e claim.Establishment, how string) Answer {
	names := s.namesOf(e)
	words := s.nameWords(s.wanted.Name)
	otherName := len(words) > 0 && len(names) > 0 && !s.alike(words, names)
	otherPlace := !samePlace(s.wanted, e)
	switch {
	case otherName && otherPlace:
		return s.doubt([]claim.Establishment{e}, "le nom et le lieu du fichier ne sont pas ceux de l'établissement que désigne le numéro")
	case otherName:
		s.note("à vérifier : la raison sociale du registre est éloignée de celle du fichier (BEN-05)")
	case otherPlace:
		s.note("à vérifier : le registre situe l'établissement à %s", strings.TrimSpace(e.Postcode+" "+e.Town))
	}
	return s.found(e, how)
}

// found answers with an establishment.
func (s *search) found(e claim.Establishment, how string) Answer {
	if s.siret != "" && e.SIRET.KeyOK() && e.SIRET != s.siret {
		s.note("à vérifier : le SIRET du registre est %s", e.SIRET)
	}
	a := Answer{Match: Found, Establishment: e, Eligible: s.eligible(e)}
	if !a.Eligible {
		s.note("catégorie %s (%s), que l'appel à financement ne prévoit pas (BEN-02)", e.Category, e.CategoryLabel)
	} else if a.Tranche, a.Ceiling = s.ceiling(e.FINESS); a.Ceiling == nil {
		s.note("absent de l'outil de calcul : le plafond n'est pas connu (BEN-06)")
	}
	a.Text = s.sentence(how)
	return a
}

// ceiling gives the tranche of a pharmacy and its ceilings (AF §5.3); nil when
// they are not known.
func (d *Directory) ceiling(number claim.FINESS) (string, *config.Ceiling) {
	name, listed := d.set.Tranche(number)
	tranche, known := d.programme.Tranche(name)
	if !known || !listed && d.programme.HasTranches() {
		return "", nil
	}
	return tranche.Name, &tranche.Ceiling
}

// doubt answers with candidates.
func (s *search) doubt(candidates []claim.Establishment, why string) Answer {
	return Answer{Match: Ambiguous, Candidates: candidates, Text: s.sentence(why + " : " + listed(candidates))}
}

func (s *search) none(why string) Answer { return Answer{Match: NotFound, Text: s.sentence(why)} }

// sentence makes a French sentence of what is said and the notes.
func (s *search) sentence(said string) string {
	text := strings.Join(append([]string{said}, s.notes...), " ; ")
	return strings.ToUpper(text[:1]) + text[1:]
}

// candidatesListed is how many candidates an answer's text names.
const candidatesListed = 8

func listed(candidates []claim.Establishment) string {
	var items []string
	for i, e := range candidates {
		if i == candidatesListed {
			items = append(items, fmt.Sprintf("et %d autres", len(candidates)-i))
			break
		}
		items = append(items, fmt.Sprintf("%s (%s, %s)", e.FINESS, e.Name, strings.TrimSpace(e.Postcode+" "+e.Town)))
	}
	return strings.Join(items, ", ")
}
