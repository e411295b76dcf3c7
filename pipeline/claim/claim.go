package claim

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"
)

// Kind is what a batch and its claims ask for.
type Kind string

// The kinds of claims.
const (
	Advance    Kind = "advance"    // demande d'avance (AF §6.1)
	Balance    Kind = "balance"    // demande de solde (AF §6.2)
	Completion Kind = "completion" // attestation de fin de prestation (AF §6.2, case 2)
)

// Letter is what a claim's identity starts with: A, S or F.
func (k Kind) Letter() string {
	switch k {
	case Advance:
		return "A"
	case Balance:
		return "S"
	case Completion:
		return "F"
	}
	return ""
}

// ID is a claim's identity.
type ID string

// NewID gives the identity of the claim on a row of a batch, in the revision
// in which the row was first evaluated.
func NewID(kind Kind, supplier SIRET, batch string, revision, row int) ID {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\n%s\n%d\n%d", supplier, batch, revision, row))
	return ID(kind.Letter() + "-" + hex.EncodeToString(sum[:])[:20])
}

// FieldID names a column of a template, whatever its label.
type FieldID string

// The columns of the templates AVANCE, SOLDE and FIN.
const (
	FieldProgramme     FieldID = "programme"      // Référence AF
	FieldSupplier      FieldID = "supplier"       // SIRET fournisseur
	FieldOrderRef      FieldID = "order_ref"      // Référence commande
	FieldOrderDate     FieldID = "order_date"     // Date commande
	FieldVATRegime     FieldID = "vat_regime"     // Régime TVA
	FieldAmount        FieldID = "amount"         // Montant HT
	FieldManager       FieldID = "manager"        // Nom du responsable
	FieldFINESS        FieldID = "finess"         // FINESS géographique
	FieldCompanyName   FieldID = "company_name"   // Raison sociale
	FieldEmail         FieldID = "email"          // E-mail
	FieldPhone         FieldID = "phone"          // Téléphone
	FieldANSReference  FieldID = "ans_reference"  // N° référencement ANS
	FieldSolution      FieldID = "solution"       // Solution logicielle
	FieldVersion       FieldID = "version"        // Version
	FieldOrderFile     FieldID = "order_file"     // Fichier bon de commande
	FieldVATFile       FieldID = "vat_file"       // Fichier attestation TVA
	FieldDossier       FieldID = "dossier"        // N° dossier ASP
	FieldInvoiceNumber FieldID = "invoice_number" // N° facture
	FieldInvoiceDate   FieldID = "invoice_date"   // Date émission facture
	FieldCompletedOn   FieldID = "completed_on"   // Date finalisation prestation
	FieldInvoiceFile   FieldID = "invoice_file"   // Fichier facture
	FieldAptitudeFile  FieldID = "aptitude_file"  // Fichier attestation VA
	FieldEndFile       FieldID = "end_file"       // Fichier attestation de fin
	FieldNature        FieldID = "nature"         // Nature
)

// FieldState tells whether a cell could be read as its column's type.
type FieldState string

// The states of a field.
const (
	FieldAbsent  FieldState = ""         // the template has no such column
	FieldEmpty   FieldState = "empty"    // nothing in the cell
	FieldOK      FieldState = "ok"       // read
	FieldBad     FieldState = "bad"      // not of the column's type (LIG-02)
	FieldNoValue FieldState = "no_value" // a formula without a cached value (LIG-04)
)

// Field is one cell of a row: where it stands, what it holds, and its value
// read as the type of its column. Of Text, Date and Amount the one that
// belongs to the type is set, and only in state FieldOK.
type Field struct {
	State FieldState `json:"state,omitempty"`
	Cell  string     `json:"cell,omitempty"` // F12, or L4C10 in a CSV
	Raw   string     `json:"raw,omitempty"`  // as read, for the finding
	Why   string     `json:"why,omitempty"`  // in state FieldBad: a word that says why (see package template)

	// Text is the value of every type but dates and amounts, in its canonical
	// form: FINESS and SIRET without blanks and with their leading zeros, VAT
	// regime ASSUJETTI or NON ASSUJETTI, telephone as 10 digits from 0 or
	// +262…, file name in NFC, anything else trimmed.
	Text   string `json:"text,omitempty"`
	Date   Date   `json:"date,omitzero"`
	Amount Amount `json:"amount,omitzero"`
}

