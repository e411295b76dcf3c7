package publish

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"strings"

	"guichet/pipeline/claim"
	"guichet/pipeline/objectstore"
)

// Notices are what a supplier is told on one day of the recovery of what was
// paid to it (AF §6.2 end, §7): notices, orders to repay, and settlements.
type Notices struct {
	Supplier claim.SIRET
	Day      claim.Date
	Events   []claim.Recovery // in the order in which they were recorded
}

// indusFolder is the folder of a supplier's recoveries, with a slash at its end.
func indusFolder(supplier claim.SIRET) string { return fmt.Sprintf("outbox/%s/indus/", supplier) }

var indusHeader = strings.Split("dossier;status;codes;amount;finess;company_name;order_ref;paid_advance;paid_balance;notified_on;until;reason;letter;supplier;programme", ";")

// RenderNotices makes the objects of a supplier's day, in the order in which
// they are put: a letter a dossier, the JSON lines, and the CSV, which names
// the letters, last. They depend on the notices alone. It fails with
// ErrInconsistent on events that are another supplier's or another day's, or
// that suppliers are not told of.
func RenderNotices(n Notices) ([]Output, error) {
	letters := map[string][]claim.Recovery{} // by dossier
	var dossiers []string
	var lines table
	var objects bytes.Buffer
	for _, e := range n.Events {
		if e.Supplier != n.Supplier || e.Day() != n.Day || !e.Told() {
			return nil, fmt.Errorf("%w: an event of dossier %s is not for %s on %s", ErrInconsistent, e.Dossier, n.Supplier, n.Day)
		}
		if letters[e.Dossier] == nil {
			dossiers = append(dossiers, e.Dossier)
		}
		letters[e.Dossier] = append(letters[e.Dossier], e)
		lines.add(indusCells(e))
		line, err := encode(indusJSON(e))
		if err != nil {
			return nil, fmt.Errorf("dossier %s: %w", e.Dossier, err)
		}
		objects.Write(append(line, '\n'))
	}
	var outputs []Output
	add := func(name string, data []byte) {
		outputs = append(outputs, Output{Key: indusFolder(n.Supplier) + name, Name: name, Data: data})
	}
	for _, dossier := range dossiers {
		letter, err := letter(letters[dossier])
		if err != nil {
			return nil, fmt.Errorf("letter on dossier %s: %w", dossier, err)
		}
		add(letterName(n.Day, dossier), letter)
	}
	add(n.Day.String()+".jsonl", objects.Bytes())
	add(n.Day.String()+".csv", lines.bytes(indusHeader))
	return outputs, nil
}

// Notify puts the objects of a supplier's day into the store, each
// read back and compared, the CSV last: whatever line stands in it has its
// letter beside it. It gives the digest by which [SumNotices] knows them again.
func Notify(ctx context.Context, store objectstore.Store, n Notices) (sha256 string, err error) {
	outputs, err := RenderNotices(n)
	if err != nil {
		return "", err
	}
	sums := make(map[string]string, len(outputs))
	for _, output := range outputs {
		if err := put(ctx, store, output, store.Put); err != nil {
			return "", fmt.Errorf("publishing %s: %w", output.Key, err)
		}
		sums[output.Key] = digest(output.Data)
	}
	return SumNotices(outputs, sums), nil
}

// SumNotices gives the one digest of the objects of a supplier's day, given
// the digest of each by its key: that of their lines as sha256sum writes them.
func SumNotices(outputs []Output, sums map[string]string) string {
	var lines bytes.Buffer
	for _, output := range outputs {
		fmt.Fprintf(&lines, "%s  %s\n", sums[output.Key], output.Name)
	}
	return digest(lines.Bytes())
}

func letterName(day claim.Date, dossier string) string {
	return day.String() + "-" + dossier + ".html"
}

// paidFor gives what was paid on a dossier for a kind of claims; nil for nothing.
func paidFor(r claim.Recovery, kind claim.Kind) *claim.Cents {
	for _, p := range r.Paid {
		if p.Kind == kind {
			return &p.Amount
		}
	}
	return nil
}

func indusCells(r claim.Recovery) []cell {
	return []cell{
		text(r.Dossier), text(r.Status), text(strings.Join(r.Codes(), " ")), money(&r.Amount), text(r.FINESS), text(r.CompanyName), text(r.OrderRef),
		money(paidFor(r, claim.Advance)), money(paidFor(r, claim.Balance)), cell(r.NotifiedOn.String()), cell(r.Until.String()),
		text(r.Reason), text(letterName(r.Day(), r.Dossier)), text(r.Supplier), text(r.Programme),
	}
}

