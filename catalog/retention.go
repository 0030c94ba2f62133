package catalog

import "time"

// A Limit bounds what a table keeps. A zero field is no limit.
type Limit struct {
	Age  time.Duration `json:"age_ns"` // rows older than this go
	Rows int64         `json:"rows"`   // of what is left, the oldest beyond so many go
}

// A Retention says how long and how much a store keeps.
type Retention struct {
	Events     Limit `json:"events"`    // histories, by the last thing that happened to a pair of person and movie; opinions; and accounts
	Exposures  Limit `json:"exposures"` // and feedback
	Quarantine Limit `json:"quarantine"`
	Changes    Limit `json:"changes"`
	Intake     Limit `json:"intake"`
	Posts      Limit `json:"posts"`       // idempotency keys
	UnknownIDs Limit `json:"unknown_ids"` // negative answers of the catalog API
}
