package validators

import "guichet/pipeline/claim"

// completion asks DEL-05 (AF §6.2, case 2). DOS and DEL-02 are those of a balance,
// and FIN-01 is asked with the mentions.
func (a *assessment) completion() {
	a.ask("DEL-05", a.declaredInTime)
}

// completionMentions are the mentions of a declaration.
var completionMentions = []mentionRule{
	{"FIN-01", (*assessment).dossierOwed},
	{"FIN-01", (*assessment).declaredDateOwed},
}

// declaredDateOwed is the second half of FIN-01, which a declaration of
// incapacity does not owe.
func (a *assessment) declaredDateOwed() (mention, bool) {
	if !a.finishes() {
		return mention{}, false
	}
	m, ok := a.completionDateOwed()
	m.variant = "date"
	return m, ok
}

// finishes tells whether the claim says that the work is finished: a balance
// does, and a declaration unless it is one of incapacity. False too where the
// nature is unreadable (LIG).
func (a *assessment) finishes() bool {
	if a.claim.Kind != claim.Completion {
		return true
	}
	field, ok := a.field(claim.FieldNature)
	switch field.State {
	case claim.FieldAbsent, claim.FieldEmpty:
		return true // ACHEVEMENT is the default
	case claim.FieldOK, claim.FieldBad, claim.FieldNoValue:
	}
	if !ok {
		return false
	}
	return field.Text != claim.Unable || a.silent("a declaration of incapacity finishes nothing")
}

// declaredInTime tells DEL-05 of a declaration received after the end of services.
func (a *assessment) declaredInTime() bool {
	end := programmed(a, "calendar.services_end", a.Programme.Calendar.ServicesEnd)
	received := a.received()
	if !end.Includes(received) {
		a.tell("DEL-05", "", params{
			"received": claim.FrenchInstant(received), "late": lateness(received.Sub(end.At)), "services_end": end.French(),
		})
	}
	return true
}
