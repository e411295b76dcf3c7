package publish

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed" // the page and its style
	"encoding/base64"
	"fmt"
	"html/template"
	"slices"
	"strings"

	"guichet/config"
	"guichet/pipeline/claim"
	"guichet/pipeline/objectstore"
)

// Deadline is one of the calendar that a duty of a dossier ends with (AF §2).
type Deadline string

// The deadlines, by their keys in the programme's calendar.
const (
	FirmDate     Deadline = "firm_date"
	ServicesEnd  Deadline = "services_end"
	FinalClosing Deadline = "final_closing"
)

// Of gives the deadline in a calendar.
func (d Deadline) Of(calendar config.Calendar) claim.Moment {
	switch d {
	case FirmDate:
		return claim.WholeDay(calendar.FirmDate)
	case ServicesEnd:
		return calendar.ServicesEnd
	case FinalClosing:
		return calendar.FinalClosing
	}
	return claim.Moment{}
}

// Action is what a supplier does about a duty.
type Action string

// The actions.
const (
	ConfirmDate       Action = "confirm_date"       // of the service
	Finish            Action = "finish"             // the service, and file its balance or the completion declaration
	FileBalance       Action = "file_balance"       //
	CorrectBalance    Action = "correct_balance"    // the last one is to complete: file it again
	CorrectCompletion Action = "correct_completion" // the last declaration is to complete: file it again
	Await             Action = "await"              // a completion is under review: nothing before it is decided
	TooLate           Action = "too_late"           // no completion was received in time: a balance would be rejected (DEL-04)
)

// Duty is what a supplier must do for a dossier until a deadline.
type Duty struct {
	Deadline    Deadline
	Until       claim.Moment
	DaysLeft    int // calendar days in Paris; 0: today
	Action      Action
	Supplier    claim.SIRET
	Dossier     claim.DossierNumber
	FINESS      claim.FINESS
	CompanyName string // of the pharmacy, the register's
	OrderRef    string // the advance's
	// Balance and Completion are the decisions on what was filed for the
	// dossier, those that count; empty: nothing was.
	Balance, Completion claim.Decision
}

// Reminder is what a supplier is reminded of on a day.
type Reminder struct {
	Programme *config.Programme
	Supplier  claim.SIRET
	Day       claim.Date // in Paris
	Duties    []Duty     // of this supplier, in the order in which they are told
}

// Remind puts a reminder into the store, as outbox/<SIRET>/rappels/<day>.html
// and then .csv, each whole and read back, and gives the key of the table: where
// it stands, the page does. Both depend on the reminder alone; those of the same
// day are replaced.
func Remind(ctx context.Context, store objectstore.Store, r Reminder) (key string, err error) {
	outputs, err := RenderReminder(r)
	if err != nil {
		return "", err
	}
	for _, output := range outputs {
		if err := put(ctx, store, output, store.Put); err != nil {
			return "", fmt.Errorf("publishing %s: %w", output.Key, err)
		}
		key = output.Key
	}
	return key, nil
}

// RenderReminder makes the objects of a reminder in the order in which they are
// put: the page, then the table. Another supplier's duty is ErrInconsistent.
func RenderReminder(r Reminder) ([]Output, error) {
	if i := slices.IndexFunc(r.Duties, func(d Duty) bool { return d.Supplier != r.Supplier }); i >= 0 {
		return nil, fmt.Errorf("%w: dossier %s is not of supplier %s", ErrInconsistent, r.Duties[i].Dossier, r.Supplier)
	}
	page, err := r.page()
	if err != nil {
		return nil, err
	}
	outputs := []Output{{Name: r.Day.String() + ".html", Data: page}, {Name: r.Day.String() + ".csv", Data: r.table()}}
	for i := range outputs {
		outputs[i].Key = fmt.Sprintf("outbox/%s/rappels/%s", r.Supplier, outputs[i].Name)
	}
	return outputs, nil
}

var reminderHeader = strings.Split("deadline;until;days_left;dossier;finess;company_name;order_ref;action;balance;completion;message;supplier", ";")

