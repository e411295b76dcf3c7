package config

import (
	"fmt"
	"time"

	"guichet/pipeline/claim"
)

// Deadlines are the dates of the call that its versions changed (AF §2),
// Europe/Paris.
type Deadlines struct {
	ProofDeadline claim.Moment `yaml:"proof_deadline"` // complete proof file received by the ANS
	Closing       claim.Moment `yaml:"closing"`        // last reception of an advance, last order date
	// FirmDate is the last day on which a supplier confirms a firm date of the
	// service (AF §2): a reminder, no rule.
	FirmDate     claim.Date   `yaml:"firm_date"`
	ServicesEnd  claim.Moment `yaml:"services_end"`  // last completion date
	FinalClosing claim.Moment `yaml:"final_closing"` // last reception of a balance
}

// Version is a version of the call.
type Version struct {
	Version string `yaml:"version"` // V1.1
	// Date is the day that the version bears; zero where it is not known.
	Date claim.Date `yaml:"date"`
	// Deadlines are those known of the version, the others zero. The last
	// version's are the calendar's.
	Deadlines Deadlines `yaml:"deadlines"`
	Source    string    `yaml:"source"` // where that is known from
}

// Deadline is one of the [Deadlines] under its key.
type Deadline struct {
	Key  string
	Date claim.Moment // zero where it is not known
}

// List gives the deadlines in the order of the call's life.
func (d Deadlines) List() []Deadline {
	firm := claim.Moment{}
	if !d.FirmDate.IsZero() {
		firm = claim.WholeDay(d.FirmDate)
	}
	return []Deadline{
		{"proof_deadline", d.ProofDeadline},
		{"closing", d.Closing},
		{"firm_date", firm},
		{"services_end", d.ServicesEnd},
		{"final_closing", d.FinalClosing},
	}
}

// checkHistory asks that the history ends with the programme's own version and
// its calendar, and that it never goes back: neither the versions nor their
// deadlines, which were only ever extended. What is not known is passed over.
func (p *Programme) checkHistory() *valueError {
	if len(p.History) == 0 {
		return nil
	}
	var dated claim.Date
	known := make([]time.Time, len(p.Calendar.List()))
	for i, v := range p.History {
		key := fmt.Sprintf("history[%d]", i)
		last := i == len(p.History)-1
		switch {
		case v.Version == "":
			return &valueError{key, "a version needs its name"}
		case last && v.Version != p.Version:
			return &valueError{key + ".version", fmt.Sprintf("the last version must be the programme's, %s", p.Version)}
		case !v.Date.IsZero() && v.Date.Before(dated):
			return &valueError{key + ".date", "is before that of an earlier version"}
		case !v.Date.IsZero():
			dated = v.Date
		}
		for n, d := range v.Deadlines.List() {
			key := key + ".deadlines." + d.Key
			inForce := p.Calendar.List()[n].Date
			switch {
			case d.Date.IsZero():
				continue
			case d.Date.At.Before(known[n]):
				return &valueError{key, "is before that of an earlier version: deadlines are only extended"}
			case last && d.Date != inForce:
				return &valueError{key, fmt.Sprintf("is not the calendar's, %s", inForce.French())}
			case d.Date.At.After(inForce.At):
				return &valueError{key, fmt.Sprintf("is after the calendar's, %s: deadlines are only extended", inForce.French())}
			}
			known[n] = d.Date.At
		}
	}
	return nil
}

// Versions gives the history with the calendar's dates as those of the last
// version; of a programme without a history that version alone.
func (p *Programme) Versions() []Version {
	versions := append([]Version{}, p.History...)
	if len(versions) == 0 {
		versions = []Version{{Version: p.Version}}
	}
	versions[len(versions)-1].Deadlines = p.Calendar.Deadlines
	return versions
}
