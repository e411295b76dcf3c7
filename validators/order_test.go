package validators

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"guichet/pipeline/claim"
)

func orderedOn(date string) func(*Context, *claim.Claim) {
	return func(_ *Context, c *claim.Claim) { setDate(c, claim.FieldOrderDate, date) }
}

func proof(at string) func(*Context, *claim.Claim) {
	return solve(func(s *claim.Solution) { s.ProofFile = moment(at) })
}

// signedAt sets the purchase order's signing times.
func signedAt(times ...string) func(*Context, *claim.Claim) {
	return func(_ *Context, c *claim.Claim) {
		facts := orderFacts(c)
		one := facts.Signatures[0]
		facts.Signatures = nil
		for _, at := range times {
			signature := one
			signature.SignedAt = time.Time{}
			if at != "" {
				signature.SignedAt = paris(at)
			}
			facts.Signatures = append(facts.Signatures, signature)
		}
		c.Documents[0].Facts = facts
	}
}

// spoilSignature changes the purchase order's first signature.
func spoilSignature(f func(*claim.Signature)) func(*Context, *claim.Claim) {
	return func(_ *Context, c *claim.Claim) { f(&c.Documents[0].Facts.Signatures[0]) }
}

func TestOrder(t *testing.T) {
	runCases(t, []ruleCase{
		{"on the opening day", also(orderedOn("2022-02-12"), proof("2022-05-02")), ""},
		{"CMD-01 the day before", orderedOn("2022-02-11"), "CMD-01"},
		{"on the closing day", also(orderedOn("2023-03-15"), receivedAt("2023-03-15 14:00")), ""},
		{"CMD-02 the day after", also(orderedOn("2023-03-16"), receivedAt("2023-03-16 09:00")), "CMD-02 DEL-01"},
		{"CMD-02 and CMD-03", also(orderedOn("2023-03-16"), receivedAt("2023-03-15 13:00")), "CMD-02 CMD-03"},
		{"on the day of reception", also(orderedOn("2022-12-01"), receivedAt("2022-12-01 00:00")), ""},
		{"CMD-03 the day after reception", also(orderedOn("2022-12-02"), receivedAt("2022-12-01 23:59:59.999")), "CMD-03"},
		{"the day of reception is Paris's", func(_ *Context, c *claim.Claim) {
			setDate(c, claim.FieldOrderDate, "2022-12-02")
			c.ReceivedAt = time.Date(2022, 12, 1, 23, 30, 0, 0, time.UTC) // 00:30 in Paris
		}, ""},

		// 2022-06-19 + 120 days = 2022-10-17.
		{"120 days before the proof file", also(orderedOn("2022-06-19"), proof("2022-10-17 23:59")), ""},
		{"CMD-04 121 days", also(orderedOn("2022-06-19"), proof("2022-10-18 00:00")), "CMD-04"},
		{"121 days, presumed compliant", also(orderedOn("2022-06-20"), proof("2022-10-19")), ""},
		{"CMD-04 across the change to summer time", also(orderedOn("2022-03-01"), proof("2022-06-30")), "CMD-04"},
		{"120 days across the change to summer time", also(orderedOn("2022-03-01"), proof("2022-06-29")), ""},
		{"after the proof file", also(orderedOn("2022-06-10"), proof("2022-05-02")), ""},
		{"CMD-04 proof file unknown, and it matters", also(orderedOn("2022-06-19"), proof("")), "CMD-04"},
		{"proof file unknown, presumed compliant", also(orderedOn("2022-06-20"), proof("")), ""},

		{"signed at the first instant of the opening day", signedAt("2022-02-12 00:00"), ""},
		{"CMD-06 before the opening", signedAt("2022-02-11 23:59:59"), "CMD-06"},
		{"signed at the closing", also(receivedAt("2023-03-15 14:00"), signedAt("2023-03-15 14:00")), ""},
		{"CMD-06 after the closing and after reception", also(receivedAt("2023-03-15 13:00"), signedAt("2023-03-15 14:00:01")), "CMD-06 CMD-06"},
		{"signed at reception", signedAt("2022-12-01 10:00"), ""},
		{"CMD-06 after reception", signedAt("2022-12-01 10:00:01"), "CMD-06"},
		{"CMD-06 once for two signatures", signedAt("2022-12-01 10:00:01", "2022-12-01 10:00:02"), "CMD-06"},
		{"CMD-06 the second signature", signedAt("2022-09-02 09:30", "2022-12-01 10:00:02"), "CMD-06"},
		{"no signing time", signedAt(""), ""},
		{"a broken signature proves no time", also(signedAt("2022-01-01 00:00"), spoilSignature(func(s *claim.Signature) { s.Integrity = claim.Broken })), ""},
		{"a document timestamp signs for nobody", also(signedAt("2024-01-01 00:00"), spoilSignature(func(s *claim.Signature) { s.Timestamp = true })), ""},
		{"DOC-01 silences CMD-06", also(signedAt("2022-01-01 00:00"), func(_ *Context, c *claim.Claim) {
			c.Documents[0].Object, c.Documents[0].Facts = nil, nil
		}), ""},
		{"DOC-02 silences CMD-06", also(signedAt("2022-01-01 00:00"), func(_ *Context, c *claim.Claim) {
			c.Documents[0].Facts.Status, c.Documents[0].Facts.Reason = claim.ReadFailed, "corrupt"
		}), ""},

		{"received at 14:00:00", receivedAt("2023-03-15 14:00"), ""},
		{"DEL-01 at 14:00:00.001", receivedAt("2023-03-15 14:00:00.001"), "DEL-01"},
		{"DEL-01 one second later", receivedAt("2023-03-15 14:00:01"), "DEL-01"},
		{"received at 13:00 UTC", func(_ *Context, c *claim.Claim) { c.ReceivedAt = time.Date(2023, 3, 15, 13, 0, 0, 0, time.UTC) }, ""},
		{"DEL-01 though FINESS and reference are unreadable", also(receivedAt("2023-03-15 14:00:01"), func(_ *Context, c *claim.Claim) {
			setState(c, claim.FieldFINESS, claim.FieldBad)
			setState(c, claim.FieldANSReference, claim.FieldEmpty)
		}), "LIG-01 LIG-02 DEL-01"},
	})
}

