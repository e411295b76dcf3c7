package config

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"

	"guichet/pipeline/claim"
)

//go:embed programmes/*.yaml
var programmes embed.FS

// Programme is the rule set of one call for funding (appel à financement).
type Programme struct {
	ID        string `yaml:"id"`        // af-pha-lgo-va1
	Reference string `yaml:"reference"` // as suppliers quote it: AF-PHA-LGO-Va1
	Version   string `yaml:"version"`   // of the call: V1.2
	Title     string `yaml:"title"`
	// SHA256 is the digest of the file the programme was read from.
	SHA256 string `yaml:"-"`
	// DossierPrefix is what the numbers of its dossiers start with: LGO1.
	DossierPrefix string `yaml:"dossier_prefix"`

	Calendar    Calendar    `yaml:"calendar"`
	Beneficiary Beneficiary `yaml:"beneficiary"`
	// Tranches, or one Ceiling for all: exactly one of the two.
	Tranches    []Tranche   `yaml:"tranches"`
	Ceiling     *Ceiling    `yaml:"ceiling"`
	VAT         VAT         `yaml:"vat"`
	Shares      Shares      `yaml:"shares"`
	Mentions    Mentions    `yaml:"mentions"`
	Exemption   Exemption   `yaml:"vat_exemption"`
	Names       Names       `yaml:"names"`
	Scans       Scans       `yaml:"scans"`
	Handwriting Handwriting `yaml:"handwriting"`

	SignatureTraces SignatureTraces `yaml:"signature_traces"`

	// History is that of the call, oldest version first: documentation, no rule.
	History []Version `yaml:"history"`
	// Texts are what suppliers read where it is not what the catalogue says,
	// by the code of the rule.
	Texts map[string]Override `yaml:"texts"`

	catalogue *Catalogue // with the programme's texts
}

// Calendar holds the dates of the call (AF §2), Europe/Paris.
type Calendar struct {
	Opening   claim.Date `yaml:"opening"` // first day of orders
	Deadlines `yaml:",inline"`
	// ArchiveUnreferencedOn is the day on which a solution must not yet be
	// referenced for the archive exception.
	ArchiveUnreferencedOn claim.Date   `yaml:"archive_unreferenced_on"`
	ArchiveFrom           claim.Moment `yaml:"archive_from"` // start of the electronic archiving window
	// PresumedCompliantAfter: orders signed later meet PreReferenceDays by
	// definition (AF §4.4).
	PresumedCompliantAfter claim.Date `yaml:"presumed_compliant_after"`
	// PreReferenceDays is how many calendar days an order may precede the
	// solution's complete proof file (AF §4.4).
	PreReferenceDays int `yaml:"pre_reference_days"`
}

// Beneficiary says which establishments the call funds (AF §4.2).
type Beneficiary struct {
	Categories map[string]string `yaml:"categories"` // FINESS category → label
}

// Tranche is a bracket of yearly turnover with its ceilings (AF §5.3).
type Tranche struct {
	Name     string `yaml:"name"`
	Turnover string `yaml:"turnover"` // as the call words it
	Ceiling  `yaml:",inline"`
}

// Ceiling is the most that is paid for an order.
type Ceiling struct {
	InclTax claim.Cents `yaml:"ceiling_incl_tax"` // euros
	ExclTax claim.Cents `yaml:"ceiling_excl_tax"` // euros
}

// VAT holds the rates by place (French law; interpretation 6).
type VAT struct {
	DefaultPercent Percent   `yaml:"default"`
	Rates          []VATRate `yaml:"rates"` // the first that matches counts
}

// VATRate is the rate of some places.
type VATRate struct {
	Percent     Percent  `yaml:"rate"`
	Departments []string `yaml:"departments"` // FINESS column 13
	Postcodes   []string `yaml:"postcodes"`
}

// Percent is a rate written as a percentage: "8.5".
type Percent claim.BasisPoints

// UnmarshalText reads a percentage with at most two decimals.
func (p *Percent) UnmarshalText(text []byte) error {
	cents, err := claim.ParseCents(strings.TrimSpace(strings.TrimSuffix(string(text), "%")))
	if err != nil || cents < 0 || cents > 10000 {
		return fmt.Errorf("%q is not a percentage between 0 and 100 with at most two decimals", text)
	}
	*p = Percent(cents)
	return nil
}

