package catalog

import (
	"errors"
	"time"
)

// ErrOffset reports a [Batch] that does not begin where the store stands: it
// was applied already, or one before it is missing.
var ErrOffset = errors.New("batch does not begin at the stored offset")

// ErrUnavailable reports a store or a service that cannot be reached now; the
// same call may succeed later.
var ErrUnavailable = errors.New("unavailable")

// A Batch is a run of events of one partition of one source. Its rows and the
// offset To become durable in one transaction, or nothing does.
type Batch struct {
	Partition string // names source and partition for ever: "file:sha256:...", "kafka:movielog1/0"
	From, To  int64  // half open, in the source's own unit (bytes of a file, records of a topic)

	Minutes  []Minute
	Ratings  []Rating
	Accounts []Account
	Refused  []Refused
	Lists    int // recommendation lines, which are counted only
}

// A Minute says that a person watched one minute of a movie.
type Minute struct {
	User   UserID
	Movie  MovieID
	At     time.Time
	Minute int // from 0
}

// An Account says that a person signed up.
type Account struct {
	User UserID
	At   time.Time
}

// A Refused is a line that could not be read. It waits in quarantine.
type Refused struct {
	Source string    `json:"source"` // the partition it came from
	Offset int64     `json:"offset"`
	Reason string    `json:"reason"` // one of a short, fixed list: see catalog/stream
	Line   []byte    `json:"line"`   // as it came, at most 4 KiB of it
	At     time.Time `json:"at"`     // when it was refused
}
