package publish_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"html"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"guichet/config"
	"guichet/pipeline/claim"
	"guichet/pipeline/objectstore"
	"guichet/pipeline/publish"
)

func programme(t *testing.T) *config.Programme {
	t.Helper()
	p, err := config.LoadProgramme("af-pha-lgo-va1")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// june reminds of every action, on 1 June 2023. Its texts try to get out of
// their cells.
func june(t *testing.T) publish.Reminder {
	t.Helper()
	p := programme(t)
	day, _ := claim.NewDate(2023, 6, 1)
	duty := func(deadline publish.Deadline, action publish.Action, sequence int, balance, completion claim.Decision, orderRef string) publish.Duty {
		until := deadline.Of(p.Calendar)
		return publish.Duty{
			Deadline: deadline, Until: until, DaysLeft: day.DaysUntil(until.Day), Action: action, Supplier: supplier,
			Dossier: claim.NewDossierNumber("LGO1", sequence), FINESS: "750001018", CompanyName: "PHARMACIE DE L'ÎLE & <FILS>",
			OrderRef: orderRef, Balance: balance, Completion: completion,
		}
	}
	return publish.Reminder{Programme: p, Supplier: supplier, Day: day, Duties: []publish.Duty{
		duty(publish.FirmDate, publish.ConfirmDate, 1, "", "", "BC-1"),
		duty(publish.ServicesEnd, publish.Finish, 1, "", "", `=HYPERLINK("http://example.org";"x")`),
		duty(publish.ServicesEnd, publish.CorrectBalance, 2, claim.ToComplete, "", "<script>alert(1)</script>"),
		duty(publish.ServicesEnd, publish.CorrectCompletion, 3, "", claim.ToComplete, "-600.00"),
		duty(publish.ServicesEnd, publish.Await, 4, "", claim.UnderReview, "BC\n4\x00\x1b[31m"),
		duty(publish.FinalClosing, publish.FileBalance, 5, "", claim.Accepted, `"><img src=x onerror=alert(1)>`),
		duty(publish.FinalClosing, publish.TooLate, 6, claim.Rejected, claim.Rejected, "{{.Supplier}}"),
	}}
}

func TestReminderGolden(t *testing.T) {
	outputs, err := publish.RenderReminder(june(t))
	if err != nil {
		t.Fatal(err)
	}
	const folder = "outbox/73282932000074/rappels/2023-06-01"
	if len(outputs) != 2 || outputs[0].Key != folder+".html" || outputs[1].Key != folder+".csv" {
		t.Fatalf("the page is put before the table: %v", outputs)
	}
	for _, output := range outputs {
		golden := filepath.Join("testdata", "golden", "reminder", filepath.FromSlash(output.Key))
		if *update {
			if err := errors.Join(os.MkdirAll(filepath.Dir(golden), 0o750), os.WriteFile(golden, output.Data, 0o600)); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(output.Data)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", golden, diff)
		}
	}
}

// The page is closed in itself: its policy allows its own style and nothing
// else, and no text of a supplier becomes markup.
func TestReminderPageIsClosed(t *testing.T) {
	reminder := june(t)
	outputs, err := publish.RenderReminder(reminder)
	if err != nil {
		t.Fatal(err)
	}
	page := string(outputs[0].Data)
	style := regexp.MustCompile(`(?s)<style>(.*)</style>`).FindStringSubmatch(page)
	policy := regexp.MustCompile(`<meta http-equiv="Content-Security-Policy" content="([^"]*)">`).FindStringSubmatch(page)
	if style == nil || policy == nil || strings.Index(page, policy[0]) > strings.Index(page, style[0]) {
		t.Fatal("the page has no policy before its style")
	}
	sum := sha256.Sum256([]byte(style[1]))
	want := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'"
	if got := html.UnescapeString(policy[1]); got != want {
		t.Errorf("the policy is %q, want %q", got, want)
	}
	elements := map[string]bool{}
	for _, tag := range regexp.MustCompile(`<([a-zA-Z]+)[^>]*>`).FindAllStringSubmatch(page, -1) {
		elements[tag[1]] = true
		if attributes := regexp.MustCompile(`\s([a-z-]+)=`).FindAllStringSubmatch(tag[0], -1); tag[1] != "meta" {
			for _, a := range attributes {
				if a[1] != "class" && a[1] != "scope" && a[1] != "lang" {
					t.Errorf("%s has the attribute %s", tag[0], a[1])
				}
			}
		}
	}
	for _, no := range []string{"script", "img", "a", "link", "iframe", "form", "object", "FILS", "svg"} {
		if elements[no] {
			t.Errorf("the page has an element %s", no)
		}
	}
	if got, want := strings.Count(page, "<tr>"), len(reminder.Duties)+3; got != want {
		t.Errorf("%d rows, want %d", got, want)
	}
	for _, text := range []string{
		"PHARMACIE DE L&#39;ÎLE &amp; &lt;FILS&gt;", "{{.Supplier}}", "&lt;script&gt;alert(1)&lt;/script&gt;",
		"Au plus tard le 15/06/2023 à 23:59, heure de Paris (dans 14 jours).",
		"Au plus tard le 20/09/2023 à 23:59, heure de Paris (dans 111 jours).",
		"Au plus tard le 14/12/2023 à 14:00, heure de Paris (dans 196 jours).",
	} {
		if !strings.Contains(page, text) {
			t.Errorf("the page lacks %q", text)
		}
	}
}

// The table is in the dialect of the other results: what a spreadsheet would
// take for a formula is a text, and until is the last instant in time.
func TestReminderTable(t *testing.T) {
	reminder := june(t)
	outputs, err := publish.RenderReminder(reminder)
	if err != nil {
		t.Fatal(err)
	}
	records := parseCSV(t, outputs[1].Data)
	header := "deadline;until;days_left;dossier;finess;company_name;order_ref;action;balance;completion;message;supplier"
	if got := strings.Join(records[0], ";"); got != header {
		t.Errorf("header %q, want %q", got, header)
	}
	for i, want := range [][]string{
		{"firm_date", "2023-06-15T23:59:59.999+02:00", "14", "LGO1-00000001-96", "BC-1", "confirm_date", "", ""},
		{"services_end", "2023-09-20T23:59:59.999+02:00", "111", "LGO1-00000001-96", `'=HYPERLINK("http://example.org";"x")`, "finish", "", ""},
		{"services_end", "2023-09-20T23:59:59.999+02:00", "111", "LGO1-00000002-95", "<script>alert(1)</script>", "correct_balance", "to_complete", ""},
		{"services_end", "2023-09-20T23:59:59.999+02:00", "111", "LGO1-00000003-94", "'-600.00", "correct_completion", "", "to_complete"},
		{"services_end", "2023-09-20T23:59:59.999+02:00", "111", "LGO1-00000004-93", "BC\n4\ufffd\ufffd[31m", "await", "", "under_review"},
		{"final_closing", "2023-12-14T14:00:00+01:00", "196", "LGO1-00000005-92", `"><img src=x onerror=alert(1)>`, "file_balance", "", "accepted"},
		{"final_closing", "2023-12-14T14:00:00+01:00", "196", "LGO1-00000006-91", "{{.Supplier}}", "too_late", "rejected", "rejected"},
	} {
		got := records[i+1]
		if diff := cmp.Diff(want, []string{got[0], got[1], got[2], got[3], got[6], got[7], got[8], got[9]}); diff != "" {
			t.Errorf("line %d (-want +got):\n%s", i+1, diff)
		}
		if got[4] != "750001018" || got[10] == "" || got[11] != string(supplier) {
			t.Errorf("line %d: %q", i+1, got)
		}
	}
}

func TestRemindReplacesTheSameDay(t *testing.T) {
	d, reminder := directory(t), june(t)
	for range 2 {
		key, err := publish.Remind(t.Context(), d, reminder)
		if err != nil || key != "outbox/73282932000074/rappels/2023-06-01.csv" {
			t.Fatal(key, err)
		}
	}
	first := contents(t, d)
	reminder.Duties = reminder.Duties[:1]
	if _, err := publish.Remind(t.Context(), d, reminder); err != nil {
		t.Fatal(err)
	}
	outputs, err := publish.RenderReminder(reminder)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{outputs[0].Key: string(outputs[0].Data), outputs[1].Key: string(outputs[1].Data)}
	if diff := cmp.Diff(want, contents(t, d)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(first) != 2 || first[outputs[1].Key] == want[outputs[1].Key] {
		t.Error("both reminders are the same")
	}
}

func TestReminderHoldsNothingOfAnother(t *testing.T) {
	d, reminder := directory(t), june(t)
	reminder.Duties[3].Supplier = "55208131766522"
	if _, err := publish.Remind(t.Context(), d, reminder); !errors.Is(err, publish.ErrInconsistent) {
		t.Errorf("error %v, want ErrInconsistent", err)
	}
	if got := contents(t, d); len(got) != 0 {
		t.Errorf("written all the same: %d objects", len(got))
	}
}

// garbling stores something else than it is given.
type garbling struct{ objectstore.Store }

func (g garbling) Put(ctx context.Context, key string, data []byte) error {
	return g.Store.Put(ctx, key, data[:len(data)-1])
}

func TestReminderIsReadBack(t *testing.T) {
	d := directory(t)
	if _, err := publish.Remind(t.Context(), garbling{d}, june(t)); !errors.Is(err, publish.ErrReadBack) {
		t.Errorf("error %v, want ErrReadBack", err)
	}
	if _, ok := contents(t, d)["outbox/73282932000074/rappels/2023-06-01.csv"]; ok {
		t.Error("the table stands without its page")
	}
}
