package document

import "guichet/pipeline/claim"

// largestAppearance is the share of its page that a further signature's
// appearance may take where it covers something: what is larger shows the page
// anew.
const largestAppearance = 0.25

// disownLater takes from a document's words those that the appearance of a
// further signature shows: whoever signed before did not sign them. They are
// kept as unseen. An appearance that covers much of a page is a change of the page.
func disownLater(facts *claim.Facts) {
	for i, later := range facts.Signatures {
		if i == 0 || later.Rect == nil || later.Page < 1 || later.Page > len(facts.Pages) {
			continue
		}
		page := &facts.Pages[later.Page-1]
		r := *later.Rect
		covers := page.HasImage
		for n := range page.Words {
			switch word := &page.Words[n]; {
			case !within(word.Rect, r):
			case word.Form:
				word.Hidden = true
			case word.Hidden:
				covers = true
			}
		}
		if !covers || (r[2]-r[0])*(r[3]-r[1]) <= largestAppearance*page.Width*page.Height {
			continue
		}
		for n := range facts.Signatures[:i] {
			facts.Signatures[n].Coverage = claim.CoversPartial
		}
	}
}
