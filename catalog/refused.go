package catalog

import (
	"strings"
	"time"
)

// A Refused is a line that could not be read. It waits in quarantine.
type Refused struct {
	Source string    `json:"source"` // the partition it came from
	Offset int64     `json:"offset"`
	Reason string    `json:"reason"`         // one of a short, fixed list: see catalog/stream
	User   UserID    `json:"user,omitempty"` // whom it names, if that much could be read
	Line   []byte    `json:"line"`           // as it came, at most 4 KiB of it
	At     time.Time `json:"at"`             // when it was refused
}

// A RefusedPlace names a line in quarantine.
type RefusedPlace struct {
	Source string
	Offset int64
}

// A RefusedFilter picks lines in quarantine. Zero fields pick all.
type RefusedFilter struct {
	Source string
	Reason string
	Since  time.Time // refused at or after
	Until  time.Time // refused before
}

// A Readmission is what a second reading of lines in quarantine brought: rows
// go in and their lines out in one transaction.
type Readmission struct {
	Minutes  []Minute
	Ratings  []Rating
	Accounts []Account
	Lists    int
	Released []RefusedPlace // of the lines that can be read now
	Refused  []Refused      // lines that still cannot be read, for another reason than before
}

// An Intake counts the lines that were read in one hour. It counts every line
// that was applied, once, and again what a replay applied again.
type Intake struct {
	Hour    time.Time `json:"hour"`    // its beginning, UTC: when lines were read, not when they happened
	Outcome string    `json:"outcome"` // one of the constants, or IntakeRefused and a reason
	Lines   int64     `json:"lines"`
}

// The outcomes of lines.
const (
	IntakeWatch      = "watch"
	IntakeRate       = "rate"
	IntakeList       = "recommendation"
	IntakeAccount    = "create_account"
	IntakeForgotten  = "forgotten"  // their person was
	IntakeReadmitted = "readmitted" // counted as refused before, then readmitted from quarantine
	IntakeRefused    = "refused:"   // before the reason
)

// Reason returns why the lines were not kept; "" if they were.
func (i Intake) Reason() string {
	if reason, refused := strings.CutPrefix(i.Outcome, IntakeRefused); refused {
		return reason
	}
	if i.Outcome == IntakeForgotten {
		return IntakeForgotten
	}
	return ""
}
