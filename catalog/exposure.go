package catalog

import "time"

// An Exposure is a list that was served: who got what, from where, and with
// what probability. One row keeps a whole list.
type Exposure struct {
	RequestID  string    `json:"request_id"` // the natural key
	At         time.Time `json:"at"`
	User       UserID    `json:"user"`                 // may be no legal id: whatever was asked for
	Experiment string    `json:"experiment,omitempty"` // that the request took part in
	Arm        string    `json:"arm,omitempty"`
	Bundle     string    `json:"bundle"`
	Sequence   int64     `json:"sequence"` // of the last change that was applied
	Tier       string    `json:"tier"`     // how personal the list was
	Movies     []Exposed `json:"movies"`   // best first, at most MaxExposed

	// Input is what the list was made from, as recommender/trace packs it; nil if it
	// was not kept. At most MaxInputBytes.
	Input []byte `json:"input,omitempty"`
}

// MaxInputBytes is the longest [Exposure.Input].
const MaxInputBytes = 256 << 10

// MaxExposed is the most movies that an exposure keeps.
const MaxExposed = 1000

// An Exposed is one movie of a served list.
type Exposed struct {
	Movie      MovieID `json:"movie"`
	Source     string  `json:"source"`     // of the candidate: "neighbours", "popular", "explore", ...
	Propensity float32 `json:"propensity"` // probability of its being in the list, 0 to 1; 1 where nothing was drawn
}