// Shares says how the payable total is paid (AF §5.1).
type Shares struct {
	Advance Percent `yaml:"advance"` // of the payable total; the balance is the rest
}

// Mentions holds the texts owed on a purchase order (AF §6.1) and on what
// goes with it.
type Mentions struct {
	Service     string `yaml:"service"`      // MEN-10
	StateFunded string `yaml:"state_funded"` // MEN-12
	Conditional string `yaml:"conditional"`  // MEN-13
	Aptitude    string `yaml:"aptitude"`     // VA-01: title of the aptitude certificate
	// ConditionalWords is the least share of the words of Conditional that
	// must be found, in order.
	ConditionalWords Percent `yaml:"conditional_words"`
}

// Exemption says how a VAT exemption is recognised (AF §5.2).
type Exemption struct {
	Authorities []string `yaml:"authorities"` // names of the services that issue it
}

// Names says how names of companies and people are compared.
type Names struct {
	// LegalForms and CommonWords are left out of company names. A name is looked
	// for on a document without its legal forms, but with its other words.
	LegalForms  []string `yaml:"legal_forms"`
	CommonWords []string `yaml:"common_words"` // that many names of beneficiaries have
	Civilities  []string `yaml:"civilities"`   // words left out of people's names
	// Alike is the least share of common words below which two company names
	// are told apart (BEN-05).
	Alike Percent `yaml:"alike"`
}

// Scans says how far the OCR of a scanned page is believed.
type Scans struct {
	// SureConfidence is the OCR confidence of a page, in percent, from which a
	// mention that is not found on it counts as missing; below, a person looks.
	SureConfidence int `yaml:"sure_confidence"`
	// SureWordConfidence is the OCR confidence of a word, in percent, from which
	// each of its digits is taken for that digit and no other.
	SureWordConfidence int `yaml:"sure_word_confidence"`
}

// LoadProgramme reads an embedded programme by its name, or a file by its path.
func LoadProgramme(name string) (*Programme, error) {
	data, err := programmes.ReadFile(path.Join("programmes", name+".yaml"))
	if err != nil {
		if data, err = os.ReadFile(name); err != nil { //nolint:gosec // the operator names the file
			return nil, fmt.Errorf("programme %q is neither one of the embedded (%s) nor a readable file: %w", name, strings.Join(programmeNames(), ", "), err)
		}
	}
	return ParseProgramme(name, data)
}

func programmeNames() []string {
	entries, err := programmes.ReadDir("programmes")
	if err != nil {
		panic(err) // embedded: cannot happen
	}
	names := make([]string, len(entries))
	for i, entry := range entries {
		names[i] = strings.TrimSuffix(entry.Name(), ".yaml")
	}
	return names
}

// ParseProgramme reads a programme file. Errors name the line and show an excerpt.
func ParseProgramme(name string, data []byte) (*Programme, error) {
	name = "programme " + name
	var p Programme
	if err := decode(name, data, &p); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(data)
	p.SHA256 = hex.EncodeToString(sum[:])
	for _, check := range []func() *valueError{p.check, p.checkHistory, p.override} {
		if err := check(); err != nil {
			return nil, err.at(name, data)
		}
	}
	return &p, nil
}

