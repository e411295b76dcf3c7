package claim

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Cents is an amount of money in euro cents.
type Cents int64

// String gives the plain notation with two decimals and a point: 1050.00.
func (c Cents) String() string {
	sign := ""
	if c < 0 {
		sign, c = "-", -c
	}
	return fmt.Sprintf("%s%d.%02d", sign, int64(c)/100, int64(c)%100)
}

// French gives the notation that French readers expect: 1 050,00 €, with
// no-break blanks.
func (c Cents) French() string {
	plain := c.String()
	sign := ""
	if strings.HasPrefix(plain, "-") {
		sign, plain = "-", plain[1:]
	}
	euros, decimals, _ := strings.Cut(plain, ".")
	var grouped strings.Builder
	for i, digit := range euros {
		if i > 0 && (len(euros)-i)%3 == 0 {
			grouped.WriteRune('\u00a0')
		}
		grouped.WriteRune(digit)
	}
	return sign + grouped.String() + "," + decimals + "\u00a0€"
}

// MarshalText writes the plain notation, so that JSON holds "1050.00".
func (c Cents) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads the plain notation.
func (c *Cents) UnmarshalText(text []byte) error {
	parsed, err := ParseCents(string(text))
	if err != nil {
		return err
	}
	*c = parsed
	return nil
}

// ErrAmount is what [ParseCents] fails with.
var ErrAmount = errors.New("not an amount with at most two decimals")

// ParseCents reads a plain amount: optional minus, digits, and at most two
// decimals behind a point.
func ParseCents(s string) (Cents, error) {
	digits, negative := strings.CutPrefix(s, "-")
	euros, decimals, point := strings.Cut(digits, ".")
	if euros == "" || len(decimals) > 2 || point && decimals == "" {
		return 0, fmt.Errorf("%w: %q", ErrAmount, s)
	}
	for len(decimals) < 2 {
		decimals += "0"
	}
	value, err := strconv.ParseUint(euros+decimals, 10, 62)
	if err != nil {
		return 0, fmt.Errorf("%w: %q", ErrAmount, s)
	}
	if negative {
		return -Cents(value), nil
	}
	return Cents(value), nil
}

// BasisPoints is a rate or a share in hundredths of a percent: 20 % is 2000.
type BasisPoints int64

// Of gives the share b of c, rounded half up to the cent. Both are non-negative.
func (b BasisPoints) Of(c Cents) Cents {
	return Cents((int64(c)*int64(b) + 5000) / 10000)
}
