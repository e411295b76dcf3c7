package claim

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestCents(t *testing.T) {
	for text, want := range map[string]Cents{"0": 0, "0.5": 50, "1050.00": 105000, "-600.07": -60007, "12": 1200, "0.01": 1} {
		got, err := ParseCents(text)
		if err != nil || got != want {
			t.Errorf("ParseCents(%q) = %d, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", ".", "1.", ".5", "1.234", "1,5", "+1", "--1", "1e3", " 1", "99999999999999999999"} {
		if got, err := ParseCents(text); !errors.Is(err, ErrAmount) {
			t.Errorf("ParseCents(%q) = %d, %v; want ErrAmount", text, got, err)
		}
	}
	for cents, want := range map[Cents]string{0: "0,00\u00a0€", 105000: "1\u00a0050,00\u00a0€", -5: "-0,05\u00a0€", 123456789: "1\u00a0234\u00a0567,89\u00a0€"} {
		if got := cents.French(); got != want {
			t.Errorf("%d in French: %q, want %q", cents, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		c := Cents(rapid.Int64Range(-1<<60, 1<<60).Draw(t, "cents"))
		back, err := ParseCents(c.String())
		if err != nil || back != c {
			t.Fatalf("%d is written %s and read back as %d, %v", c, c, back, err)
		}
	})
}

func TestSharesRoundHalfUp(t *testing.T) {
	tests := []struct {
		of    Cents
		share BasisPoints
		want  Cents
	}{
		{75000, 3000, 22500},
		{1, 3000, 0},
		{2, 3000, 1},  // 0.6
		{5, 3000, 2},  // 1.5: half goes up
		{15, 3000, 5}, // 4.5
		{70800, 850, 6018},
		{12345, 850, 1049}, // 1049.325
		{10, 2000, 2},
	}
	for _, tt := range tests {
		if got := tt.share.Of(tt.of); got != tt.want {
			t.Errorf("%d basis points of %d cents = %d, want %d", tt.share, tt.of, got, tt.want)
		}
	}
}

func TestDates(t *testing.T) {
	if _, ok := NewDate(2023, 2, 29); ok {
		t.Error("29/02/2023 is taken for a day")
	}
	d, ok := NewDate(2024, 2, 29)
	if !ok || d.String() != "2024-02-29" || d.French() != "29/02/2024" {
		t.Errorf("got %v %v", d, ok)
	}
	// The nights on which the clocks change have 23 and 25 hours: days still count one.
	march, _ := NewDate(2023, 3, 25)
	if got := march.AddDays(2).String(); got != "2023-03-27" {
		t.Errorf("two days after 25/03/2023: %s", got)
	}
	if got := WholeDay(march.AddDays(1)).At.Sub(march.AddDays(1).Start()); got != 23*time.Hour-time.Nanosecond {
		t.Errorf("26/03/2023 lasts %s", got)
	}
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(-40000, 40000).Draw(t, "days")
		if got := march.DaysUntil(march.AddDays(n)); got != n {
			t.Fatalf("%d days later is %d days away", n, got)
		}
	})
}

func TestMoments(t *testing.T) {
	at := func(s string) time.Time {
		t.Helper()
		instant, err := time.Parse(time.RFC3339Nano, s)
		if err != nil {
			t.Fatal(err)
		}
		return instant
	}
	tests := []struct {
		moment, instant string
		in              bool
	}{
		{"2023-03-15 14:00", "2023-03-15T14:00:00+01:00", true},
		{"2023-03-15 14:00", "2023-03-15T14:00:00.001+01:00", false},
		{"2023-03-15 14:00", "2023-03-15T13:00:01Z", false},
		{"2023-09-20", "2023-09-20T23:59:59.999+02:00", true},
		{"2023-09-20", "2023-09-20T22:00:00Z", false},
		{"20/09/2023", "2023-09-20T21:59:59Z", true},
		{"11/02/2023 08:30:15", "2023-02-11T08:30:15+01:00", true},
		{"11/02/2023 08:30:15", "2023-02-11T08:30:16+01:00", false},
	}
	for _, tt := range tests {
		m, err := ParseMoment(tt.moment)
		if err != nil {
			t.Fatal(err)
		}
		if got := m.Includes(at(tt.instant)); got != tt.in {
			t.Errorf("%s includes %s: %v, want %v", tt.moment, tt.instant, got, tt.in)
		}
	}
	for _, bad := range []string{"", "2023-13-01", "31/02/2023", "2023-03-15 25:00", "demain", "15/03/23"} {
		if m, err := ParseMoment(bad); err == nil {
			t.Errorf("ParseMoment(%q) = %v", bad, m)
		}
	}
	for instant, want := range map[string]string{
		"2023-03-15T14:00:00+01:00":     "15/03/2023 à 14:00",
		"2023-03-15T13:00:03Z":          "15/03/2023 à 14:00:03",
		"2023-07-01T22:00:00.250+02:00": "01/07/2023 à 22:00:00,250",
	} {
		if got := FrenchInstant(at(instant)); got != want {
			t.Errorf("%s in French: %s, want %s", instant, got, want)
		}
	}
}

func TestNumbersCarryKeys(t *testing.T) {
	for number, want := range map[FINESS]bool{
		"750000010": true, "750000011": false, "2A0000014": true, "2B0000020": true,
		"2C0000014": false, "75000001": false, "7500000180": false, "": false, "2a0000014": false,
	} {
		if got := number.KeyOK(); got != want {
			t.Errorf("FINESS %s: key ok %v, want %v", number, got, want)
		}
	}
	for number, want := range map[SIRET]bool{
		"73282932000074": true, "73282932000075": false, "35600000000048": true,
		"35600000049837": true, // La Poste: the digits add up to a multiple of 5
		"35600000049838": false, "7328293200007": false, "": false,
	} {
		if got := number.KeyOK(); got != want {
			t.Errorf("SIRET %s: key ok %v, want %v", number, got, want)
		}
	}
	if got := NewDossierNumber("LGO1", 1); got != "LGO1-00000001-96" {
		t.Errorf("first dossier: %s", got)
	}
	if got := NewDossierNumber("LGO1", 97); got != "LGO1-00000097-97" {
		t.Errorf("dossier 97: %s", got)
	}
	rapid.Check(t, func(t *rapid.T) {
		d := NewDossierNumber("LGO1", rapid.IntRange(1, 99999999).Draw(t, "sequence"))
		if !d.KeyOK() {
			t.Fatalf("%s has a wrong key", d)
		}
		digit := rapid.IntRange(5, 12).Draw(t, "digit")
		wrong := []byte(d)
		wrong[digit] = '0' + (wrong[digit]-'0'+byte(rapid.IntRange(1, 9).Draw(t, "by")))%10
		if DossierNumber(wrong).KeyOK() {
			t.Fatalf("%s, one digit off %s, passes", wrong, d)
		}
	})
}

func TestFold(t *testing.T) {
	for text, want := range map[string]string{
		"  N°  FINESS\tGéographique ":   "n° finess geographique",
		"l’État au titre du SÉGUR":      "l'etat au titre du segur",
		"l｀Etat":                        "l'etat",
		"l´Etat":                        "l'etat",
		"Cœur de ﬁl":                    "coeur de fil",
		"1\u202f050,00\u00a0€":          "1 050,00 €",
		"non\u2011assujetti":            "non-assujetti",
		"zéro\u200blargeur\u00ad molle": "zerolargeur molle",
		"ＡＦ－ＰＨＡ":                        "af-pha",
		"Straße\x00 et \x1b[31m":        "strasse et [31m",
	} {
		if got := Fold(text); got != want {
			t.Errorf("Fold(%q) = %q, want %q", text, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "s")
		if once, twice := Fold(s), Fold(Fold(s)); once != twice {
			t.Fatalf("Fold(%q) = %q, and folded again %q", s, once, twice)
		}
	})
}

func TestDecideIsTheGravestOutcome(t *testing.T) {
	gravity := []Outcome{Accept, Warn, Review, Complete, Reject}
	decisions := []Decision{Accepted, Accepted, UnderReview, ToComplete, Rejected}
	rapid.Check(t, func(t *rapid.T) {
		worst := 0
		var findings []Finding
		for range rapid.IntRange(0, 6).Draw(t, "n") {
			i := rapid.IntRange(0, 4).Draw(t, "outcome")
			worst = max(worst, i)
			findings = append(findings, Finding{Outcome: gravity[i]})
		}
		if got := Decide(findings); got != decisions[worst] {
			t.Fatalf("%v decided %s, want %s", findings, got, decisions[worst])
		}
	})
}

func TestIdentity(t *testing.T) {
	// printf '73282932000074\nlot-1\n1\n12' | sha256sum
	if got := NewID(Advance, "73282932000074", "lot-1", 1, 12); got != "A-1cd0d014c5889a01f05d" {
		t.Errorf("got %s", got)
	}
}

func TestValuesSurviveJSON(t *testing.T) {
	date, _ := NewDate(2022, 12, 31)
	cents := Cents(-123)
	row := Row{Number: 3, Fields: map[FieldID]Field{
		FieldOrderDate: {State: FieldOK, Cell: "F12", Raw: "31/12/2022", Date: date},
		FieldAmount:    {State: FieldOK, Amount: Amount{Cents: cents, Finer: true}},
		FieldEmail:     {State: FieldBad, Why: "email", Raw: "\u0000é"},
	}}
	data, err := json.Marshal(row)
	if err != nil {
		t.Fatal(err)
	}
	var back Row
	if err := json.Unmarshal(data, &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(row, back); diff != "" {
		t.Error(diff)
	}
}
