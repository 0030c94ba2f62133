package catalogapi

import (
	"context"
	"fmt"
	"iter"
	"sync"

	"marquee/catalog"
)

// The kinds of records, as they stand in the API's paths and in the store of
// unknown ids.
const (
	KindMovie = "movie"
	KindUser  = "user"
)

// An Answer is what the catalog API says of one id.
type Answer[T any] struct {
	ID      string
	Record  T        // normalized; the zero T if Unknown or Fault
	Notes   []string // what was cut or dropped from the record
	Unknown bool     // the API does not know the id
	Fault   error    // the record cannot be had; asking again may or may not help
	Sure    bool     // the answer cannot come from a wrong base URL, as a bare 404 can
}

// Movies asks for ids, several at a time, and yields an answer for each, in the
// order of ids. An error is the last thing that is yielded: it wraps
// [catalog.ErrUnavailable] when the service cannot be reached, and some answers
// may have come before it.
func (c *Client) Movies(ctx context.Context, ids []catalog.MovieID) iter.Seq2[Answer[catalog.Movie], error] {
	return answers(ctx, c, c.movies(), toStrings(ids))
}

// Users does for users what [Client.Movies] does for movies.
func (c *Client) Users(ctx context.Context, ids []catalog.UserID) iter.Seq2[Answer[catalog.User], error] {
	return answers(ctx, c, c.users(), toStrings(ids))
}

func toStrings[T ~string](ids []T) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = string(id)
	}
	return out
}

// A reader reads the records of one kind.
type reader[T any] struct {
	kind   string
	decode func([]byte) (T, []string, error)
	tidy   func(*T) ([]string, error)
}

func (c *Client) movies() reader[catalog.Movie] {
	return reader[catalog.Movie]{kind: KindMovie, decode: c.cfg.Fields.DecodeMovie, tidy: (*catalog.Movie).Normalize}
}

func (c *Client) users() reader[catalog.User] {
	return reader[catalog.User]{kind: KindUser, decode: c.cfg.Fields.DecodeUser, tidy: (*catalog.User).Normalize}
}

// answers yields an answer for each id, in order. After an error it still
// yields what other requests under way brought, then the error.
func answers[T any](ctx context.Context, c *Client, r reader[T], ids []string) iter.Seq2[Answer[T], error] {
	return func(yield func(Answer[T], error) bool) {
		var failed error
		for re := range c.replies(ctx, r.kind, ids) {
			if re.err != nil && failed == nil {
				failed = re.err
			}
			for _, id := range re.ids {
				a, ok := r.answer(re, id)
				if ok && !yield(a, nil) {
					return
				}
			}
		}
		if failed != nil {
			yield(Answer[T]{}, failed)
		}
	}
}

// answer returns what re says of id, if anything.
func (r reader[T]) answer(re *reply, id string) (a Answer[T], ok bool) {
	a = Answer[T]{ID: id, Sure: re.said}
	switch raw := re.records[id]; {
	case raw != nil:
		v, notes, err := r.decode(raw)
		if err == nil {
			var more []string
			more, err = r.tidy(&v)
			notes = append(notes, more...)
		}
		if err != nil {
			a.Fault = err
		} else {
			a.Record, a.Notes = v, notes
		}
	case re.unknown[id]:
		a.Unknown = true
	case re.faults[id] != nil:
		a.Fault = re.faults[id]
	default:
		return a, false
	}
	return a, true
}

// maxFaulty is how many requests in a row may fail at the service before it
// counts as out of order: one record that it cannot write must not end a crawl.
const maxFaulty = 3

// replies asks for ids in requests of Config.Bulk, Config.Parallel at a time,
// and yields the replies in order. After one that ends everything no more
// requests are begun, but those under way are still yielded.
func (c *Client) replies(ctx context.Context, kind string, ids []string) iter.Seq[*reply] {
	return func(yield func(*reply) bool) {
		ctx, cancel := context.WithCancel(ctx)
		stop := make(chan struct{})
		halt := sync.OnceFunc(func() { close(stop) })
		// Each request puts its reply into a channel of its own, and these
		// stand in the order of the requests; the one being waited for is out
		// of the queue, so Parallel-1 places make Parallel requests.
		queue := make(chan chan *reply, c.cfg.Parallel-1)
		var wg sync.WaitGroup
		wg.Go(func() { c.send(ctx, kind, ids, queue, stop, &wg) })
		defer wg.Wait()
		defer cancel()
		defer halt()

		faulty := 0
		for place := range queue {
			r := <-place
			if faulty = countFaulty(faulty, r); faulty == maxFaulty {
				r.err = fmt.Errorf("%d requests in a row failed, the last one: %w: %w", faulty, r.faults[r.ids[0]], catalog.ErrUnavailable)
			}
			if r.err != nil {
				halt()
			}
			if !yield(r) {
				return
			}
		}
	}
}

// countFaulty returns how many replies in a row, r last, the service could not
// give.
func countFaulty(before int, r *reply) int {
	if r.said || len(r.faults) < len(r.ids) {
		return 0
	}
	return before + 1
}

// send begins the requests for ids, one for each place it finds in queue.
func (c *Client) send(ctx context.Context, kind string, ids []string, queue chan<- chan *reply, stop <-chan struct{}, wg *sync.WaitGroup) {
	defer close(queue)
	for len(ids) > 0 {
		n := c.takeIDs(ids)
		place := make(chan *reply, 1)
		select {
		case <-stop:
			return
		default:
		}
		select {
		case <-stop:
			return
		case queue <- place:
		}
		part := ids[:n]
		wg.Go(func() { place <- c.ask(ctx, kind, part) })
		ids = ids[n:]
	}
}

// maxPathBytes bounds the ids of one request: many servers refuse a URL of more
// than 8 KiB.
const maxPathBytes = 6000

// takeIDs returns how many of ids the next request holds.
func (c *Client) takeIDs(ids []string) int {
	bytes := 0
	for i, id := range ids {
		bytes += len(id) + 1
		if i == c.cfg.Bulk || i > 0 && bytes > maxPathBytes {
			return i
		}
	}
	return len(ids)
}
