package claim

import (
	"fmt"
	"time"
	_ "time/tzdata" // the calendar is Paris's on every machine
)

// Paris is the time zone of the call's calendar (AF §2).
var Paris = mustLoad("Europe/Paris")

func mustLoad(name string) *time.Location {
	location, err := time.LoadLocation(name)
	if err != nil {
		panic(err) // time/tzdata is linked in: cannot happen
	}
	return location
}

// Date is a civil day, without time or zone. The zero Date is no day.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// NewDate gives the day, or false when there is no such day (31 February).
func NewDate(year int, month time.Month, day int) (Date, bool) {
	t := time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
	d := Date{t.Year(), t.Month(), t.Day()}
	return d, d == Date{year, month, day}
}

// DateOf gives the day of an instant in Paris.
func DateOf(t time.Time) Date {
	year, month, day := t.In(Paris).Date()
	return Date{year, month, day}
}

// ParseDate reads yyyy-mm-dd.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return Date{}, fmt.Errorf("%q is not a day yyyy-mm-dd", s)
	}
	return Date{t.Year(), t.Month(), t.Day()}, nil
}

// IsZero tells whether d is no day.
func (d Date) IsZero() bool { return d == Date{} }

// Start is the first instant of the day in Paris.
func (d Date) Start() time.Time {
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, Paris)
}

// Compare gives -1, 0 or 1 as d is before, on or after other.
func (d Date) Compare(other Date) int {
	return d.utc().Compare(other.utc())
}

// Before tells whether d is an earlier day than other.
func (d Date) Before(other Date) bool { return d.Compare(other) < 0 }

// After tells whether d is a later day than other.
func (d Date) After(other Date) bool { return d.Compare(other) > 0 }

// AddDays gives the day n calendar days later (earlier when n is negative).
func (d Date) AddDays(n int) Date {
	t := d.utc().AddDate(0, 0, n)
	return Date{t.Year(), t.Month(), t.Day()}
}

// DaysUntil counts calendar days from d to other; negative when other is earlier.
func (d Date) DaysUntil(other Date) int {
	return int(other.utc().Sub(d.utc()).Hours() / 24)
}

func (d Date) utc() time.Time {
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC)
}

// String gives yyyy-mm-dd, or nothing for no day.
func (d Date) String() string {
	if d.IsZero() {
		return ""
	}
	return d.utc().Format(time.DateOnly)
}

// French gives dd/mm/yyyy, or nothing for no day.
func (d Date) French() string {
	if d.IsZero() {
		return ""
	}
	return d.utc().Format("02/01/2006")
}

// MarshalText writes yyyy-mm-dd.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads yyyy-mm-dd, or no day from nothing.
func (d *Date) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*d = Date{}
		return nil
	}
	parsed, err := ParseDate(string(text))
	if err != nil {
		return err
	}
	*d = parsed
	return nil
}

// FrenchInstant tells an instant in Paris as a French reader expects it:
// 15/03/2023 à 14:00, with the seconds when there are any.
func FrenchInstant(t time.Time) string {
	t = t.In(Paris)
	switch {
	case t.Nanosecond() >= int(time.Millisecond):
		return t.Format("02/01/2006 à 15:04:05,000")
	case t.Second() != 0:
		return t.Format("02/01/2006 à 15:04:05")
	default:
		return t.Format("02/01/2006 à 15:04")
	}
}
