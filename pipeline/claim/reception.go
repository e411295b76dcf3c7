package claim

import "time"

// Sighting is an object of the inbox as a run saw it. The ledger keeps the
// reception time of the first sighting of a key with a content, and gives it
// ever after: a claim is deemed filed when it was received (AF §2), however
// often the store is listed.
type Sighting struct {
	Key    string    // in the store
	SHA256 string    // of the content
	At     time.Time // reception, as the store reports it
}
