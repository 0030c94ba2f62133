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

// ErrDamaged reports a store that holds what it cannot have written, or a file
// that is no store any more: the same call fails again until somebody restores
// a copy. It says nothing against what the caller gave, as [ErrInvalid] does.
var ErrDamaged = errors.New("store is damaged")

// ErrConflict reports a batch whose [Batch.Digest] is not that of the batch
// which was stored under the same name: one idempotency key for two bodies.
var ErrConflict = errors.New("the same key was used for other content")

// A Batch is a run of events of one partition of one source. Its rows and the
// offset To become durable in one transaction, or nothing does.
type Batch struct {
	Partition string // names source and partition for ever: "file:sha256:...", "kafka:movielog1/0@...", "post:sha256:..."
	From, To  int64  // half open, in the source's own unit (bytes of a file, records of a topic)

	// Move is set when From is, on purpose, not where the store stands.
	Move *Move

	// Digest, 32 bytes or nil, is that of a body that comes as a whole: the
	// store keeps it beside the offset, and refuses with ErrConflict another
	// body under the same name.
	Digest []byte

	// Tail, 32 bytes or nil, is the digest of what stands in the source before
	// To. The store keeps it beside the offset, nil too, for whoever resumes:
	// see [Held].
	Tail []byte

	// Mended is the line that From stands within, if its beginning was applied
	// as if it was all of it; nil if there is none, or if its end brought
	// nothing new. Its rows go in with the batch, and its beginning, Released,
	// leaves quarantine; or it is in Refused, and takes its beginning's place.
	// The line was counted with its beginning and is not counted again.
	Mended *Readmission

	ReadAt time.Time // when the batch was read; zero: when it is stored

	Minutes  []Minute
	Ratings  []Rating
	Accounts []Account
	Refused  []Refused
	Lists    int // recommendation lines, which are counted only
}

// A Move makes a batch begin elsewhere than where the store stands: a replay, a
// start in the middle of a topic, or records that the source no longer has. The
// offset moves in the batch's own transaction, so a crash leaves it where it
// was or where it shall be.
type Move struct {
	Held int64 // the offset that the store must hold instead of From; 0 if it has none
}

// A Held is how far a partition was read. The zero Held is that of one which is
// not known.
type Held struct {
	Offset int64
	Tail   []byte // that the last batch came with; nil if it had none
}

// Applied says what a store did with a [Batch].
type Applied struct {
	// Held is where the next batch of the partition must begin. It is known
	// with an error that wraps ErrOffset too.
	Held int64

	// Left out because their person was forgotten. Refused lines are counted
	// as refused, but not kept.
	Forgotten Forgotten
}

// Forgotten counts the events of people who were forgotten.
type Forgotten struct {
	Minutes, Ratings, Accounts int
}

// Total returns how many events were left out.
func (f Forgotten) Total() int { return f.Minutes + f.Ratings + f.Accounts }

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
