package register

import (
	"fmt"

	"guichet/pipeline/claim"
)

// trancheTable is the outil de calcul.
type trancheTable struct {
	file  string
	of    map[claim.FINESS]string
	names []string          // in the order of the register
	first map[string]string // place of the first row of a name
}

type trancheRow struct {
	FINESS  finessCell `csv:"FINESS géographique"`
	Tranche textCell   `csv:"Tranche"`
}

func (s *Set) readTranches(f File) (int, error) {
	rows, err := readRows[trancheRow](f)
	if err != nil {
		return 0, err
	}
	s.tranches = trancheTable{file: f.Name, of: make(map[claim.FINESS]string, len(rows)), first: map[string]string{}}
	places := make(map[claim.FINESS]string, len(rows))
	for _, row := range rows {
		number, name := claim.FINESS(row.value.FINESS), string(row.value.Tranche)
		if before, twice := s.tranches.of[number]; twice && before != name {
			return 0, contradiction(row.place, places[number], fmt.Sprintf("pharmacy %s has the tranches %.20q and %.20q", number, name, before))
		}
		s.tranches.of[number], places[number] = name, row.place
		if _, known := s.tranches.first[name]; !known {
			s.tranches.first[name] = row.place
			s.tranches.names = append(s.tranches.names, name)
		}
	}
	return len(rows), nil
}

func contradiction(place, before, what string) error {
	return fmt.Errorf("%s contradicts %s: %s; keep the right one", place, before, what)
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

func (s *Set) readEnrolments(f File) (int, error) {
	rows, err := readRows[enrolmentRow](f)
	if err != nil {
		return 0, err
	}
	s.enrolments = map[claim.SIRET][]claim.Enrolment{}
	places := map[claim.SIRET][]string{}
	for _, row := range rows {
		r := row.value
		e := claim.Enrolment{
			Supplier: claim.SIRET(r.SIRET), Name: string(r.Name), Distributor: r.Role.distributor,
			ANSReference: string(r.Reference), Mandate: r.Mandate.yes,
			From: r.From.Date, Until: r.Until.Date, VATRegime: string(r.Regime),
		}
		switch {
		case e.From.IsZero():
			return 0, fmt.Errorf(`%s, column "Enrôlé le": %w`, row.place, errEmpty)
		case !e.Until.IsZero() && e.Until.Before(e.From):
			return 0, fmt.Errorf(`%s: "Radié le" (%s) is before "Enrôlé le" (%s)`, row.place, e.Until, e.From)
		case e.Distributor && !r.Mandate.given:
			return 0, fmt.Errorf(`%s, column "Mandat": empty, but a DISTRIBUTEUR needs OUI or NON`, row.place)
		}
		known := false
		for i, other := range s.enrolments[e.Supplier] {
			if claim.Fold(other.ANSReference) != claim.Fold(e.ANSReference) {
				continue
			}
			if other == e {
				known = true
			} else if overlap(other, e) {
				return 0, contradiction(row.place, places[e.Supplier][i], fmt.Sprintf("supplier %s is enrolled twice for %.40q at one time, differently", e.Supplier, e.ANSReference))
			}
		}
		if !known {
			s.enrolments[e.Supplier] = append(s.enrolments[e.Supplier], e)
			places[e.Supplier] = append(places[e.Supplier], row.place)
		}
	}
	return len(rows), nil
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

func (s *Set) readSolutions(f File) (int, error) {
	rows, err := readRows[solutionRow](f)
	if err != nil {
		return 0, err
	}
	s.solutions = make(map[string]claim.Solution, len(rows))
	places := map[string]string{}
	for _, row := range rows {
		r := row.value
		solution := claim.Solution{
			ANSReference: string(r.Reference), Name: string(r.Name), Version: string(r.Version), Publisher: claim.SIRET(r.Publisher),
			Referenced: r.Referenced.Date, ProofFile: r.ProofFile.Moment, Withdrawn: r.Withdrawn.Date,
		}
		key := claim.Fold(solution.ANSReference)
		if before, twice := s.solutions[key]; twice && before != solution {
			return 0, contradiction(row.place, places[key], fmt.Sprintf("reference %.40q stands for two solutions", solution.ANSReference))
		}
		s.solutions[key], places[key] = solution, row.place
	}
	return len(rows), nil
}

type depositRow struct {
	Supplier siretCell  `csv:"SIRET fournisseur"`
	FINESS   finessCell `csv:"FINESS géographique"`
	At       momentCell `csv:"Déposé le"`
	SHA256   digestCell `csv:"Empreinte SHA-256" optional:"true"`
}

func (s *Set) readDeposits(f File) (int, error) {
	rows, err := readRows[depositRow](f)
	if err != nil {
		return 0, err
	}
	s.deposits = map[claim.FINESS][]claim.Deposit{}
	seen := map[claim.Deposit]bool{}
	for _, row := range rows {
		r := row.value
		d := claim.Deposit{Supplier: claim.SIRET(r.Supplier), FINESS: claim.FINESS(r.FINESS), At: r.At.Moment, SHA256: string(r.SHA256)}
		if d.At.IsZero() {
			return 0, fmt.Errorf(`%s, column "Déposé le": %w`, row.place, errEmpty)
		}
		if !seen[d] {
			seen[d] = true
			s.deposits[d.FINESS] = append(s.deposits[d.FINESS], d)
		}
	}
	return len(rows), nil
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

func readConnections[T connection](f File, into *map[claim.FINESS]bool) (int, error) {
	rows, err := readRows[T](f)
	if err != nil {
		return 0, err
	}
	*into = make(map[claim.FINESS]bool, len(rows))
	places := make(map[claim.FINESS]string, len(rows))
	for _, row := range rows {
		number, connected := row.value.connection()
		if !connected.given {
			return 0, fmt.Errorf("%s: %w: OUI or NON", row.place, errEmpty)
		}
		if before, twice := (*into)[number]; twice && before != connected.yes {
			return 0, contradiction(row.place, places[number], fmt.Sprintf("pharmacy %s is both connected and not", number))
		}
		(*into)[number], places[number] = connected.yes, row.place
	}
	return len(rows), nil
}
