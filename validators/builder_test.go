package validators

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"guichet/config"
	"guichet/pipeline/claim"
)

// fakeRegisters are registers held in maps, for tests to change.
type fakeRegisters struct {
	establishments map[claim.FINESS]claim.Establishment
	tranches       map[claim.FINESS]string
	enrolments     map[claim.SIRET][]claim.Enrolment
	solutions      map[string]claim.Solution
	deposits       map[claim.FINESS][]claim.Deposit
}

var _ Registers = (*fakeRegisters)(nil)

func (r *fakeRegisters) Establishment(f claim.FINESS) (claim.Establishment, bool) {
	e, ok := r.establishments[f]
	return e, ok
}

func (r *fakeRegisters) OwnedBy(entity claim.FINESS) []claim.Establishment {
	var owned []claim.Establishment
	for _, e := range r.establishments {
		if e.LegalEntity == entity {
			owned = append(owned, e)
		}
	}
	return owned
}

func (r *fakeRegisters) Tranche(f claim.FINESS) (string, bool) {
	name, ok := r.tranches[f]
	return name, ok
}

func (r *fakeRegisters) Enrolments(s claim.SIRET) []claim.Enrolment { return r.enrolments[s] }

func (r *fakeRegisters) Solution(reference string) (claim.Solution, bool) {
	s, ok := r.solutions[reference]
	return s, ok
}

func (r *fakeRegisters) Deposits(f claim.FINESS) []claim.Deposit { return r.deposits[f] }

// The cast of the tests. All keys are right.
var (
	thePharmacy    = withKey("75000001") // in the tranche of the faultless claim
	otherPharmacy  = withKey("75000002")
	theLegalEntity = claim.FINESS(withKey("75900001"))
	theSupplier    = siretOf("73282932000")
	otherSupplier  = siretOf("55208131700")
	thePublisher   = siretOf("40483304800")
)

const theReference = "LGO-0001"

// withKey adds the Luhn key to a number.
func withKey(digits string) claim.FINESS {
	for key := '0'; key <= '9'; key++ {
		if f := claim.FINESS(digits + string(key)); f.KeyOK() {
			return f
		}
	}
	panic("no key fits " + digits)
}

// siretOf adds the two digits that make a SIRET of 12 or fewer digits valid;
// the SIREN's key must be right already.
func siretOf(digits string) claim.SIRET {
	for n := range 1000 {
		if s := claim.SIRET(digits + fmt.Sprintf("%0*d", 14-len(digits), n)); s.KeyOK() {
			return s
		}
	}
	panic("no key fits " + digits)
}

// paris reads an instant or a day in Paris.
func paris(s string) time.Time {
	for _, layout := range []string{"2006-01-02 15:04:05.999999999", "2006-01-02 15:04", time.DateOnly} {
		if t, err := time.ParseInLocation(layout, s, claim.Paris); err == nil {
			return t
		}
	}
	panic(s + " is no instant")
}

func day(s string) claim.Date {
	if s == "" {
		return claim.Date{}
	}
	d, err := claim.ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d
}

func moment(s string) claim.Moment {
	if s == "" {
		return claim.Moment{}
	}
	m, err := claim.ParseMoment(s)
	if err != nil {
		panic(err)
	}
	return m
}

// theProgramme is read once; tests do not change it.
var theProgramme = sync.OnceValue(func() *config.Programme {
	programme, err := config.LoadProgramme("af-pha-lgo-va1")
	if err != nil {
		panic(err)
	}
	return programme
})