func TestOrderOfLaterKinds(t *testing.T) {
	ctx, c := faultless()
	c.Kind = claim.Balance
	c.ReceivedAt = paris("2023-12-01 10:00")
	if got := codesOf(Assess(ctx, c).Findings, "CMD", "DEL-01", "MNT", "BEN"); got != "" {
		t.Errorf("an advance's rules on a balance: %s", got)
	}
}

func TestOrderMessages(t *testing.T) {
	for _, test := range []struct {
		spoil func(*Context, *claim.Claim)
		code  string
		want  string
		is    claim.Outcome
	}{
		{orderedOn("2022-02-11"), "CMD-01", "Commande datée du 11/02/2022, avant la date d'ouverture de l'appel à financement (12/02/2022).", claim.Reject},
		{also(orderedOn("2023-03-16"), receivedAt("2023-03-15 13:00")), "CMD-02", "Commande datée du 16/03/2023, après la date de fermeture de l'appel à financement (15/03/2023 à 14:00).", claim.Reject},
		{orderedOn("2022-12-02"), "CMD-03", "Commande datée du 02/12/2022, après la réception de la demande (01/12/2022 à 10:00).", claim.Complete},
		{also(orderedOn("2022-06-19"), proof("2022-10-18")), "CMD-04", "Commande du 19/06/2022 : 121 jours avant le dossier de preuves complet de la solution (18/10/2022), au-delà des 120 jours admis.", claim.Reject},
		{also(orderedOn("2022-06-19"), proof("")), "CMD-04", "La date du dossier de preuves complet de la solution LGO-0001 n'est pas connue : la demande est soumise à un examen.", claim.Review},
		{signedAt("2022-02-11 23:59:59"), "CMD-06", "La signature électronique est datée du 11/02/2022 à 23:59:59, avant la date d'ouverture (12/02/2022).", claim.Review},
		{signedAt("2022-12-01 10:00:01"), "CMD-06", "La signature électronique est datée du 01/12/2022 à 10:00:01, après la réception de la demande (01/12/2022 à 10:00).", claim.Review},
		{receivedAt("2023-03-15 14:00:03"), "DEL-01", "Demande reçue le 15/03/2023 à 14:00:03, 3 s après la date de fermeture (15/03/2023 à 14:00).", claim.Reject},
		{receivedAt("2023-03-15 14:00:00.001"), "DEL-01", "Demande reçue le 15/03/2023 à 14:00:00,001, 1 ms après la date de fermeture (15/03/2023 à 14:00).", claim.Reject},
	} {
		ctx, c := faultless()
		test.spoil(ctx, c)
		f := find(t, Assess(ctx, c).Findings, test.code)
		if f.Message != test.want || f.Outcome != test.is {
			t.Errorf("got %s %q\nwant %s %q", f.Outcome, f.Message, test.is, test.want)
		}
	}
}

