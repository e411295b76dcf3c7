package register

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"path"
	"slices"
	"strings"

	"guichet/config"
	"guichet/pipeline/claim"
	"guichet/pipeline/template"
)

// File is an object directly under registers/.
type File struct {
	Name string // finess.csv
	Data []byte
}

// limits bound a register, which operators drop: far above what the real ones
// hold.
var limits = template.Limits{Bytes: 512 << 20 /* 512 MiB */, Rows: 2_000_000 /* 2 million rows */}

// ErrRegister is what every error of this package wraps.
var ErrRegister = errors.New("register")

// Set holds all registers of a run.
type Set struct {
	infos   []claim.RegisterInfo
	ignored []string

	establishments finess
	tranches       trancheTable
	enrolments     map[claim.SIRET][]claim.Enrolment
	solutions      map[string]claim.Solution // by folded reference
	deposits       map[claim.FINESS][]claim.Deposit
	dp, epu        map[claim.FINESS]bool

	read reading
}

// reading is the rows as they were read, with their lines, for [Check].
type reading struct {
	files      map[string]string // register → name of its file
	tranches   table[trancheRow]
	enrolments table[enrolmentRow]
	solutions  table[solutionRow]
	deposits   table[depositRow]
	dp         table[dpRow]
	epu        table[epuRow]
}

// kind is one register: the name of its file without extension, and what
// reads it into a set and tells all that is wrong.
type kind struct {
	name     string
	required bool
	told     int // how many faults [Load] tells
	read     func(s *Set, f File, tell tell) (rows int)
}

const trancheRegister = "outil-calcul"

var kinds = []kind{
	{"finess", true, 5, (*Set).readFINESS},
	{trancheRegister, true, 1, (*Set).readTranches},
	{"fournisseurs", true, 1, (*Set).readEnrolments},
	{"solutions", true, 1, (*Set).readSolutions},
	{"archivage", false, 1, (*Set).readDeposits},
	{"cnop", false, 1, func(s *Set, f File, tell tell) int { return readConnections(f, tell, &s.read.dp, &s.dp) }},
	{"cnam", false, 1, func(s *Set, f File, tell tell) int { return readConnections(f, tell, &s.read.epu, &s.epu) }},
}

// Load reads the registers among the files of registers/. Every register that
// is missing or cannot be read is told, in one error that wraps [ErrRegister].
func Load(files []File, programme *config.Programme) (*Set, error) {
	s, problems := readAll(files, programme)
	s.read = reading{}
	if len(problems) == 0 {
		return s, nil
	}
	var errs []error
	for _, k := range kinds {
		var told []error
		name := ""
		for _, p := range problems {
			if p.register == k.name && len(told) < k.told {
				name, told = p.File, append(told, p.err)
			}
		}
		if len(told) > 0 {
			errs = append(errs, fmt.Errorf("%w %s: %w", ErrRegister, name, errors.Join(told...)))
		}
	}
	return nil, errors.Join(errs...)
}

// readAll reads the registers among the files, and gives all that stops a run.
// A programme without tranches has no outil de calcul: such a file is none of its
// registers.
func readAll(files []File, programme *config.Programme) (*Set, []Problem) {
	s := &Set{read: reading{files: map[string]string{}}}
	var problems []Problem
	known := map[string]bool{}
	for _, k := range kinds {
		if k.name == trancheRegister && !programme.HasTranches() {
			continue
		}
		forms := []string{k.name + ".csv", k.name + ".xlsx"}
		if k.name == "finess" {
			forms = forms[:1]
		}
		var present []File
		for _, f := range files {
			if slices.Contains(forms, f.Name) {
				present = append(present, f)
				known[f.Name] = true
			}
		}
		file, before := k.name, len(problems)
		tell := tell(func(p Problem) {
			p.register, p.File = k.name, file
			problems = append(problems, p)
		})
		switch {
		case len(present) > 1:
			what := fmt.Sprintf("there are both %s and %s", present[0].Name, present[1].Name)
			tell.stop(Problem{Kind: "twice", Message: what, Cure: "keep one"}, errors.New(what+"; keep one"))
		case len(present) == 1:
			f := present[0]
			file, s.read.files[k.name] = f.Name, f.Name
			rows := k.read(s, f, tell)
			if rows == 0 && k.required && len(problems) == before {
				tell.stop(Problem{Kind: "no_rows", Cure: "export the register again"}, errors.New("it holds no row of data"))
			}
			sum := sha256.Sum256(f.Data)
			s.infos = append(s.infos, claim.RegisterInfo{Name: f.Name, SHA256: hex.EncodeToString(sum[:]), Rows: rows})
		case k.required:
			what := fmt.Sprintf("required, but registers/ holds no %s%s", strings.Join(forms, " or "), lookalike(files, k.name))
			tell.stop(Problem{Kind: "missing", Message: what, Cure: "drop it into registers/"}, errors.New(what))
		}
	}
	for _, f := range files {
		if !known[f.Name] {
			s.ignored = append(s.ignored, f.Name)
		}
	}
	slices.SortFunc(s.infos, func(a, b claim.RegisterInfo) int { return cmp.Compare(a.Name, b.Name) })
	slices.Sort(s.ignored)
	return s, problems
}

