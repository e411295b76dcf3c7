package register

import (
	"encoding/hex"
	"fmt"
	"strings"

	"guichet/pipeline/claim"
	"guichet/pipeline/template"
)

// The types of cells of the registers. Each says what it expected.

type finessCell claim.FINESS

// UnmarshalCSV reads a FINESS number with a right key.
func (c *finessCell) UnmarshalCSV(text string) error {
	number, why := template.ParseFINESS(text)
	switch {
	case text == "":
		return errEmpty
	case why == template.WhyLostDigits:
		return errFINESSLost
	case why != "":
		return errFINESS
	case !number.KeyOK():
		return errFINESSKey
	}
	*c = finessCell(number)
	return nil
}

type siretCell claim.SIRET

// UnmarshalCSV reads a SIRET with a right key.
func (c *siretCell) UnmarshalCSV(text string) error {
	number, why := template.ParseSIRET(text)
	switch {
	case text == "":
		return errEmpty
	case why == template.WhyLostDigits:
		return errSIRETLost
	case why == template.WhySIRETKey:
		return errSIRETKey
	case why != "":
		return errSIRET
	}
	*c = siretCell(number)
	return nil
}

type textCell string

// UnmarshalCSV reads a text that is not empty.
func (c *textCell) UnmarshalCSV(text string) error {
	if text == "" {
		return errEmpty
	}
	*c = textCell(text)
	return nil
}

// yesNoCell is OUI, NON or nothing.
type yesNoCell struct{ given, yes bool }

// UnmarshalCSV reads OUI or NON, or nothing.
func (c *yesNoCell) UnmarshalCSV(text string) error {
	switch claim.Fold(text) {
	case "oui":
		*c = yesNoCell{true, true}
	case "non":
		*c = yesNoCell{true, false}
	case "":
	default:
		return errYesNo
	}
	return nil
}

type roleCell struct{ distributor bool }

// UnmarshalCSV reads EDITEUR or DISTRIBUTEUR.
func (c *roleCell) UnmarshalCSV(text string) error {
	switch claim.Fold(text) {
	case "editeur":
	case "distributeur":
		c.distributor = true
	default:
		return errRole
	}
	return nil
}

type regimeCell string

// UnmarshalCSV reads ASSUJETTI or NON ASSUJETTI, or nothing.
func (c *regimeCell) UnmarshalCSV(text string) error {
	if text == "" {
		return nil
	}
	regime, ok := template.ParseRegime(text)
	if !ok {
		return errRegime
	}
	*c = regimeCell(regime)
	return nil
}

// dateCell is a day, or nothing; a time of day beside it does not count.
type dateCell struct{ claim.Date }

// UnmarshalCSV reads a day or nothing.
func (c *dateCell) UnmarshalCSV(text string) error {
	var m momentCell
	if err := m.UnmarshalCSV(text); err != nil {
		return err
	}
	c.Date = m.Day
	return nil
}

// momentCell is a day, or a day and a time, or nothing.
type momentCell struct{ claim.Moment }

// UnmarshalCSV reads a day, or a day and a time, in Paris, or nothing.
func (c *momentCell) UnmarshalCSV(text string) error {
	if text == "" {
		return nil
	}
	m, err := claim.ParseMoment(text)
	if err != nil {
		return err
	}
	if m.Day.Year < 1990 || m.Day.Year > 2100 {
		return fmt.Errorf("%q is not between the years 1990 and 2100", text)
	}
	c.Moment = m
	return nil
}

type digestCell string

// UnmarshalCSV reads a SHA-256 in hexadecimal, or nothing.
func (c *digestCell) UnmarshalCSV(text string) error {
	if text == "" {
		return nil
	}
	if raw, err := hex.DecodeString(text); err != nil || len(raw) != 32 {
		return errDigest
	}
	*c = digestCell(strings.ToLower(text))
	return nil
}
