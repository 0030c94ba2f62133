package stream

import (
	"bytes"
	"io"
	"time"

	"marquee/catalog"
)

// A batcher turns lines into the rows of a batch.
type batcher struct {
	grammar Grammar
	scale   catalog.Scale
	now     func() time.Time
	users   names
	movies  names
	sum     io.Writer // when set, takes every line that is added; a hash
	event   Event
}

func newBatcher(cfg Config, now func() time.Time) *batcher {
	return &batcher{grammar: Grammar{Location: cfg.Location}, scale: cfg.Scale, now: now}
}

// add reads line, which stands at offset of b's partition, into b.
func (m *batcher) add(b *catalog.Batch, line []byte, offset int64) {
	if m.sum != nil {
		_, _ = m.sum.Write(line) // a hash has no errors
		_, _ = m.sum.Write([]byte{'\n'})
	}
	e := &m.event
	if reason := m.grammar.Parse(line, e); reason != Accepted {
		m.refuse(b, line, offset, reason)
		return
	}
	switch e.Kind {
	case Watch:
		b.Minutes = append(b.Minutes, catalog.Minute{
			User: catalog.UserID(m.users.of(e.User)), Movie: catalog.MovieID(m.movies.of(e.Movie)), At: e.At, Minute: e.Minute,
		})
	case Rate:
		if m.scale.Check(e.Rating) != nil {
			m.refuse(b, line, offset, RatingOffScale)
			return
		}
		b.Ratings = append(b.Ratings, catalog.Rating{
			User: catalog.UserID(m.users.of(e.User)), Movie: catalog.MovieID(m.movies.of(e.Movie)), Value: e.Rating, At: e.At,
		})
	case CreateAccount:
		b.Accounts = append(b.Accounts, catalog.Account{User: catalog.UserID(m.users.of(e.User)), At: e.At})
	case Recommendation:
		b.Lists++
	}
}

// refuse puts line into b's quarantine, cut to MaxKeptBytes.
func (m *batcher) refuse(b *catalog.Batch, line []byte, offset int64, reason Reason) {
	b.Refused = append(b.Refused, catalog.Refused{
		Source: b.Partition,
		Offset: offset,
		Reason: string(reason),
		Line:   bytes.Clone(line[:min(len(line), MaxKeptBytes)]),
		At:     m.now(),
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
