package settle

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"guichet/config"
	"guichet/pipeline/claim"
	"guichet/pipeline/ledger"
	"guichet/validators"
)

// town is the registers of the tests.
type town struct {
	establishments map[claim.FINESS]claim.Establishment
	tranches       map[claim.FINESS]string
}

var _ validators.Registers = (*town)(nil)

func (r *town) Establishment(f claim.FINESS) (claim.Establishment, bool) {
	e, ok := r.establishments[f]
	return e, ok
}

func (r *town) Tranche(f claim.FINESS) (string, bool) {
	name, ok := r.tranches[f]
	return name, ok
}

func (*town) OwnedBy(claim.FINESS) []claim.Establishment { return nil }
func (*town) Enrolments(claim.SIRET) []claim.Enrolment   { return nil }
func (*town) Solution(string) (claim.Solution, bool)     { return claim.Solution{}, false }
func (*town) Deposits(claim.FINESS) []claim.Deposit      { return nil }

// pharmacy gives the n-th pharmacy's number.
func pharmacy(n int) claim.FINESS {
	for key := range 10 {
		if f := claim.FINESS(fmt.Sprintf("75%06d%d", n, key)); f.KeyOK() {
			return f
		}
	}
	panic("no key fits")
}

// siret gives the n-th SIRET of a company.
func siret(n int) claim.SIRET {
	for key := range 10 {
		if s := claim.SIRET(fmt.Sprintf("732829320%04d%d", n, key)); s.KeyOK() {
			return s
		}
	}
	panic("no key fits")
}

var supplierA, supplierB = siret(1), siret(2)

// newTown gives a context with pharmacies 1 to n in Paris, in tranche D, the
// first 9,000 with a SIRET of their own.
func newTown(t testing.TB, n int) *validators.Context {
	t.Helper()
	programme, err := config.LoadProgramme("af-pha-lgo-va1")
	if err != nil {
		t.Fatal(err)
	}
	r := &town{establishments: map[claim.FINESS]claim.Establishment{}, tranches: map[claim.FINESS]string{}}
	for i := 1; i <= n; i++ {
		f := pharmacy(i)
		r.establishments[f] = claim.Establishment{
			FINESS: f, Name: fmt.Sprint("PHARMACIE ", i), Category: "620", Department: "75", Postcode: "75001",
		}
		if i <= 9000 {
			r.change(f, func(e *claim.Establishment) { e.SIRET = siret(100 + i) })
		}
		r.tranches[f] = "D"
	}
	return &validators.Context{Programme: programme, Registers: r}
}

func (r *town) change(f claim.FINESS, change func(*claim.Establishment)) {
	e := r.establishments[f]
	change(&e)
	r.establishments[f] = e
}

// noon is when claims are received, unless a test says otherwise.
var noon = time.Date(2023, 3, 1, 12, 0, 0, 0, claim.Paris)

// filed is a claim as a test files it. What is zero is taken from a faultless
// claim: supplier A, noon, pharmacy 1, an order reference and a document of
// its own.
type filed struct {
	supplier claim.SIRET
	batch    string
	revision int
	row      int
	at       time.Duration // after noon
	pharmacy int
	ref, doc string
	outcome  claim.Outcome // of a finding that the claim has on its own

	kind      claim.Kind // an advance unless told otherwise
	dossier   string     // that a balance or a completion quotes
	completed string     // day on which the work was finished; 2023-02-01 unless told otherwise
	nature    string     // of a completion
}

var codes = map[claim.Outcome]string{
	claim.Reject: "DEL-01", claim.Complete: "MEN-05", claim.Review: "SIG-04", claim.Warn: "BEN-05",
}

func text(value string) claim.Field {
	return claim.Field{State: claim.FieldOK, Cell: "A2", Raw: value, Text: value}
}

func amount(cents claim.Cents) claim.Field {
	return claim.Field{State: claim.FieldOK, Cell: "F2", Raw: cents.String(), Amount: claim.Amount{Cents: cents}}
}

// claim gives the claim and its assessment.
func (f filed) claim() (*claim.Claim, claim.Assessment) {
	if f.supplier == "" {
		f.supplier = supplierA
	}
	if f.batch == "" {
		f.batch = "lot"
	}
	if f.pharmacy == 0 {
		f.pharmacy = 1
	}
	if f.revision == 0 {
		f.revision = 1
	}
	own := fmt.Sprintf("%s-%s-%d", f.supplier, f.batch, f.row)
	if f.kind != "" {
		return f.later(own)
	}
	if f.ref == "" {
		f.ref = own
	}
	if f.doc == "" {
		f.doc = "document of " + own
	}
	c := &claim.Claim{
		ID: claim.NewID(claim.Advance, f.supplier, f.batch, f.revision, f.row), Kind: claim.Advance,
		Supplier: f.supplier, Batch: f.batch, Revision: f.revision, ReceivedAt: noon.Add(f.at),
		Row: claim.Row{Number: f.row, Fields: map[claim.FieldID]claim.Field{
			claim.FieldFINESS:       text(string(pharmacy(f.pharmacy))),
			claim.FieldOrderRef:     text(f.ref),
			claim.FieldVATRegime:    text(claim.LiableToVAT),
			claim.FieldAmount:       amount(60000),
			claim.FieldANSReference: text("LGO-1"),
		}},
		Documents: []claim.Document{{
			Role: claim.PurchaseOrder, Field: claim.FieldOrderFile, Name: "bc.pdf",
			Object: &claim.Object{Name: "bc.pdf", SHA256: f.doc},
		}},
	}
	a := claim.Assessment{Documents: []claim.ResultDocument{{File: "bc.pdf", SHA256: f.doc, Role: claim.PurchaseOrder, Pages: 1}}}
	if f.outcome != "" {
		a.Findings = []claim.Finding{{Code: codes[f.outcome], Outcome: f.outcome}}
	}
	return c, a
}