func (r Reminder) table() []byte {
	var t table
	for _, d := range r.Duties {
		t.add([]cell{
			text(d.Deadline), cell(instant(d.Until.At)), cell(fmt.Sprint(d.DaysLeft)), text(d.Dossier), text(d.FINESS), text(d.CompanyName),
			text(d.OrderRef), text(d.Action), text(d.Balance), text(d.Completion), text(r.Message(d)), text(d.Supplier),
		})
	}
	return t.bytes(reminderHeader)
}

// Message tells a supplier what to do about a duty.
func (r Reminder) Message(d Duty) string {
	closing := minuteOf(r.Programme.Calendar.FinalClosing)
	switch d.Action {
	case ConfirmDate:
		return "Confirmez une date ferme de réalisation de la prestation ; si elle est déjà achevée, déposez le solde (lot SOLDE) ou l'attestation de fin de prestation (lot FIN)."
	case Finish:
		return "Achevez la prestation, puis déposez le solde (lot SOLDE) ou, s'il ne peut pas être déposé à temps, l'attestation de fin de prestation (lot FIN)."
	case FileBalance:
		return "Déposez le solde (lot SOLDE)."
	case CorrectBalance:
		return "Votre demande de solde est à compléter : déposez-la à nouveau, corrigée (lot SOLDE)."
	case CorrectCompletion:
		return "Votre attestation de fin de prestation est à compléter : déposez-la à nouveau, corrigée (lot FIN), ou déposez le solde (lot SOLDE)."
	case Await:
		return "Votre attestation de fin de prestation est en cours d'examen : vous n'avez rien à faire avant la décision. Le solde devra ensuite être reçu au plus tard le " + closing + "."
	case TooLate:
		return "Aucune attestation de fin de prestation n'a été acceptée parmi celles reçues au plus tard le " + r.Programme.Calendar.ServicesEnd.French() +
			" : un solde déposé maintenant serait rejeté. Adressez-vous à l'ASP."
	}
	return ""
}

// minuteOf tells a deadline to its last minute that is in time: 15/06/2023 à 23:59.
func minuteOf(m claim.Moment) string { return m.At.In(claim.Paris).Format("02/01/2006 à 15:04") }

//go:embed reminder.html
var reminderHTML string

//go:embed reminder.css
var reminderStyle string

var reminderPage = template.Must(template.New("reminder").Parse(reminderHTML))

// part of the page: the duties of one deadline.
type reminderPart struct {
	Title, Until string
	Days         string
	Duties       []reminderLine
}

type reminderLine struct {
	Duty
	Message string
}

var deadlineTitles = map[Deadline]string{
	FirmDate:     "Date ferme de la prestation",
	ServicesEnd:  "Fin des prestations",
	FinalClosing: "Clôture : dernière réception d'un solde",
}

func (r Reminder) page() ([]byte, error) {
	var parts []reminderPart
	for _, d := range r.Duties {
		title := deadlineTitles[d.Deadline]
		if len(parts) == 0 || parts[len(parts)-1].Title != title {
			parts = append(parts, reminderPart{Title: title, Until: minuteOf(d.Until), Days: daysLeft(d.DaysLeft)})
		}
		part := &parts[len(parts)-1]
		d.CompanyName, d.OrderRef = visible(d.CompanyName), visible(d.OrderRef)
		part.Duties = append(part.Duties, reminderLine{d, r.Message(d)})
	}
	hash := sha256.Sum256([]byte(reminderStyle))
	var page bytes.Buffer
	err := reminderPage.Execute(&page, map[string]any{
		"Policy":    "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) + "'; base-uri 'none'; form-action 'none'",
		"Style":     template.CSS(reminderStyle), //nolint:gosec // ours
		"Programme": r.Programme, "Supplier": r.Supplier, "Day": r.Day.French(), "Parts": parts,
	})
	if err != nil {
		return nil, fmt.Errorf("reminder of %s: %w", r.Supplier, err)
	}
	return page.Bytes(), nil
}

func daysLeft(days int) string {
	switch days {
	case 0:
		return "aujourd'hui"
	case 1:
		return "demain"
	}
	return fmt.Sprintf("dans %d jours", days)
}