// indusLine is a JSON line; the order of its fields is that of the keys.
type indusLine struct {
	Dossier     *string       `json:"dossier"`
	Status      *string       `json:"status"`
	Codes       []string      `json:"codes"`
	Amount      claim.Cents   `json:"amount"`
	Supplier    *string       `json:"supplier"`
	Programme   *string       `json:"programme"`
	FINESS      *string       `json:"finess"`
	CompanyName *string       `json:"company_name"`
	OrderRef    *string       `json:"order_ref"`
	NotifiedOn  *string       `json:"notified_on"`
	Until       *string       `json:"until"`
	Paid        []paymentJSON `json:"paid"`
	Grounds     []groundJSON  `json:"grounds"`
	Reason      *string       `json:"reason"`
	Letter      *string       `json:"letter"`
}

type paymentJSON struct {
	Claim      *string     `json:"claim"`
	Kind       *string     `json:"kind"`
	Batch      *string     `json:"batch"`
	ReceivedAt *string     `json:"received_at"`
	Amount     claim.Cents `json:"amount"`
}

type groundJSON struct {
	Code    *string `json:"code"`
	Section *string `json:"section"`
	Message *string `json:"message"`
	Remedy  *string `json:"remedy"`
}

func indusJSON(r claim.Recovery) indusLine {
	return indusLine{
		Dossier: orNull(r.Dossier), Status: orNull(string(r.Status)), Codes: r.Codes(), Amount: r.Amount,
		Supplier: orNull(string(r.Supplier)), Programme: orNull(r.Programme), FINESS: orNull(string(r.FINESS)),
		CompanyName: orNull(r.CompanyName), OrderRef: orNull(r.OrderRef), NotifiedOn: orNull(r.NotifiedOn.String()), Until: orNull(r.Until.String()),
		Paid: each(r.Paid, func(p claim.Payment) paymentJSON {
			return paymentJSON{orNull(string(p.Claim)), orNull(string(p.Kind)), orNull(p.Batch), orNull(instant(p.ReceivedAt)), p.Amount}
		}),
		Grounds: each(r.Grounds, func(f claim.Finding) groundJSON {
			return groundJSON{orNull(f.Code), orNull(f.Section), orNull(f.Message), orNull(f.Remedy)}
		}),
		Reason: orNull(r.Reason), Letter: orNull(letterName(r.Day(), r.Dossier)),
	}
}

//go:embed indus.css
var indusStyle string

//go:embed indus.html
var indusText string

// indusLetter is the letter on a dossier. Its data are the dossier's events of
// the day. Nothing but the style, known by its digest, is let in.
var indusLetter = template.Must(template.New("indus").Funcs(template.FuncMap{
	"style":    func() template.CSS { return template.CSS(indusStyle) }, //nolint:gosec // embedded
	"digest":   func() string { return "sha256-" + base64.StdEncoding.EncodeToString(digestOf(indusStyle)) },
	"plain":    plain,
	"day":      func(r claim.Recovery) string { return r.Day().French() },
	"siret":    spacedSIRET,
	"received": claim.FrenchInstant,
	"share": func(k claim.Kind) string {
		return map[claim.Kind]string{claim.Advance: "Avance", claim.Balance: "Solde"}[k]
	},
}).Parse(indusText))

func digestOf(text string) []byte {
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}

// letter writes what a supplier is told of one dossier on one day.
func letter(events []claim.Recovery) ([]byte, error) {
	var out bytes.Buffer
	if err := indusLetter.Execute(&out, events); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// plain keeps out of a text what cannot be seen, and what turns the direction
// of the words around it.
func plain(value any) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0x200e || r == 0x200f || r == 0x061c {
			return '\ufffd'
		}
		return r
	}, strings.ToValidUTF8(fmt.Sprint(value), "\ufffd"))
}

// spacedSIRET gives a SIRET as it is written in letters: 732 829 320 00074,
// with no-break blanks.
func spacedSIRET(s claim.SIRET) string {
	if len(s) != 14 {
		return string(s)
	}
	return fmt.Sprintf("%s\u00a0%s\u00a0%s\u00a0%s", s[:3], s[3:6], s[6:9], s[9:])
}
