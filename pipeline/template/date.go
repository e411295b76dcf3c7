package template

import (
	"math"
	"regexp"
	"strconv"
	"time"

	"guichet/pipeline/claim"
)

// Years that a date may have.
const firstYear, lastYear = 2000, 2100

var (
	frenchDate = regexp.MustCompile(`^(\d{1,2})/(\d{1,2})/(\d{4})` + timeOfDay + `$`)
	isoDate    = regexp.MustCompile(`^(\d{4})-(\d{1,2})-(\d{1,2})` + timeOfDay + `$`)
)

// serialText is a day as a spreadsheet counts it, written out: those of the
// years that are read at all have five digits.
var serialText = regexp.MustCompile(`^\d{5}$`)

// timeOfDay is dropped, but has to be one.
const timeOfDay = `(?:(?:[T\s\x{a0}\x{202f}]+)(?:[01]?\d|2[0-3])[:hH][0-5]\d(?::[0-5]\d(?:[.,]\d{1,9})?)?Z?)?`

// readDate reads a day. It gives why ([WhyDate], [WhyDateRange]) when there
// is none.
func readDate(c cell, date1904 bool) (claim.Date, string) {
	switch c.typ {
	case numberCell:
		t, ok := serialTime(c.text, date1904)
		if !ok {
			return claim.Date{}, WhyDateRange
		}
		return inRange(claim.Date{Year: t.Year(), Month: t.Month(), Day: t.Day()})
	case textCell, dateCell:
		text := trim(c.text)
		if serialText.MatchString(text) {
			// A CSV export of a cell that lost its date format.
			return readDate(cell{typ: numberCell, text: text}, date1904)
		}
		return parseDay(text)
	default:
		return claim.Date{}, WhyDate
	}
}

func parseDay(text string) (claim.Date, string) {
	year, month, day := 3, 2, 1
	m := frenchDate.FindStringSubmatch(text)
	if m == nil {
		year, month, day = 1, 2, 3
		if m = isoDate.FindStringSubmatch(text); m == nil {
			return claim.Date{}, WhyDate
		}
	}
	var n [4]int
	for i := 1; i <= 3; i++ {
		n[i], _ = strconv.Atoi(m[i]) // at most four digits
	}
	d, ok := claim.NewDate(n[year], time.Month(n[month]), n[day])
	if !ok {
		return claim.Date{}, WhyDate
	}
	return inRange(d)
}

func inRange(d claim.Date) (claim.Date, string) {
	if d.Year < firstYear || d.Year > lastYear {
		return claim.Date{}, WhyDateRange
	}
	return d, ""
}

// serialTime gives the civil time (in UTC) of a day that a spreadsheet counts:
// 1 is 1 January 1900, and 60 a 29 February 1900 that never was; or, in a
// workbook of 1904, 0 is 1 January 1904. False when it is none.
func serialTime(literal string, date1904 bool) (time.Time, bool) {
	serial, err := strconv.ParseFloat(literal, 64)
	if err != nil || serial < 0 || serial >= 2_958_466 { // the year 10000
		return time.Time{}, false
	}
	// Days are counted in floats: a tenth of a millisecond short of midnight is midnight.
	days := math.Floor(serial + 1e-9)
	origin := time.Date(1899, time.December, 30, 0, 0, 0, 0, time.UTC)
	switch {
	case date1904:
		origin = time.Date(1904, time.January, 1, 0, 0, 0, 0, time.UTC)
	case days == 60:
		return time.Time{}, false
	case days < 60:
		origin = origin.AddDate(0, 0, 1)
	}
	seconds := math.Round(math.Max(0, serial-days) * 86_400)
	return origin.AddDate(0, 0, int(days)).Add(time.Duration(seconds) * time.Second), true
}
