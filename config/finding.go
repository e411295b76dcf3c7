package config

import (
	"maps"
	"unicode/utf8"

	"guichet/pipeline/claim"
)

// Finding makes the finding of a rule for a kind of claim, in the programme's
// words, with {deadline} filled in. Parameters hold what a supplier typed, up to
// a whole cell: the message cuts them as short as its own length asks, the
// finding keeps them whole.
//
// DOS-02 is told to a supplier in the words of DOS-01, since a stranger learns
// nothing of a dossier; its own are for operators.
func (p *Programme) Finding(kind claim.Kind, code, variant string, params map[string]string) claim.Finding {
	all := map[string]string{"deadline": p.filingAgain(kind)}
	maps.Copy(all, params)
	f := p.catalogue.finding(kind, code, variant, all)
	for longest := 100; utf8.RuneCountInString(f.Message) > MaxMessage && longest >= leastParameter; longest -= 20 {
		short := map[string]string{}
		for name, value := range all {
			short[name] = claim.Cut(value, longest)
		}
		f.Message = p.catalogue.finding(kind, code, variant, short).Message
	}
	if code == "DOS-02" {
		unknown := p.Finding(kind, "DOS-01", "", params)
		f.Operators, f.Message, f.Remedy = f.Message, unknown.Message, unknown.Remedy
	}
	return f
}

// filingAgain names the deadline for filing a claim of a kind again. Where the
// kind is unknown, that of an advance and that of a balance are named.
func (p *Programme) filingAgain(kind claim.Kind) string {
	const by = "au plus tard le "
	switch kind {
	case claim.Advance:
		return by + p.Calendar.Closing.French()
	case claim.Balance:
		return by + p.Calendar.FinalClosing.French()
	case claim.Completion:
		return by + p.Calendar.ServicesEnd.French()
	}
	return by + p.Calendar.Closing.French() + " (avance) ou le " + p.Calendar.FinalClosing.French() + " (solde)"
}
