package claim

import (
	"slices"
	"time"
)

// RecoveryStatus is how far the recovery of what was paid on a dossier has
// come, and what brought it there (AF §6.2 end, §7).
type RecoveryStatus string

// The states of a recovery. Observed is no state: it leaves the one before.
const (
	Notified RecoveryStatus = "notified" // the supplier was given notice, and may answer
	Observed RecoveryStatus = "observed" // an operator recorded observations
	Settled  RecoveryStatus = "settled"  // an operator found that nothing is to be repaid
	Ordered  RecoveryStatus = "ordered"  // to be repaid: the dossier is closed
	Pending  RecoveryStatus = "pending"  // an operator must look
)

// Referral is why a recovery is pending.
type Referral string

// The reasons for which an operator must look at a dossier.
const (
	ReferredCompletion Referral = "completion" // declared finished, and no balance by the final closing
	ReferredInability  Referral = "inability"  // declared that the work cannot be done (AF §2)
	ReferredGone       Referral = "gone"       // the notice is over, and none of its grounds holds any more
	ReferredWithdrawn  Referral = "withdrawn"  // the acceptance of the advance was taken back since the notice
)

// Payment is an accepted claim of a dossier, as it was published to be paid.
type Payment struct {
	Claim      ID        `json:"claim"`
	Kind       Kind      `json:"kind"` // Advance or Balance
	Batch      string    `json:"batch"`
	ReceivedAt time.Time `json:"received_at"`
	Amount     Cents     `json:"amount"`
}

// Recovery is an event in the life of a dossier's recovery, with all that is
// told of it. The ledger keeps it whole.
type Recovery struct {
	Dossier      string         `json:"dossier"`
	Status       RecoveryStatus `json:"status"`
	At           time.Time      `json:"at"`
	Programme    string         `json:"programme"` // the call's reference
	Supplier     SIRET          `json:"supplier"`
	SupplierName string         `json:"supplier_name"` // the register's, where it is known
	FINESS       FINESS         `json:"finess"`
	CompanyName  string         `json:"company_name"` // the pharmacy's, by the register
	OrderRef     string         `json:"order_ref"`
	// Grounds are the findings REC-01 to REC-04; none of an order that closes
	// a dossier without notice, and of what is pending.
	Grounds  []Finding `json:"grounds"`
	Referral Referral  `json:"referral,omitempty"` // of what is pending, and was when it was settled
	Paid     []Payment `json:"paid"`
	Amount   Cents     `json:"amount"` // in question: exactly what was paid
	// NotifiedOn is the day of the notice that this is or follows, Until the
	// last day for observations; no day where there was no notice.
	NotifiedOn Date   `json:"notified_on,omitzero"`
	Until      Date   `json:"until,omitzero"`
	By         string `json:"by,omitempty"`     // who observed, settled or closed; told in the ledger alone
	Reason     string `json:"reason,omitempty"` // given by them
	// Software is the name and version of what opened this step of the
	// recovery: another may write another letter on it.
	Software string `json:"software_version"`
}

// Day is the day of the event in Paris.
func (r *Recovery) Day() Date { return DateOf(r.At) }

// Told tells whether the supplier is told of the event: of a notice, an order,
// and the end of what it had notice of. The rest is the operators'.
func (r *Recovery) Told() bool {
	switch r.Status {
	case Notified, Ordered:
		return true
	case Settled:
		return !r.NotifiedOn.IsZero()
	case Observed, Pending:
	}
	return false
}

// Codes gives the codes of the grounds.
func (r *Recovery) Codes() []string {
	codes := make([]string, len(r.Grounds))
	for i, g := range r.Grounds {
		codes[i] = g.Code
	}
	return codes
}

// SameCase tells whether two events are about the same grounds, referral and
// amount.
func (r *Recovery) SameCase(other *Recovery) bool {
	return r.Amount == other.Amount && r.Referral == other.Referral && slices.Equal(r.Codes(), other.Codes())
}

// Standing gives, of the events of a dossier in their order, the one that made
// its status: the last but for observations. False when there is none.
func Standing(events []Recovery) (Recovery, bool) {
	for _, r := range slices.Backward(events) {
		if r.Status != Observed {
			return r, true
		}
	}
	return Recovery{}, false
}
