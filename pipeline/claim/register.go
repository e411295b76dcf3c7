package claim

// RegisterInfo names a register that a run used.
type RegisterInfo struct {
	Name   string `json:"name"` // file name: finess.csv
	SHA256 string `json:"sha256"`
	Rows   int    `json:"rows"` // data rows
}

// Establishment is a row of the FINESS register.
type Establishment struct {
	FINESS        FINESS
	LegalEntity   FINESS
	Name          string // rs, or rslongue where rs is empty
	LongName      string
	Category      string // categetab: 620 …
	CategoryLabel string
	Department    string // column 13: 75, 2A, 9A …
	Postcode      string
	Town          string
	SIRET         SIRET // empty, or as registered, whatever its key
}

// Enrolment is a row of the suppliers' register: a supplier and one solution.
type Enrolment struct {
	Supplier     SIRET
	Name         string
	Distributor  bool // Rôle is DISTRIBUTEUR; else EDITEUR
	ANSReference string
	Mandate      bool
	From         Date   // Enrôlé le: in force from 00:00 Paris
	Until        Date   // Radié le: no longer from 00:00 of that day; zero when never
	VATRegime    string // LiableToVAT, NotLiableToVAT, or empty
}

// Solution is a row of the register of referenced solutions.
type Solution struct {
	ANSReference string
	Name         string
	Version      string
	Publisher    SIRET
	Referenced   Date   // Référencé le; zero when not
	ProofFile    Moment // Dossier complet le; zero when unknown
	Withdrawn    Date   // Retiré le; zero when not
}

// Deposit is a row of the electronic archive's register (AF §2).
type Deposit struct {
	Supplier SIRET
	FINESS   FINESS
	At       Moment
	SHA256   string // of the purchase order, lower case; empty when not given
}
