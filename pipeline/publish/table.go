package publish

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"time"

	"guichet/pipeline/claim"
)

const byteOrderMark = "\ufeff"

var (
	acceptedHeader  = strings.Split("claim;kind;dossier;finess;company_name;order_ref;tranche;amount_excl_tax;payable_total;share;amount_due;received_at;supplier;batch;revision;vat_regime", ";")
	withdrawnHeader = append(slices.Clone(acceptedHeader), "reason")
	rejectedHeader  = strings.Split("claim;kind;row;finess;dossier;order_ref;decision;code;outcome;section;cell;field;value;document;page;message;remedy", ";")
	pendingHeader   = strings.Split("claim;kind;row;finess;dossier;order_ref", ";")
)

// cell is one cell of a CSV, already written as it is to stand there.
type cell string

// text gives the cell of a text. One that a spreadsheet would take for a
// formula gets a leading apostrophe, even when it is a plain number.
func text[T ~string](value T) cell {
	s := visible(string(value))
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		s = "'" + s
	}
	if strings.ContainsAny(s, ";\"\r\n") {
		s = `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
	}
	return cell(s)
}

// visible keeps out of a text what no file should hold.
func visible(s string) string {
	return strings.Map(printable, strings.ToValidUTF8(s, "\ufffd"))
}

// printable keeps out what breaks readers of CSV and cannot be seen.
func printable(r rune) rune {
	if r < ' ' && r != '\t' && r != '\r' && r != '\n' || r == 0x7f {
		return '\ufffd'
	}
	return r
}

// number gives the cell of a number; 0 is none.
func number(n int) cell {
	if n == 0 {
		return ""
	}
	return cell(strconv.Itoa(n))
}

func money(amount *claim.Cents) cell {
	if amount == nil {
		return ""
	}
	return cell(amount.String())
}

// table is the lines of a CSV.
type table struct{ lines bytes.Buffer }

func (t *table) add(cells []cell) {
	for i, c := range cells {
		if i > 0 {
			t.lines.WriteByte(';')
		}
		t.lines.WriteString(string(c))
	}
	t.lines.WriteString("\r\n")
}

func (t *table) bytes(header []string) []byte {
	return []byte(byteOrderMark + strings.Join(header, ";") + "\r\n" + t.lines.String())
}

func acceptedCells(r claim.Result) []cell {
	amounts, share := r.Amounts, cell(r.Kind)
	if r.Kind == claim.Completion {
		amounts, share = claim.Amounts{}, ""
	}
	return []cell{
		text(r.Claim), text(r.Kind), text(r.Dossier), text(r.FINESS), text(r.CompanyName), text(r.OrderRef), text(r.Tranche),
		money(amounts.ExclTax), money(amounts.PayableTotal), share, money(amounts.AmountDue),
		cell(instant(r.ReceivedAt)), text(r.Supplier), text(r.Batch), number(r.Revision), text(r.VATRegime),
	}
}

func rejectedCells(r claim.Result, f claim.Finding) []cell {
	return []cell{
		text(r.Claim), text(r.Kind), number(r.Row), text(r.FINESS), text(r.Dossier), text(r.OrderRef), text(r.Decision),
		text(f.Code), text(f.Outcome), text(f.Section), text(f.Cell), text(f.Field), text(f.Value), text(f.Document), number(f.Page),
		text(f.Message), text(f.Remedy),
	}
}

func pendingCells(r claim.Result) []cell {
	return []cell{text(r.Claim), text(r.Kind), number(r.Row), text(r.FINESS), text(r.Dossier), text(r.OrderRef)}
}

// instant gives RFC 3339 with the offset of Paris, with milliseconds when they
// are not zero; nothing for no instant.
func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	t = t.In(claim.Paris)
	if t.Nanosecond() >= int(time.Millisecond) {
		return t.Format("2006-01-02T15:04:05.000Z07:00")
	}
	return t.Format(time.RFC3339)
}