// TestArchiveException takes each condition away in its turn.
func TestArchiveException(t *testing.T) {
	digest := strings.Repeat("a1", 32)
	holds := also(
		receivedAt("2023-03-20 09:00"),
		solve(func(s *claim.Solution) {
			s.ProofFile, s.Referenced, s.Publisher = moment("2022-12-21 14:00"), day("2023-02-11"), thePublisher
		}),
		deposit(func(*claim.Deposit) {}),
	)
	runCases(t, []ruleCase{
		{"holds", holds, ""},
		{"proof file a moment late", also(holds, proof("2022-12-21 14:00:01")), "DEL-01"},
		{"proof file that day, hour unknown", also(holds, proof("2022-12-21")), ""},
		{"proof file the next day, hour unknown", also(holds, proof("2022-12-22")), "DEL-01"},
		{"proof file unknown", also(holds, proof("")), "DEL-01"},
		{"already referenced on the day", also(holds, solve(func(s *claim.Solution) { s.Referenced = day("2023-02-10") })), "DEL-01"},
		{"never referenced", also(holds, solve(func(s *claim.Solution) { s.Referenced = claim.Date{} })), "FOU-06"},
		{"no deposit", also(holds, func(ctx *Context, _ *claim.Claim) { delete(registers(ctx).deposits, thePharmacy) }), "DEL-01"},
		{"deposit of another pharmacy", also(holds, func(ctx *Context, _ *claim.Claim) {
			r := registers(ctx)
			r.deposits = map[claim.FINESS][]claim.Deposit{otherPharmacy: r.deposits[thePharmacy]}
		}), "DEL-01"},
		{"deposit by a stranger", also(holds, deposit(func(d *claim.Deposit) { d.Supplier = otherSupplier })), "DEL-01"},
		{"deposit by the publisher", also(holds, deposit(func(d *claim.Deposit) { d.Supplier = thePublisher })), ""},
		{"deposit at the first instant", also(holds, deposit(func(d *claim.Deposit) { d.At = moment("2023-02-11 00:00") })), ""},
		{"deposit a second too early", also(holds, deposit(func(d *claim.Deposit) { d.At = moment("2023-02-10 23:59:59") })), "DEL-01"},
		{"deposit at the closing", also(holds, deposit(func(d *claim.Deposit) { d.At = moment("2023-03-15 14:00") })), ""},
		{"deposit a second late", also(holds, deposit(func(d *claim.Deposit) { d.At = moment("2023-03-15 14:00:01") })), "DEL-01"},
		{"deposit on the last day, hour unknown: the end of that day", also(holds, deposit(func(d *claim.Deposit) { d.At = moment("2023-03-15") })), "DEL-01"},
		{"deposit on the day before, hour unknown", also(holds, deposit(func(d *claim.Deposit) { d.At = moment("2023-03-14") })), ""},
		{"with this order's digest", also(holds, deposit(func(d *claim.Deposit) { d.SHA256 = digest })), ""},
		{"with another digest", also(holds, deposit(func(d *claim.Deposit) { d.SHA256 = strings.Repeat("b2", 32) })), "DEL-01"},
		{"with a digest, but the order is missing", also(holds, deposit(func(d *claim.Deposit) { d.SHA256 = digest }), func(_ *Context, c *claim.Claim) {
			c.Documents[0].Object, c.Documents[0].Facts = nil, nil
		}), "DEL-01"},
		{"second deposit fits", also(holds, func(ctx *Context, _ *claim.Claim) {
			r := registers(ctx)
			bad := r.deposits[thePharmacy][0]
			bad.SHA256 = strings.Repeat("b2", 32)
			r.deposits[thePharmacy] = append([]claim.Deposit{bad}, r.deposits[thePharmacy]...)
		}), ""},
		{"unknown solution", also(holds, withText(claim.FieldANSReference, "LGO-9999")), "FOU-03 DEL-01"},
		{"unknown pharmacy", also(holds, withText(claim.FieldFINESS, string(withKey("75000009")))), "BEN-01 DEL-01"},
	})
}

// deposit sets the one deposit for the pharmacy, in order but for a change.
func deposit(f func(*claim.Deposit)) func(*Context, *claim.Claim) {
	return func(ctx *Context, _ *claim.Claim) {
		d := claim.Deposit{Supplier: theSupplier, FINESS: thePharmacy, At: moment("2023-03-01 11:20")}
		f(&d)
		registers(ctx).deposits[thePharmacy] = []claim.Deposit{d}
	}
}

func TestLateness(t *testing.T) {
	for late, want := range map[time.Duration]string{
		1:                                       "moins de 1 ms",
		time.Millisecond:                        "1 ms",
		999 * time.Millisecond:                  "999 ms",
		3 * time.Second:                         "3 s",
		3*time.Second + 500*time.Millisecond:    "3 s",
		2 * time.Minute:                         "2 min",
		2*time.Minute + 5*time.Second:           "2 min 5 s",
		time.Hour:                               "1 h",
		time.Hour + 30*time.Second:              "1 h",
		time.Hour + 59*time.Minute:              "1 h 59 min",
		28 * time.Hour:                          "1 j 4 h",
		24*time.Hour + 59*time.Minute:           "1 j",
		400*24*time.Hour + 23*time.Hour + 59*60: "400 j 23 h",
	} {
		if got := lateness(late); got != want {
			t.Errorf("%v: got %q, want %q", late, got, want)
		}
	}
}

// TestClosingHoldsWhateverTheZone judges the same instant written in any zone.
func TestClosingHoldsWhateverTheZone(t *testing.T) {
	closing := paris("2023-03-15 14:00")
	rapid.Check(t, func(t *rapid.T) {
		ctx, c := faultless()
		late := time.Duration(rapid.Int64Range(-int64(48*time.Hour), int64(48*time.Hour)).Draw(t, "late"))
		zone := time.FixedZone("", rapid.IntRange(-12*3600, 14*3600).Draw(t, "zone"))
		c.ReceivedAt = closing.Add(late).In(zone)
		if got, want := codesOf(Assess(ctx, c).Findings, "DEL") != "", late > 0; got != want {
			t.Fatalf("%v late: told %t", late, got)
		}
	})
}