// OK tells whether the field holds a value of its type.
func (f Field) OK() bool { return f.State == FieldOK }

// Amount is an amount as a supplier wrote it.
type Amount struct {
	Cents Cents `json:"cents"`
	// Finer is set when the amount has more than two decimals; Cents is then
	// cut off and fit for nothing but showing.
	Finer bool `json:"finer,omitempty"`
}

// The natures of a completion declaration (spec: FIN).
const (
	Finished = "ACHEVEMENT" // the work is finished (AF §6.2, case 2)
	Unable   = "INCAPACITE" // the work cannot be done (AF §2)
)

// The VAT regimes of a supplier (AF §5.2).
const (
	LiableToVAT    = "ASSUJETTI"
	NotLiableToVAT = "NON ASSUJETTI"
)

// Row is one row of a template.
type Row struct {
	Number int               `json:"number"` // of the sheet, or line on which the CSV record starts
	Fields map[FieldID]Field `json:"fields"`
}

// Field gives a field of the row; absent columns give the zero Field.
func (r Row) Field(id FieldID) Field { return r.Fields[id] }

// Text gives the canonical text of a field that could be read, else nothing.
func (r Row) Text(id FieldID) string { return r.Fields[id].Text }

// Object is one object of a delivered batch.
type Object struct {
	Name       string    `json:"name"` // below the batch, in NFC
	Key        string    `json:"key"`  // in the store
	Size       int64     `json:"size"`
	SHA256     string    `json:"sha256"`
	ReceivedAt time.Time `json:"received_at"`
}

// Role is what a document is to its claim.
type Role string

// The roles of documents.
const (
	PurchaseOrder         Role = "purchase_order"
	Invoice               Role = "invoice"
	AptitudeCertificate   Role = "aptitude_certificate"
	CompletionCertificate Role = "completion_certificate"
	VATExemption          Role = "vat_exemption"
)

// Document is a PDF that a row names, with what was read from it.
type Document struct {
	Role  Role    `json:"role"`
	Field FieldID `json:"field"` // the column that names it
	Name  string  `json:"name"`  // as the row names it
	// Object is the object of the batch with that name; nil when there is
	// none (DOC-01). Its name may differ from Name by case.
	Object *Object `json:"object,omitempty"`
	// Facts is what was read from it; nil when Object is.
	Facts *Facts `json:"-"`
}

// Claim is one row of a batch with its documents, ready to be judged.
type Claim struct {
	ID        ID         `json:"id"`
	Kind      Kind       `json:"kind"`
	Supplier  SIRET      `json:"supplier"` // of the folder
	Batch     string     `json:"batch"`
	Revision  int        `json:"revision"`
	Row       Row        `json:"row"`
	Documents []Document `json:"documents"`
	// ReceivedAt is the latest reception among the template and the claim's
	// own documents (AF §2: deemed filed when received).
	ReceivedAt time.Time `json:"received_at"`
	// Advance is the accepted advance of the dossier that the row quotes, as
	// the ledger holds it; nil for an advance, and where there is none (DOS-01).
	// It may be another supplier's (DOS-02).
	Advance *Result `json:"-"`
}

// Document gives the claim's document in a role; nil when its row names none.
func (c *Claim) Document(role Role) *Document {
	for i := range c.Documents {
		if c.Documents[i].Role == role {
			return &c.Documents[i]
		}
	}
	return nil
}

// nightOrder is the order of the kinds in a night: a completion declaration
// counts for a balance of the same night.
var nightOrder = map[Kind]int{Completion: 1, Advance: 2, Balance: 3}

// CompareKinds gives the order of two kinds in a night: completions, advances,
// balances.
func CompareKinds(a, b Kind) int { return nightOrder[a] - nightOrder[b] }

// Less is the order of a night (BEN-03, dossier numbers): completions,
// advances, balances; within each earlier reception, then lower SIRET, batch,
// row.
func Less(a, b *Claim) bool {
	switch {
	case a.Kind != b.Kind:
		return CompareKinds(a.Kind, b.Kind) < 0
	case !a.ReceivedAt.Equal(b.ReceivedAt):
		return a.ReceivedAt.Before(b.ReceivedAt)
	case a.Supplier != b.Supplier:
		return a.Supplier < b.Supplier
	case a.Batch != b.Batch:
		return a.Batch < b.Batch
	default:
		return a.Row.Number < b.Row.Number
	}
}
