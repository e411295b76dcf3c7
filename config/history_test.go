package config

import (
	"strings"
	"testing"

	"guichet/pipeline/claim"
)

// TestHistoryOfTheCall: AF-PHA-LGO-Va1 as its V1.2 of 7 April 2023 tells it.
// Its deadlines are those in force; of the versions before not all is known.
func TestHistoryOfTheCall(t *testing.T) {
	p := call(t)
	versions := p.Versions()
	if len(versions) != 3 || versions[0].Version != "V1" || versions[1].Version != "V1.1" || versions[2].Version != "V1.2" {
		t.Fatalf("got %+v, want V1, V1.1 and V1.2", versions)
	}
	last := versions[2]
	if last.Date != (claim.Date{Year: 2023, Month: 4, Day: 7}) || last.Deadlines != p.Calendar.Deadlines {
		t.Errorf("got %+v, want V1.2 of 7 April 2023 with the calendar's deadlines", last)
	}
	for _, v := range versions[:2] {
		if v.Source == "" {
			t.Errorf("%s: nothing says where its dates are known from", v.Version)
		}
	}
	alone := *p
	alone.History = nil
	if got := alone.Versions(); len(got) != 1 || got[0].Version != "V1.2" || got[0].Deadlines != p.Calendar.Deadlines {
		t.Errorf("without a history: got %+v, want the programme's version alone", got)
	}
}

func TestHistoryIsOneOfExtensions(t *testing.T) {
	whole, err := programmes.ReadFile("programmes/af-pha-lgo-va1.yaml")
	if err != nil {
		t.Fatal(err)
	}
	before, _, _ := strings.Cut(string(whole), "history:")
	_, after, _ := strings.Cut(string(whole), "\nbeneficiary:")
	for name, test := range map[string]struct{ history, want string }{
		"nothing is known":          {"- version: V1\n- version: V1.2\n", ""},
		"the same dates":            {"- { version: V1, deadlines: { closing: 2023-03-15 14:00 } }\n- { version: V1.2, deadlines: { closing: 2023-03-15 14:00, firm_date: 2023-06-15 } }\n", ""},
		"over a gap":                {"- { version: V1, deadlines: { closing: 2022-10-01 } }\n- version: V1.1\n- version: V1.2\n", ""},
		"a deadline goes back":      {"- { version: V1, deadlines: { closing: 2022-12-18 } }\n- version: V1.1\n- version: V1.15\n  deadlines:\n    closing: 2022-12-17 14:00\n- version: V1.2\n", "history[2].deadlines.closing: is before that of an earlier version"},
		"past the one in force":     {"- version: V1\n  deadlines: { services_end: 2023-09-21 }\n- version: V1.2\n", "history[0].deadlines.services_end: is after the calendar's, 20/09/2023"},
		"a minute past":             {"- version: V1\n  deadlines: { final_closing: 2023-12-14 14:01 }\n- version: V1.2\n", "history[0].deadlines.final_closing: is after"},
		"the last is another":       {"- version: V1\n- version: V1.3\n", "history[1].version: the last version must be the programme's, V1.2"},
		"the last is another's":     {"- { version: V1.2, deadlines: { firm_date: 2023-06-14 } }\n", "history[0].deadlines.firm_date: is not the calendar's, 15/06/2023"},
		"the day, but not the time": {"- { version: V1.2, deadlines: { closing: 2023-03-15 13:59 } }\n", "history[0].deadlines.closing: is not the calendar's, 15/03/2023 à 14:00"},
		"versions out of order":     {"- { version: V1, date: 2023-01-02 }\n- version: V1.1\n- { version: V1.2, date: 2023-01-01 }\n", "history[2].date: is before that of an earlier version"},
		"no name":                   {"- date: 2022-02-12\n- version: V1.2\n", "history[0]: a version needs its name"},
		"no such deadline":          {"- { version: V1.2, deadlines: { opening: 2022-02-12 } }\n", `unknown field "opening"`},
		"no such day":               {"- { version: V1.2, date: 2023-02-29 }\n", "history[0].date: \"2023-02-29\" is not a day"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ParseProgramme("changed", []byte(before+"history:\n"+test.history+"\nbeneficiary:"+after))
			switch {
			case test.want == "" && err != nil:
				t.Error(err)
			case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "\n> ")):
				t.Errorf("got %v, want %q and the line marked", err, test.want)
			}
		})
	}
}