// faultless gives a context and an advance in which no rule finds anything:
// each test spoils one thing. The context's registers are *fakeRegisters.
func faultless() (*Context, *claim.Claim) {
	programme := theProgramme()
	pharmacy := claim.Establishment{
		FINESS: thePharmacy, LegalEntity: theLegalEntity, Name: "PHARMACIE DU PONT NEUF",
		Category: "620", CategoryLabel: "Pharmacie d'Officine", Department: "75", Postcode: "75001", Town: "PARIS",
		SIRET: siretOf("41816609600"),
	}
	other := pharmacy
	other.FINESS, other.LegalEntity, other.Name, other.SIRET = otherPharmacy, "", "PHARMACIE DES HALLES", siretOf("35600000000")
	ctx := &Context{
		Programme: programme,
		Limits:    Limits{DocumentPages: 50, DocumentBytes: 20 << 20},
		Registers: &fakeRegisters{
			establishments: map[claim.FINESS]claim.Establishment{thePharmacy: pharmacy, otherPharmacy: other},
			tranches:       map[claim.FINESS]string{thePharmacy: "B", otherPharmacy: "A"},
			enrolments: map[claim.SIRET][]claim.Enrolment{theSupplier: {{
				Supplier: theSupplier, Name: "OFFISOFT SAS", ANSReference: theReference, From: day("2022-03-01"), VATRegime: claim.LiableToVAT,
			}}},
			solutions: map[string]claim.Solution{theReference: {
				ANSReference: theReference, Name: "OffiSoft Officine", Version: "12.4", Publisher: theSupplier,
				Referenced: day("2022-06-01"), ProofFile: moment("2022-05-02"),
			}},
			deposits: map[claim.FINESS][]claim.Deposit{},
		},
	}
	c := &claim.Claim{
		Kind: claim.Advance, Supplier: theSupplier, Batch: "lot-1", Revision: 1, ReceivedAt: paris("2022-12-01 10:00"),
		Row: claim.Row{Number: 2, Fields: map[claim.FieldID]claim.Field{}},
	}
	c.ID = claim.NewID(c.Kind, c.Supplier, c.Batch, c.Revision, c.Row.Number)
	for id, text := range map[claim.FieldID]string{
		claim.FieldProgramme: "AF-PHA-LGO-Va1", claim.FieldSupplier: string(theSupplier), claim.FieldOrderRef: "CDE-0001",
		claim.FieldVATRegime: claim.LiableToVAT, claim.FieldManager: "Mme Claire MARTIN", claim.FieldFINESS: string(thePharmacy),
		claim.FieldCompanyName: "Pharmacie du Pont Neuf", claim.FieldEmail: "contact@pontneuf.fr", claim.FieldPhone: "0123456789",
		claim.FieldANSReference: theReference, claim.FieldSolution: "OffiSoft Officine", claim.FieldVersion: "12.4",
		claim.FieldOrderFile: "commande-0001.pdf",
	} {
		setText(c, id, text)
	}
	setDate(c, claim.FieldOrderDate, "2022-09-01")
	setAmount(c, "700.00")
	setState(c, claim.FieldVATFile, claim.FieldEmpty)
	c.Documents = []claim.Document{{
		Role: claim.PurchaseOrder, Field: claim.FieldOrderFile, Name: "commande-0001.pdf",
		Object: &claim.Object{Name: "commande-0001.pdf", Size: 20_000, SHA256: strings.Repeat("a1", 32), ReceivedAt: c.ReceivedAt},
		Facts:  orderFacts(c),
	}}
	return ctx, c
}

// registers gives the registers of a faultless context.
func registers(ctx *Context) *fakeRegisters { return ctx.Registers.(*fakeRegisters) }

// change changes a row of a register's map in place.
func change[K comparable, V any](register map[K]V, key K, f func(*V)) {
	row := register[key]
	f(&row)
	register[key] = row
}

// cellOf gives the cell of a column, in the order of the template, on row 2.
func cellOf(kind claim.Kind, id claim.FieldID) string {
	for i, column := range config.TemplateOf(kind).Columns {
		if column.ID == id {
			return fmt.Sprintf("%c2", 'A'+i)
		}
	}
	panic(string(id) + " is no column")
}

func setText(c *claim.Claim, id claim.FieldID, text string) {
	c.Row.Fields[id] = claim.Field{State: claim.FieldOK, Cell: cellOf(c.Kind, id), Raw: text, Text: text}
}

func setDate(c *claim.Claim, id claim.FieldID, date string) {
	d := day(date)
	c.Row.Fields[id] = claim.Field{State: claim.FieldOK, Cell: cellOf(c.Kind, id), Raw: d.French(), Date: d}
}

func setAmount(c *claim.Claim, amount string) {
	cents, err := claim.ParseCents(amount)
	if err != nil {
		panic(err)
	}
	c.Row.Fields[claim.FieldAmount] = claim.Field{
		State: claim.FieldOK, Cell: cellOf(c.Kind, claim.FieldAmount), Raw: strings.ReplaceAll(amount, ".", ","), Amount: claim.Amount{Cents: cents},
	}
}

func setState(c *claim.Claim, id claim.FieldID, state claim.FieldState) {
	field := claim.Field{State: state, Cell: cellOf(c.Kind, id)}
	if state == claim.FieldBad {
		field.Raw = "???"
	}
	c.Row.Fields[id] = field
}