// laterRoles are the documents of the later kinds.
var laterRoles = map[claim.Kind][]claim.Role{
	claim.Balance:    {claim.Invoice, claim.AptitudeCertificate},
	claim.Completion: {claim.CompletionCertificate},
}

// later gives a balance or a completion and its assessment.
func (f filed) later(own string) (*claim.Claim, claim.Assessment) {
	completed, err := claim.ParseDate(cmp.Or(f.completed, "2023-02-01"))
	if err != nil {
		panic(err) // of a test
	}
	day := claim.Field{State: claim.FieldOK, Cell: "C2", Raw: completed.French(), Date: completed}
	c := &claim.Claim{
		ID: claim.NewID(f.kind, f.supplier, f.batch, f.revision, f.row), Kind: f.kind,
		Supplier: f.supplier, Batch: f.batch, Revision: f.revision, ReceivedAt: noon.Add(f.at),
		Row: claim.Row{Number: f.row, Fields: map[claim.FieldID]claim.Field{
			claim.FieldSupplier: text(string(f.supplier)), claim.FieldDossier: text(f.dossier), claim.FieldCompletedOn: day, claim.FieldInvoiceDate: day,
		}},
	}
	if f.nature != "" {
		c.Row.Fields[claim.FieldNature] = text(f.nature)
	}
	var a claim.Assessment
	for _, role := range laterRoles[f.kind] {
		sha256 := fmt.Sprintf("%s of %s", role, own)
		name := string(role) + ".pdf"
		c.Documents = append(c.Documents, claim.Document{Role: role, Name: name, Object: &claim.Object{Name: name, SHA256: sha256}})
		a.Documents = append(a.Documents, claim.ResultDocument{File: name, SHA256: sha256, Role: role, Pages: 1})
	}
	if f.outcome != "" {
		a.Findings = []claim.Finding{{Code: laterCodes[f.outcome], Outcome: f.outcome}}
	}
	return c, a
}

var laterCodes = map[claim.Outcome]string{
	claim.Reject: "DEL-02", claim.Complete: "FAC-05", claim.Review: "FAC-06", claim.Warn: "DOC-07",
}

// batches puts claims into their batches; rows that are not given are counted
// from 2.
func batches(claims ...filed) []Batch {
	var all []Batch
	index := map[string]int{}
	for i, f := range claims {
		if f.row == 0 {
			f.row = i + 2
		}
		c, a := f.claim()
		name := string(c.Supplier) + "/" + c.Batch
		at, ok := index[name]
		if !ok {
			at = len(all)
			index[name] = at
			all = append(all, Batch{Revision: claim.Revision{
				Supplier: c.Supplier, Batch: c.Batch, Number: c.Revision, Kind: c.Kind, Status: claim.Processed,
				ReceivedAt: noon, Digest: name, Findings: []claim.Finding{},
			}})
		}
		all[at].Claims = append(all[at].Claims, c)
		all[at].Assessments = append(all[at].Assessments, a)
	}
	return all
}

// open gives a new ledger in which a run is started.
func open(t testing.TB) *ledger.Ledger {
	t.Helper()
	l, err := ledger.Open(t.Context(), filepath.Join(t.TempDir(), "ledger.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := l.StartRun(t.Context(), noon, "guichet test"); err != nil {
		t.Fatal(err)
	}
	return l
}

// night settles claims that must all be settled.
func night(t testing.TB, vctx *validators.Context, l *ledger.Ledger, claims ...filed) []claim.Revision {
	t.Helper()
	all := batches(claims...)
	quoting(t, l, all)
	revisions, err := revisionsOf(t.Context(), vctx, l, all)
	if err != nil {
		t.Fatal(err)
	}
	return revisions
}

// quoting gives claims the advances of the dossiers that they quote, by the ledger.
func quoting(t testing.TB, l *ledger.Ledger, all []Batch) {
	t.Helper()
	for _, b := range all {
		for _, c := range b.Claims {
			number := c.Row.Text(claim.FieldDossier)
			advances, err := l.Advances(t.Context(), []string{number})
			if err != nil {
				t.Fatal(err)
			}
			if advance, ok := advances[number]; ok {
				c.Advance = &advance
			}
		}
	}
}

// standing gives a claim as it stands in the ledger.
func standing(t testing.TB, l *ledger.Ledger, f filed) ledger.Standing {
	t.Helper()
	c, _ := f.claim()
	s, found, err := l.Claim(t.Context(), c.ID)
	if err != nil || !found {
		t.Fatalf("claim of row %d of batch %s: %v, %v", f.row, f.batch, found, err)
	}
	return s
}

// told gives the codes of a result's findings.
func told(r claim.Result) []string {
	var all []string
	for _, f := range r.Findings {
		all = append(all, f.Code)
	}
	return all
}

// revisionsOf settles a night and gives its revisions.
func revisionsOf(ctx context.Context, vctx *validators.Context, l *ledger.Ledger, all []Batch) ([]claim.Revision, error) {
	outcomes, err := Night(ctx, vctx, l, all)
	var revisions []claim.Revision
	for _, o := range outcomes {
		revisions = append(revisions, o.Revision)
	}
	return revisions, err
}
