package validators

import (
	"slices"

	"guichet/config"
	"guichet/pipeline/claim"
)

// traced tells SIG-07 of a document without a signature that says that it was
// signed. A signature by hand that is certain needs no other.
func (a *assessment) traced(d *claim.Document, _ []claim.Signature) bool {
	if a.byHand(d).Hand == claim.Handwritten {
		return a.silent("it is signed by hand")
	}
	traces := a.Programme.SignatureTraces
	programmed(a, "signature_traces.phrases", traces.Phrases)
	programmed(a, "signature_traces.services", traces.Services)
	programmed(a, "signature_traces.proofs", traces.Proofs)
	none := !a.finder(d).visible.find(traceSearch(traces), func(found hit) bool {
		f := a.tellDocument(d, "SIG-07", "", nil)
		f.Page, f.Rect = found.page, found.rect
		saw(a, FromDocument, found.text, documentName(d), "trace of a signature")
		return true
	})
	if none {
		saw(a, FromDocument, "", documentName(d), "trace of a signature")
	}
	return true
}

// traceSearch finds what an electronic signature leaves on a page: the words
// that tell of it, or a signing service with the number of a proof or a
// transaction.
func traceSearch(t config.SignatureTraces) search {
	var looks []search
	for _, text := range t.Phrases {
		looks = append(looks, phraseOf(text).search())
	}
	for _, service := range t.Services {
		looks = append(looks, proofSearch(phraseOf(service), t.Proofs))
	}
	return anyOf(looks...)
}

// proofSearch finds a signing service's name, with the words that announce a
// proof and a number on the same line or on one beside it.
func proofSearch(service phrase, proofs []string) search {
	announced := make([]phrase, len(proofs))
	for i, text := range proofs {
		announced[i] = phraseOf(text)
	}
	return func(_ *layer, s *stream, accept visit) bool {
		return s.eachPhrase(service, func(named span) bool {
			from, to := s.tokens[named.first].line-1, s.tokens[named.last].line+1
			near := func(sp span) bool { return s.tokens[sp.first].line >= from && s.tokens[sp.last].line <= to }
			numbered := slices.ContainsFunc(s.tokens, func(t token) bool { return t.digits && t.line >= from && t.line <= to })
			return numbered && slices.ContainsFunc(announced, func(p phrase) bool {
				return s.eachPhrase(p, func(sp span) bool { return near(sp) && accept(named, sp) })
			})
		})
	}
}