// orderFacts gives the facts of a purchase order that shows all that a row
// says, signed by its pharmacy.
func orderFacts(c *claim.Claim) *claim.Facts {
	signed := claim.Rect{60, 700, 260, 760}
	return &claim.Facts{
		SHA256: strings.Repeat("a1", 32), Extractor: "test", Status: claim.ReadOK, TextSource: claim.TextFromPDF,
		Pages: []claim.Page{pageOf(
			"Bon de commande",
			"Appel à financement : AF-PHA-LGO-Va1",
			"Prestation Ségur",
			"Date de commande : "+c.Row.Field(claim.FieldOrderDate).Date.French(),
			"Régime de TVA : "+c.Row.Text(claim.FieldVATRegime),
			"Montant HT : "+c.Row.Field(claim.FieldAmount).Amount.Cents.French(),
			"Responsable : "+c.Row.Text(claim.FieldManager),
			"FINESS : "+c.Row.Text(claim.FieldFINESS),
			"Raison sociale : "+c.Row.Text(claim.FieldCompanyName),
			"Courriel : "+c.Row.Text(claim.FieldEmail),
			"Téléphone : 01 23 45 67 89",
			"Solution : "+c.Row.Text(claim.FieldSolution)+" version "+c.Row.Text(claim.FieldVersion),
			"Montant pris en charge par l'Etat au titre du Ségur de la santé",
		)},
		Signatures: []claim.Signature{{
			Field: "Signature1", Integrity: claim.Intact, Coverage: claim.CoversWhole, Digest: "SHA-256", Page: 1, Rect: &signed,
			SignedAt: paris("2022-09-02 09:30"), TimeSource: "timestamp",
			Certificate: claim.Certificate{
				CommonName: "Claire MARTIN", Organisation: []string{"PHARMACIE DU PONT NEUF"},
				NotBefore: paris("2021-01-01"), NotAfter: paris("2024-01-01"), Trust: claim.Trusted,
			},
		}},
	}
}

// pageOf sets lines of text on a page, ten points a character.
func pageOf(lines ...string) claim.Page {
	page := claim.Page{Width: 595, Height: 842}
	for n, line := range lines {
		x, y := 60.0, 60+float64(n)*20
		for i, text := range strings.Fields(line) {
			width := 5 * float64(len([]rune(text)))
			word := claim.Word{Text: text, Rect: claim.Rect{x, y, x + width, y + 12}}
			if i == 0 {
				word.Gap = claim.GapLine
			}
			page.Words = append(page.Words, word)
			x += width + 5
		}
	}
	return page
}

// codes gives the codes of findings, a space between.
func codes(findings []claim.Finding) string {
	all := make([]string, len(findings))
	for i, f := range findings {
		all[i] = f.Code
	}
	return strings.Join(all, " ")
}

// codesOf gives the codes of an assessment that are of some chapters.
func codesOf(findings []claim.Finding, chapters ...string) string {
	var kept []claim.Finding
	for _, f := range findings {
		for _, chapter := range chapters {
			if strings.HasPrefix(f.Code, chapter) {
				kept = append(kept, f)
			}
		}
	}
	return codes(kept)
}

// find gives the one finding of a code.
func find(t *testing.T, findings []claim.Finding, code string) claim.Finding {
	t.Helper()
	var found []claim.Finding
	for _, f := range findings {
		if f.Code == code {
			found = append(found, f)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d findings %s among %s, want one", len(found), code, codes(findings))
	}
	return found[0]
}

func TestFaultless(t *testing.T) {
	ctx, c := faultless()
	got := Assess(ctx, c)
	if diff := cmp.Diff([]claim.Finding{}, got.Findings, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("a faultless claim has findings (-want +got):\n%s", diff)
	}
	if got := AssessBatch(ctx, []*claim.Claim{c}); len(got) != 0 {
		t.Errorf("in its batch: %v", got)
	}
	if got := AssessHistory(ctx, c, got, &fakeHistory{}); len(got) != 0 {
		t.Errorf("in its history: %v", got)
	}
	if got := File(ctx, c.Kind, FileInput{
		Supplier: theSupplier, Template: "lot.xlsx", Claims: []*claim.Claim{c},
		Objects: []claim.Object{{Name: "lot.xlsx"}, *c.Documents[0].Object},
	}); len(got) != 0 {
		t.Errorf("in its file: %v", got)
	}
}
