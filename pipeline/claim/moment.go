package claim

import (
	"fmt"
	"strings"
	"time"
)

// Moment is an instant that a calendar or a register may give by the day
// alone. The zero Moment is none.
type Moment struct {
	// At is the instant; for a bare day, the last one of that day in Paris.
	At time.Time
	// Day is the day in Paris.
	Day Date
	// HasTime tells whether an hour is given.
	HasTime bool
}

var momentLayouts = []string{
	"2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02T15:04:05", "2006-01-02T15:04",
	"02/01/2006 15:04:05", "02/01/2006 15:04",
}

// ParseMoment reads a day (yyyy-mm-dd or dd/mm/yyyy), or a day and a time
// (hh:mm or hh:mm:ss), in Paris.
func ParseMoment(s string) (Moment, error) {
	s = strings.Join(strings.Fields(s), " ")
	for _, layout := range momentLayouts {
		if t, err := time.ParseInLocation(layout, s, Paris); err == nil {
			return Moment{At: t, Day: DateOf(t), HasTime: true}, nil
		}
	}
	for _, layout := range []string{"2006-01-02", "02/01/2006"} {
		if t, err := time.ParseInLocation(layout, s, Paris); err == nil {
			return WholeDay(DateOf(t)), nil
		}
	}
	return Moment{}, fmt.Errorf("%q is neither a day (yyyy-mm-dd or dd/mm/yyyy) nor a day and a time (hh:mm or hh:mm:ss)", s)
}

// WholeDay gives the moment of a bare day.
func WholeDay(d Date) Moment {
	return Moment{At: d.AddDays(1).Start().Add(-time.Nanosecond), Day: d}
}

// IsZero tells whether m is none.
func (m Moment) IsZero() bool { return m.Day.IsZero() }

// Includes tells whether t is in time for the deadline m: a deadline with a
// time includes that instant and nothing later, one without includes the
// whole day in Paris (AF §2).
func (m Moment) Includes(t time.Time) bool { return !t.After(m.At) }

// French tells the moment as a French reader expects it: 15/03/2023 à 14:00,
// or 20/09/2023.
func (m Moment) French() string {
	if m.HasTime {
		return FrenchInstant(m.At)
	}
	return m.Day.French()
}

// String gives the moment as [ParseMoment] reads it: 2023-03-15 14:00, or
// 2023-09-20; nothing for none.
func (m Moment) String() string {
	switch {
	case !m.HasTime:
		return m.Day.String()
	case m.At.Second() != 0:
		return m.At.In(Paris).Format("2006-01-02 15:04:05")
	}
	return m.At.In(Paris).Format("2006-01-02 15:04")
}

// UnmarshalText reads what [ParseMoment] reads.
func (m *Moment) UnmarshalText(text []byte) error {
	parsed, err := ParseMoment(string(text))
	if err != nil {
		return err
	}
	*m = parsed
	return nil
}
