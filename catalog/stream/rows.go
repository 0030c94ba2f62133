package stream

import (
	"bytes"
	"io"
	"time"

	"marquee/catalog"
)

// Rows turns lines into the rows of batches, for every source. It keeps one
// string for each person and movie, some 20 MB at most, so that one Rows is worth
// keeping from batch to batch. One goroutine may use it at a time.
type Rows struct {
	grammar Grammar
	scale   catalog.Scale
	now     func() time.Time
	users   names
	movies  names
	sum     io.Writer // when set, takes every line that is added; a hash
	event   Event
}

// NewRows returns Rows for lines in the zone and on the scale of cfg, which is
// valid. now is the time at which lines are refused.
func NewRows(cfg Config, now func() time.Time) *Rows {
	return &Rows{grammar: Grammar{Location: cfg.Location}, scale: cfg.Scale, now: now}
}

// Add reads line, which has no line end and stands at offset of b's partition,
// into b: as a row, as a recommendation, or as a refused line cut to
// [MaxKeptBytes]. The first line sets b.ReadAt. Add keeps nothing of the line
// itself.
func (r *Rows) Add(b *catalog.Batch, line []byte, offset int64) {
	if b.ReadAt.IsZero() {
		b.ReadAt = r.now()
	}
	if r.sum != nil {
		_, _ = r.sum.Write(line) // a hash has no errors
		_, _ = r.sum.Write([]byte{'\n'})
	}
	e := &r.event
	if reason := r.grammar.Parse(line, e); reason != Accepted {
		r.refuse(b, line, offset, reason)
		return
	}
	switch e.Kind {
	case Watch:
		b.Minutes = append(b.Minutes, catalog.Minute{
			User: catalog.UserID(r.users.of(e.User)), Movie: catalog.MovieID(r.movies.of(e.Movie)), At: e.At, Minute: e.Minute,
		})
	case Rate:
		if r.scale.Check(e.Rating) != nil {
			r.refuse(b, line, offset, RatingOffScale)
			return
		}
		b.Ratings = append(b.Ratings, catalog.Rating{
			User: catalog.UserID(r.users.of(e.User)), Movie: catalog.MovieID(r.movies.of(e.Movie)), Value: e.Rating, At: e.At,
		})
	case CreateAccount:
		b.Accounts = append(b.Accounts, catalog.Account{User: catalog.UserID(r.users.of(e.User)), At: e.At})
	case Recommendation:
		b.Lists++
	}
}

// refuse puts line into b's quarantine, cut to MaxKeptBytes.
func (r *Rows) refuse(b *catalog.Batch, line []byte, offset int64, reason Reason) {
	b.Refused = append(b.Refused, catalog.Refused{
		Source: b.Partition,
		Offset: offset,
		Reason: string(reason),
		User:   catalog.UserID(r.event.User),
		Line:   bytes.Clone(line[:min(len(line), MaxKeptBytes)]),
		At:     r.now(),
	})
}

// maxNames bounds the strings that names keeps: some 10 MB.
const maxNames = 1 << 17

// names keeps one string for each id, so that a minute of a known person and a
// known movie, which 70 to 80% of lines are, allocates none.
type names struct {
	known map[string]string
}

func (n *names) of(b []byte) string {
	if s, ok := n.known[string(b)]; ok { // does not allocate
		return s
	}
	if n.known == nil || len(n.known) >= maxNames {
		n.known = make(map[string]string)
	}
	s := string(b)
	n.known[s] = s
	return s
}
