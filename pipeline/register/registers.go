package register

import (
	"fmt"
	"slices"

	"guichet/pipeline/claim"
	"guichet/pipeline/template"
)

// trancheTable is the outil de calcul.
type trancheTable struct {
	file  string
	of    map[claim.FINESS]string
	names []string       // in the order of the register
	first map[string]int // line of the first row of a name
	// bySIRET are the pharmacies that the outil de calcul gives a SIRET with a
	// right key.
	bySIRET map[claim.SIRET][]claim.FINESS
}

// trancheRow is a row of the outil de calcul. A run needs the number and the
// tranche alone.
type trancheRow struct {
	FINESS   finessCell `csv:"FINESS géographique"`
	Tranche  textCell   `csv:"Tranche"`
	SIRET    string     `csv:"SIRET" optional:"extra"`
	Postcode string     `csv:"Code postal" optional:"extra"`
}

func (s *Set) readTranches(f File, tell tell) int {
	read := readRows[trancheRow](f, tell)
	s.read.tranches = read
	s.tranches = trancheTable{
		file: f.Name, of: make(map[claim.FINESS]string, len(read.rows)), first: map[string]int{}, bySIRET: map[claim.SIRET][]claim.FINESS{},
	}
	lines := make(map[claim.FINESS]int, len(read.rows))
	for _, row := range read.rows {
		number, name := claim.FINESS(row.value.FINESS), string(row.value.Tranche)
		if row.faulty {
			continue
		}
		if before, twice := s.tranches.of[number]; twice && before != name {
			tell.contradiction("two_tranches", row.line, lines[number], fmt.Sprintf("pharmacy %s has the tranches %.20q and %.20q", number, name, before))
			continue
		}
		s.tranches.of[number], lines[number] = name, row.line
		if _, known := s.tranches.first[name]; !known {
			s.tranches.first[name] = row.line
			s.tranches.names = append(s.tranches.names, name)
		}
		if siret, why := template.ParseSIRET(row.value.SIRET); why == "" && !slices.Contains(s.tranches.bySIRET[siret], number) {
			s.tranches.bySIRET[siret] = append(s.tranches.bySIRET[siret], number)
		}
	}
	return len(read.rows)
}

type enrolmentRow struct {
	SIRET     siretCell  `csv:"SIRET"`
	Name      textCell   `csv:"Raison sociale"`
	Role      roleCell   `csv:"Rôle"`
	Reference textCell   `csv:"N° référencement ANS"`
	Mandate   yesNoCell  `csv:"Mandat"`
	From      dateCell   `csv:"Enrôlé le"`
	Until     dateCell   `csv:"Radié le"`
	Regime    regimeCell `csv:"Régime TVA"`
}

func (r enrolmentRow) enrolment() claim.Enrolment {
	return claim.Enrolment{
		Supplier: claim.SIRET(r.SIRET), Name: string(r.Name), Distributor: r.Role.distributor,
		ANSReference: string(r.Reference), Mandate: r.Mandate.yes,
		From: r.From.Date, Until: r.Until.Date, VATRegime: string(r.Regime),
	}
}

func (s *Set) readEnrolments(f File, tell tell) int {
	read := readRows[enrolmentRow](f, tell)
	s.read.enrolments = read
	s.enrolments = map[claim.SIRET][]claim.Enrolment{}
	lines := map[claim.SIRET][]int{}
	for i, row := range read.rows {
		e := row.value.enrolment()
		if row.faulty || !s.sound(row, tell) {
			read.rows[i].faulty = true
			continue
		}
		known := false
		for i, other := range s.enrolments[e.Supplier] {
			if claim.Fold(other.ANSReference) != claim.Fold(e.ANSReference) {
				continue
			}
			if other == e {
				known = true
			} else if overlap(other, e) {
				tell.contradiction("two_enrolments", row.line, lines[e.Supplier][i],
					fmt.Sprintf("supplier %s is enrolled twice for %.40q at one time, differently", e.Supplier, e.ANSReference))
				break
			}
		}
		if !known {
			s.enrolments[e.Supplier] = append(s.enrolments[e.Supplier], e)
			lines[e.Supplier] = append(lines[e.Supplier], row.line)
		}
	}
	return len(read.rows)
}

// sound tells what is wrong with an enrolment whose cells can be read.
func (s *Set) sound(row located[enrolmentRow], tell tell) bool {
	r, read := row.value, &s.read.enrolments
	switch {
	case r.From.IsZero():
		p := read.at(row, "Enrôlé le")
		p.Kind, p.Message, p.Cure = "empty", errEmpty.what, "enter the day from which the supplier is enrolled"
		tell.stop(p, fmt.Errorf(`line %d, column "Enrôlé le": %w`, row.line, errEmpty))
	case !r.Until.IsZero() && r.Until.Before(r.From.Date):
		p := read.at(row, "Radié le")
		what := fmt.Sprintf(`"Radié le" (%s) is before "Enrôlé le" (%s)`, r.Until, r.From)
		p.Kind, p.Value, p.Message, p.Cure = "dates", r.Until.String(), what, "correct one of the two days"
		tell.stop(p, fmt.Errorf("line %d: %s", row.line, what))
	case r.Role.distributor && !r.Mandate.given:
		p := read.at(row, "Mandat")
		p.Kind, p.Message, p.Cure = "mandate", "empty, but a DISTRIBUTEUR needs OUI or NON", "enter OUI if the agency holds the publisher's mandate, else NON"
		tell.stop(p, fmt.Errorf(`line %d, column "Mandat": empty, but a DISTRIBUTEUR needs OUI or NON`, row.line))
	default:
		return true
	}
	return false
}