// lookalike names a file that was perhaps meant: finess.csv.gz, FINESS.CSV.
func lookalike(files []File, name string) string {
	for _, f := range files {
		if strings.HasPrefix(strings.ToLower(path.Base(f.Name)), name) {
			return fmt.Sprintf(" (%q is not read as one; unpack or rename it)", f.Name)
		}
	}
	return ""
}

// Infos names the registers that were read, in the order of their names.
func (s *Set) Infos() []claim.RegisterInfo { return slices.Clone(s.infos) }

// Ignored names the files that are no register, in their order.
func (s *Set) Ignored() []string { return slices.Clone(s.ignored) }

// Establishment gives the row of a FINESS géographique.
func (s *Set) Establishment(number claim.FINESS) (claim.Establishment, bool) {
	i, ok := s.establishments.byNumber[number]
	if !ok {
		return claim.Establishment{}, false
	}
	return s.establishments.rows[i], true
}

// OwnedBy gives the establishments of a legal entity, in the order of the register.
func (s *Set) OwnedBy(legalEntity claim.FINESS) []claim.Establishment {
	var owned []claim.Establishment
	for _, i := range s.establishments.byEntity[legalEntity] {
		owned = append(owned, s.establishments.rows[i])
	}
	return owned
}

// Establishments gives all rows of the FINESS register, in its order.
func (s *Set) Establishments() iter.Seq[claim.Establishment] {
	return slices.Values(s.establishments.rows)
}

// Tranche gives the name of a pharmacy's tranche in the outil de calcul (AF §5.3).
func (s *Set) Tranche(number claim.FINESS) (string, bool) {
	name, ok := s.tranches.of[number]
	return name, ok
}

// CheckTranches tells whether the programme knows every tranche that the
// outil de calcul names. The error wraps [ErrRegister].
func (s *Set) CheckTranches(programme *config.Programme) error {
	var errs []error
	for _, name := range s.tranches.names {
		if _, ok := programme.Tranche(name); !ok {
			errs = append(errs, fmt.Errorf("%w %s: line %d: the programme %s has no tranche %q", ErrRegister, s.tranches.file, s.tranches.first[name], programme.ID, name))
		}
	}
	return errors.Join(errs...)
}

// Enrolments gives all rows of a supplier, in the order of the register; none
// when it is not enrolled.
func (s *Set) Enrolments(supplier claim.SIRET) []claim.Enrolment {
	return slices.Clone(s.enrolments[supplier])
}

// Solution gives the solution of an ANS reference number, whatever its case
// and blanks.
func (s *Set) Solution(ansReference string) (claim.Solution, bool) {
	solution, ok := s.solutions[claim.Fold(ansReference)]
	return solution, ok
}

// Deposits gives the electronic archive's rows for a pharmacy (AF §2), in the
// order of the register.
func (s *Set) Deposits(number claim.FINESS) []claim.Deposit {
	return slices.Clone(s.deposits[number])
}

// ConnectedDP tells whether the CNOP lists a pharmacy as connected to the
// dossier pharmaceutique; not listed is unknown (AF §6.2).
func (s *Set) ConnectedDP(number claim.FINESS) (connected, listed bool) {
	connected, listed = s.dp[number]
	return connected, listed
}

// ConnectedEPU tells whether the CNAM lists a pharmacy as connected to the
// electronic prescription; not listed is unknown (AF §6.2).
func (s *Set) ConnectedEPU(number claim.FINESS) (connected, listed bool) {
	connected, listed = s.epu[number]
	return connected, listed
}
