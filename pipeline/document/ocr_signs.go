package document

import (
	"regexp"
	"strings"

	"guichet/pipeline/claim"
)

// The things that every order shows (AF §6.1), told by their form alone: what
// they should be, the reading of a document does not know. A misread digit or
// sign mostly spoils the form.
var (
	finessForm = regexp.MustCompile(`(?:^|[^0-9A-Za-z])([0-9][0-9ABab](?: ?[0-9]){7})(?:$|[^0-9A-Za-z])`)
	dateForm   = regexp.MustCompile(`(?:^|[^0-9])(?:[0-3]?[0-9] ?[/.-] ?[01]?[0-9] ?[/.-] ?20[0-9]{2}|[0-3]?[0-9](?:er)? (?:janvier|fevrier|mars|avril|mai|juin|juillet|aout|septembre|octobre|novembre|decembre) 20[0-9]{2})(?:$|[^0-9])`)
	amountForm = regexp.MustCompile(`[0-9] ?, ?[0-9]{2}(?:$|[^0-9])`)
	emailForm  = regexp.MustCompile(`[a-z0-9._+-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}`)
)

// allSigns is how many there are.
const allSigns = 4

// showing counts which of them a page's words show: a FINESS number with a right
// key, a date, an amount, an e-mail address.
func showing(words []claim.Word) int {
	var b strings.Builder
	for _, word := range words {
		b.WriteByte(' ')
		b.WriteString(word.Text)
	}
	text := b.String()
	folded := claim.Fold(text)
	finess := false
	for at := 0; !finess && at < len(text); {
		found := finessForm.FindStringSubmatchIndex(text[at:])
		if found == nil {
			break
		}
		number := strings.ReplaceAll(text[at+found[2]:at+found[3]], " ", "")
		finess = claim.FINESS(strings.ToUpper(number)).KeyOK()
		at += found[2] + 1
	}
	shown := 0
	for _, found := range []bool{
		finess, dateForm.MatchString(folded), amountForm.MatchString(text), emailForm.MatchString(strings.ToLower(text)),
	} {
		if found {
			shown++
		}
	}
	return shown
}