// overlap tells whether two enrolments are in force on one day. A supplier
// may be struck off and enrolled again.
func overlap(a, b claim.Enrolment) bool {
	return (a.Until.IsZero() || b.From.Before(a.Until)) && (b.Until.IsZero() || a.From.Before(b.Until))
}

type solutionRow struct {
	Reference  textCell   `csv:"N° référencement ANS"`
	Name       textCell   `csv:"Solution logicielle"`
	Version    textCell   `csv:"Version"`
	Publisher  siretCell  `csv:"SIRET éditeur"`
	Referenced dateCell   `csv:"Référencé le"`
	ProofFile  momentCell `csv:"Dossier complet le"`
	Withdrawn  dateCell   `csv:"Retiré le"`
}

func (r solutionRow) solution() claim.Solution {
	return claim.Solution{
		ANSReference: string(r.Reference), Name: string(r.Name), Version: string(r.Version), Publisher: claim.SIRET(r.Publisher),
		Referenced: r.Referenced.Date, ProofFile: r.ProofFile.Moment, Withdrawn: r.Withdrawn.Date,
	}
}

func (s *Set) readSolutions(f File, tell tell) int {
	read := readRows[solutionRow](f, tell)
	s.read.solutions = read
	s.solutions = make(map[string]claim.Solution, len(read.rows))
	lines := map[string]int{}
	for _, row := range read.rows {
		solution := row.value.solution()
		if row.faulty {
			continue
		}
		key := claim.Fold(solution.ANSReference)
		if before, twice := s.solutions[key]; twice && before != solution {
			tell.contradiction("two_solutions", row.line, lines[key], fmt.Sprintf("reference %.40q stands for two solutions", solution.ANSReference))
			continue
		}
		s.solutions[key], lines[key] = solution, row.line
	}
	return len(read.rows)
}

type depositRow struct {
	Supplier siretCell  `csv:"SIRET fournisseur"`
	FINESS   finessCell `csv:"FINESS géographique"`
	At       momentCell `csv:"Déposé le"`
	SHA256   digestCell `csv:"Empreinte SHA-256" optional:"true"`
}

func (s *Set) readDeposits(f File, tell tell) int {
	read := readRows[depositRow](f, tell)
	s.read.deposits = read
	s.deposits = map[claim.FINESS][]claim.Deposit{}
	seen := map[claim.Deposit]bool{}
	for i, row := range read.rows {
		r := row.value
		d := claim.Deposit{Supplier: claim.SIRET(r.Supplier), FINESS: claim.FINESS(r.FINESS), At: r.At.Moment, SHA256: string(r.SHA256)}
		switch {
		case row.faulty:
		case d.At.IsZero():
			p := read.at(row, "Déposé le")
			p.Kind, p.Message, p.Cure = "empty", errEmpty.what, "enter the day, and the time if it is known"
			tell.stop(p, fmt.Errorf(`line %d, column "Déposé le": %w`, row.line, errEmpty))
			read.rows[i].faulty = true
		case !seen[d]:
			seen[d] = true
			s.deposits[d.FINESS] = append(s.deposits[d.FINESS], d)
		}
	}
	return len(read.rows)
}

// dpRow is a row of the CNOP's list, epuRow one of the CNAM's.
type dpRow struct {
	FINESS    finessCell `csv:"FINESS géographique"`
	Connected yesNoCell  `csv:"Connecté DP"`
}

type epuRow struct {
	FINESS    finessCell `csv:"FINESS géographique"`
	Connected yesNoCell  `csv:"Connecté EPU"`
}

type connection interface {
	connection() (claim.FINESS, yesNoCell)
}

func (r dpRow) connection() (claim.FINESS, yesNoCell) { return claim.FINESS(r.FINESS), r.Connected }

func (r epuRow) connection() (claim.FINESS, yesNoCell) { return claim.FINESS(r.FINESS), r.Connected }

func readConnections[T connection](f File, tell tell, read *table[T], into *map[claim.FINESS]bool) int {
	*read = readRows[T](f, tell)
	*into = make(map[claim.FINESS]bool, len(read.rows))
	lines := make(map[claim.FINESS]int, len(read.rows))
	for i, row := range read.rows {
		number, connected := row.value.connection()
		if row.faulty {
			continue
		}
		if !connected.given {
			p := Problem{Kind: "empty", Line: row.line, Message: errEmpty.what + ": OUI or NON", Cure: "enter OUI or NON, or remove the row if it is not known"}
			tell.stop(p, fmt.Errorf("line %d: %w: OUI or NON", row.line, errEmpty))
			read.rows[i].faulty = true
			continue
		}
		if before, twice := (*into)[number]; twice && before != connected.yes {
			tell.contradiction("connected_and_not", row.line, lines[number], fmt.Sprintf("pharmacy %s is both connected and not", number))
			continue
		}
		(*into)[number], lines[number] = connected.yes, row.line
	}
	return len(read.rows)
}
