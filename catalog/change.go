package catalog

import (
	"encoding/json"
	"time"
)

// A ChangeKind says what a [Change] is about.
type ChangeKind string

// The kinds of changes that servers follow.
const (
	ChangeMovie      ChangeKind = "movie"      // Subject is the id of a movie that was added, whose facts were edited, or that was removed
	ChangeCorrect    ChangeKind = "correct"    // Subject is the id of a movie whose neighbours were corrected, Detail the [Correction], of no kind if it was taken back
	ChangeHide       ChangeKind = "hide"       // Subject is the id of a movie that must not be listed
	ChangeUnhide     ChangeKind = "unhide"     // Subject is the id of a movie that may be listed again
	ChangeExperiment ChangeKind = "experiment" // Subject is the name of an experiment, Detail its definition
	ChangeBundle     ChangeKind = "bundle"     // Subject is the id of the bundle that goes live
	ChangeForget     ChangeKind = "forget"     // Subject is the hex form of the hash of a person who was forgotten
)

// A Change is one row of the log that every server applies in order. Its
// sequence number is part of the provenance of a list.
type Change struct {
	Seq     int64           `json:"seq"` // given by the store; ascending, without a late commit below one that was seen
	At      time.Time       `json:"at"`
	Kind    ChangeKind      `json:"kind"`
	Subject string          `json:"subject"`
	Detail  json.RawMessage `json:"detail,omitempty"`
}
