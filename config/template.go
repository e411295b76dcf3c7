package config

import "guichet/pipeline/claim"

// ColumnType is how the values of a column are read.
type ColumnType string

// The types of columns.
const (
	TextColumn      ColumnType = "text"
	ProgrammeColumn ColumnType = "programme" // compared by LIG-03, read as text
	SIRETColumn     ColumnType = "siret"
	FINESSColumn    ColumnType = "finess"
	DossierColumn   ColumnType = "dossier"
	DateColumn      ColumnType = "date"
	AmountColumn    ColumnType = "amount"
	RegimeColumn    ColumnType = "vat_regime"
	EmailColumn     ColumnType = "email"
	PhoneColumn     ColumnType = "phone"
	PDFColumn       ColumnType = "pdf_name"
	NatureColumn    ColumnType = "nature"
)

// Column is one column of a template.
type Column struct {
	ID       claim.FieldID
	Label    string
	Type     ColumnType
	Optional bool       // the column may be missing and its cells empty
	MaxRunes int        // longest text, in characters; 0: only the reader's limit
	Role     claim.Role // of the document that a PDFColumn names
}

// Template is the layout of one kind of batch (spec: AVANCE, SOLDE, FIN).
type Template struct {
	Kind    claim.Kind
	Sheet   string
	Columns []Column
}

// Templates are the layouts that guichet reads.
var Templates = []Template{
	{Kind: claim.Advance, Sheet: "AVANCE", Columns: []Column{
		{ID: claim.FieldProgramme, Label: "Référence AF", Type: ProgrammeColumn},
		{ID: claim.FieldSupplier, Label: "SIRET fournisseur", Type: SIRETColumn},
		{ID: claim.FieldOrderRef, Label: "Référence commande", Type: TextColumn, MaxRunes: 64},
		{ID: claim.FieldOrderDate, Label: "Date commande", Type: DateColumn},
		{ID: claim.FieldVATRegime, Label: "Régime TVA", Type: RegimeColumn},
		{ID: claim.FieldAmount, Label: "Montant HT", Type: AmountColumn},
		{ID: claim.FieldManager, Label: "Nom du responsable", Type: TextColumn},
		{ID: claim.FieldFINESS, Label: "FINESS géographique", Type: FINESSColumn},
		{ID: claim.FieldCompanyName, Label: "Raison sociale", Type: TextColumn},
		{ID: claim.FieldEmail, Label: "E-mail", Type: EmailColumn},
		{ID: claim.FieldPhone, Label: "Téléphone", Type: PhoneColumn},
		{ID: claim.FieldANSReference, Label: "N° référencement ANS", Type: TextColumn},
		{ID: claim.FieldSolution, Label: "Solution logicielle", Type: TextColumn},
		{ID: claim.FieldVersion, Label: "Version", Type: TextColumn},
		{ID: claim.FieldOrderFile, Label: "Fichier bon de commande", Type: PDFColumn, Role: claim.PurchaseOrder},
		{ID: claim.FieldVATFile, Label: "Fichier attestation TVA", Type: PDFColumn, Optional: true, Role: claim.VATExemption},
	}},
	{Kind: claim.Balance, Sheet: "SOLDE", Columns: []Column{
		{ID: claim.FieldSupplier, Label: "SIRET fournisseur", Type: SIRETColumn},
		{ID: claim.FieldDossier, Label: "N° dossier ASP", Type: DossierColumn},
		{ID: claim.FieldInvoiceNumber, Label: "N° facture", Type: TextColumn},
		{ID: claim.FieldInvoiceDate, Label: "Date émission facture", Type: DateColumn},
		{ID: claim.FieldCompletedOn, Label: "Date finalisation prestation", Type: DateColumn},
		{ID: claim.FieldInvoiceFile, Label: "Fichier facture", Type: PDFColumn, Role: claim.Invoice},
		{ID: claim.FieldAptitudeFile, Label: "Fichier attestation VA", Type: PDFColumn, Role: claim.AptitudeCertificate},
	}},
	{Kind: claim.Completion, Sheet: "FIN", Columns: []Column{
		{ID: claim.FieldSupplier, Label: "SIRET fournisseur", Type: SIRETColumn},
		{ID: claim.FieldDossier, Label: "N° dossier ASP", Type: DossierColumn},
		{ID: claim.FieldCompletedOn, Label: "Date finalisation prestation", Type: DateColumn},
		{ID: claim.FieldEndFile, Label: "Fichier attestation de fin", Type: PDFColumn, Role: claim.CompletionCertificate},
		{ID: claim.FieldNature, Label: "Nature", Type: NatureColumn, Optional: true},
	}},
}

// TemplateOf gives the layout of a kind.
func TemplateOf(kind claim.Kind) Template {
	for _, t := range Templates {
		if t.Kind == kind {
			return t
		}
	}
	return Template{}
}

// Column gives the column of a field; the zero Column when the template has none.
func (t Template) Column(id claim.FieldID) Column {
	for _, c := range t.Columns {
		if c.ID == id {
			return c
		}
	}
	return Column{}
}
