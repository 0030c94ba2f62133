package txdb

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"marquee/catalog"
	"marquee/tests/faults/ledger"
)

// A Step is a moment in the life of a batch at which a test may intervene.
type Step string

// The steps, in their order.
const (
	Begin    Step = "begin"     // before the transaction
	Locked   Step = "locked"    // it has the write lock and has read the offset
	Wrote    Step = "wrote"     // rows and offset are written, nothing is committed
	Commit   Step = "commit"    // about to commit
	Answer   Step = "answer"    // committed, the caller does not know yet
	ReadHeld Step = "read held" // before an offset is read outside of a transaction
)

// Steps returns all steps of a batch.
func Steps() []Step { return []Step{Begin, Locked, Wrote, Commit, Answer} }

// A Hook is called at each step. It may wait. Its error is that of the call: up
// to Commit nothing is stored then; from Answer on all is.
type Hook func(ctx context.Context, step Step) error

// A pair names a row.
type pair struct {
	user  catalog.UserID
	movie catalog.MovieID
}

// A DB holds committed rows. Any number of goroutines may use it.
type DB struct {
	lock chan struct{} // the write lock; a channel, so that waiting for it is visible to virtual time

	mu       sync.Mutex // guards what follows, never held while waiting
	held     map[string]int64
	digests  map[string]string
	watches  map[pair]catalog.Watch
	days     map[pair]map[int64]bool
	ratings  map[pair]catalog.Rating
	accounts map[catalog.UserID]catalog.Account
	refused  map[catalog.RefusedPlace]catalog.Refused
	intake   map[string]int64
	journal  []Entry
}

// An Entry says that rows of a partition were committed.
type Entry struct {
	Partition string
	From, To  int64
}

// New returns an empty database.
func New() *DB {
	return &DB{
		lock: make(chan struct{}, 1), held: make(map[string]int64), digests: make(map[string]string),
		watches: make(map[pair]catalog.Watch), days: make(map[pair]map[int64]bool),
		ratings: make(map[pair]catalog.Rating), accounts: make(map[catalog.UserID]catalog.Account),
		refused: make(map[catalog.RefusedPlace]catalog.Refused), intake: make(map[string]int64),
	}
}

// Journal returns what was committed, in order.
func (db *DB) Journal() []Entry {
	db.mu.Lock()
	defer db.mu.Unlock()
	return slices.Clone(db.journal)
}

// Partitions returns the offsets that are held.
func (db *DB) Partitions() map[string]int64 {
	db.mu.Lock()
	defer db.mu.Unlock()
	return maps.Clone(db.held)
}

// A tx is a transaction. It holds the write lock until it ends.
type tx struct {
	db    *DB
	rows  []catalog.Batch
	held  map[string]int64
	ended bool
}

// lockWait is how long a transaction waits for another one, as a real database
// does.
const lockWait = 10 * time.Second

func (db *DB) begin(ctx context.Context) (*tx, error) {
	late := time.NewTimer(lockWait)
	defer late.Stop()
	select {
	case db.lock <- struct{}{}:
		return &tx{db: db, held: make(map[string]int64)}, nil
	case <-late.C:
		return nil, ErrDown
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// heldOf returns the committed offset of a partition.
func (db *DB) heldOf(partition string) (held int64, digest string) {
	db.mu.Lock()
	defer db.mu.Unlock()
	return db.held[partition], db.digests[partition]
}

func (t *tx) putRows(b catalog.Batch)                  { t.rows = append(t.rows, b) }
func (t *tx) putOffset(partition string, offset int64) { t.held[partition] = offset }

func (t *tx) rollback() {
	if !t.ended {
		t.ended = true
		<-t.db.lock
	}
}

func (t *tx) commit() {
	t.db.mu.Lock()
	maps.Copy(t.db.held, t.held)
	for _, b := range t.rows {
		t.db.apply(b)
	}
	t.db.mu.Unlock()
	t.rollback() // gives the lock back
}

// apply folds one batch into the rows.
func (db *DB) apply(b catalog.Batch) {
	db.journal = append(db.journal, Entry{b.Partition, b.From, b.To})
	if b.Digest != nil {
		db.digests[b.Partition] = string(b.Digest)
	}
	for _, m := range b.Minutes {
		db.applyMinute(m)
	}
	for _, r := range b.Ratings {
		k := pair{r.User, r.Movie}
		r.At = micros(r.At)
		if q, known := db.ratings[k]; !known || r.After(q) {
			db.ratings[k] = r
		}
	}
	for _, a := range b.Accounts {
		a.At = micros(a.At)
		if q, known := db.accounts[a.User]; !known || a.At.Before(q.At) {
			db.accounts[a.User] = a
		}
	}
	for _, r := range b.Refused {
		db.refused[catalog.RefusedPlace{Source: r.Source, Offset: r.Offset}] = r
		db.intake["refused:"+r.Reason]++
	}
	db.intake[string(ledger.Watch)] += int64(len(b.Minutes))
	db.intake[string(ledger.Rate)] += int64(len(b.Ratings))
	db.intake[string(ledger.Account)] += int64(len(b.Accounts))
	db.intake[string(ledger.Recommendation)] += int64(b.Lists)
}

func micros(at time.Time) time.Time { return time.UnixMicro(at.UnixMicro()).UTC() }

func (db *DB) applyMinute(m catalog.Minute) {
	k, at := pair{m.User, m.Movie}, micros(m.At)
	w, known := db.watches[k]
	if !known {
		w = catalog.Watch{User: m.User, Movie: m.Movie, First: at, Last: at, Minute: m.Minute}
		db.days[k] = make(map[int64]bool)
	}
	if at.Before(w.First) {
		w.First = at
	}
	if at.After(w.Last) {
		w.Last = at
	}
	w.Minute = max(w.Minute, m.Minute)
	db.days[k][at.Truncate(24*time.Hour).Unix()] = true
	w.Days = len(db.days[k])
	db.watches[k] = w
}

// errOffset is what the contract wants where a batch does not begin at held.
func errOffset(b catalog.Batch, held int64) error {
	return fmt.Errorf("partition %s: batch is %d to %d, held is %d: %w", b.Partition, b.From, b.To, held, catalog.ErrOffset)
}

// ErrDown is an error of a database that cannot be reached.
var ErrDown = fmt.Errorf("the test says the database is down: %w", catalog.ErrUnavailable)

// ErrCrash is the error of a step at which a test ends the process: what calls
// may only return it.
var ErrCrash = errors.New("the test says the process is dead")