func (p *Programme) check() *valueError {
	c := p.Calendar
	switch {
	case p.ID == "" || p.Reference == "" || p.Version == "":
		return &valueError{"id", "id, reference and version must be given"}
	case !claim.DossierPrefix(p.DossierPrefix):
		return &valueError{"dossier_prefix", fmt.Sprintf("%q is not one to eight capital letters and digits", p.DossierPrefix)}
	case c.Opening.IsZero() || c.Closing.IsZero() || c.ServicesEnd.IsZero() || c.FinalClosing.IsZero() || c.ProofDeadline.IsZero() || c.ArchiveFrom.IsZero() || c.ArchiveUnreferencedOn.IsZero() || c.PresumedCompliantAfter.IsZero() || c.FirmDate.IsZero():
		return &valueError{"calendar", "every date must be given"}
	case !c.Opening.Start().Before(c.Closing.At):
		return &valueError{"calendar.closing", "must be after opening"}
	case !c.Closing.At.Before(c.ServicesEnd.At):
		return &valueError{"calendar.services_end", "must be after closing"}
	case !c.ServicesEnd.At.Before(c.FinalClosing.At):
		return &valueError{"calendar.final_closing", "must be after services_end"}
	case c.PreReferenceDays <= 0:
		return &valueError{"calendar.pre_reference_days", "must be above 0"}
	case len(p.Beneficiary.Categories) == 0:
		return &valueError{"beneficiary.categories", "at least one category must be given"}
	case (len(p.Tranches) == 0) == (p.Ceiling == nil):
		return &valueError{"ceiling", "either tranches or one ceiling must be given"}
	case p.Ceiling != nil && !p.Ceiling.sound():
		return &valueError{"ceiling", ceilings}
	case p.Shares.Advance == 0 || p.Shares.Advance > 10000:
		return &valueError{"shares.advance", "must be above 0 and at most 100"}
	case p.Mentions.Service == "" || p.Mentions.StateFunded == "" || p.Mentions.Conditional == "" || p.Mentions.ConditionalWords == 0 || p.Mentions.Aptitude == "":
		return &valueError{"mentions", "service, state_funded, conditional, conditional_words and aptitude must be given"}
	case len(p.SignatureTraces.Phrases) == 0 || len(p.SignatureTraces.Services) == 0 || len(p.SignatureTraces.Proofs) == 0:
		return &valueError{"signature_traces", "phrases, services and proofs must be given"}
	case len(p.Exemption.Authorities) == 0:
		return &valueError{"vat_exemption.authorities", "at least one authority must be given"}
	case !isConfidence(p.Scans.SureConfidence) || !isConfidence(p.Scans.SureWordConfidence):
		return &valueError{"scans", "sure_confidence and sure_word_confidence must be above 0 and at most 100"}
	}
	for i, t := range p.Tranches {
		if t.Name == "" || !t.sound() {
			return &valueError{fmt.Sprintf("tranches[%d]", i), fmt.Sprintf("%q needs a name, and %s", t.Name, ceilings)}
		}
	}
	return p.Handwriting.check()
}

// ceilings is what ceilings must be.
const ceilings = "ceilings above 0 are needed, the one incl. VAT not below the one excl. VAT"

func (c Ceiling) sound() bool { return c.ExclTax > 0 && c.InclTax >= c.ExclTax }

func isConfidence(percent int) bool { return percent > 0 && percent <= 100 }

// HasTranches tells whether the ceiling hangs on the pharmacy's tranche, and so
// on the outil de calcul.
func (p *Programme) HasTranches() bool { return p.Ceiling == nil }

// Tranche gives the tranche of a name. Of a programme with one ceiling for all
// it gives that, under no name.
func (p *Programme) Tranche(name string) (Tranche, bool) {
	if !p.HasTranches() {
		return Tranche{Ceiling: *p.Ceiling}, true
	}
	i := slices.IndexFunc(p.Tranches, func(t Tranche) bool { return t.Name == name })
	if i < 0 {
		return Tranche{}, false
	}
	return p.Tranches[i], true
}

// VATRate gives the rate at an establishment's place.
func (p *Programme) VATRate(e claim.Establishment) claim.BasisPoints {
	for _, rate := range p.VAT.Rates {
		if slices.Contains(rate.Departments, e.Department) || slices.Contains(rate.Postcodes, e.Postcode) {
			return claim.BasisPoints(rate.Percent)
		}
	}
	return claim.BasisPoints(p.VAT.DefaultPercent)
}

// PayableTotal gives what the State pays in all for an order (AF §5): the
// amount incl. VAT up to the ceiling for a supplier liable to VAT, else the
// amount excl. VAT. The amount is positive and not above the ceiling excl. VAT.
func (p *Programme) PayableTotal(exclTax claim.Cents, regime string, ceiling Ceiling, e claim.Establishment) claim.Cents {
	if regime == claim.NotLiableToVAT {
		return exclTax
	}
	return min(exclTax+p.VATRate(e).Of(exclTax), ceiling.InclTax)
}

// AdvanceDue gives the advance on a payable total, rounded half up (AF §5.1).
func (p *Programme) AdvanceDue(payableTotal claim.Cents) claim.Cents {
	return claim.BasisPoints(p.Shares.Advance).Of(payableTotal)
}
