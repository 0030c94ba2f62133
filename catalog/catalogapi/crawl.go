package catalogapi

import (
	"context"
	"errors"
	"fmt"
	"time"

	"marquee/catalog"
)

// A Store keeps what a crawl learns: catalog/sqlstore is one.
type Store interface {
	Movie(ctx context.Context, id catalog.MovieID) (catalog.Movie, error) // wraps catalog.ErrNotFound
	User(ctx context.Context, id catalog.UserID) (catalog.User, error)    // wraps catalog.ErrNotFound
	PutMovies(ctx context.Context, movies []catalog.Movie) (catalog.Tally, error)
	PutUsers(ctx context.Context, users []catalog.User) (catalog.Tally, error)

	// UnknownIDs returns which of ids the catalog API was found not to know;
	// kind is KindMovie or KindUser.
	UnknownIDs(ctx context.Context, kind string, ids []string) (map[string]bool, error)
	PutUnknownIDs(ctx context.Context, kind string, ids []string) error
}

// IDs are what a crawl asks for.
type IDs struct {
	Movies []catalog.MovieID
	Users  []catalog.UserID
}

// Progress says how far a crawl is with the ids of one kind.
type Progress struct {
	Kind    string
	Total   int // ids, without repeated ones
	Done    int // of Total: stored, unknown, refused or skipped
	Skipped int // of Done: were in the store, or known to be unknown, before
}

// Crawl asks for ids and writes what it learns to dst, every 200 answers or
// every second. Ids that dst has, or knows to be unknown, are not asked for: a
// crawl that was interrupted goes on where it ended, and whatever was answered
// before the interruption is written first. progress, unless nil, is called
// after every write.
//
// The report counts an unknown id, an id that is not legal and a record that
// cannot be read as refused, and is the same whatever the order in which
// answers arrive. With an error it tells what was done up to there; the error
// wraps [catalog.ErrUnavailable] when the service, or dst, cannot be reached.
//
// A 404 without the API's own message is counted as unknown, but remembered as
// such only once the service has shown itself to be the catalog API: a wrong
// base URL must not turn a whole catalog into unknown ids.
func (c *Client) Crawl(ctx context.Context, ids IDs, dst Store, progress func(Progress)) (catalog.Report, error) {
	var report catalog.Report
	movies := crawler[catalog.Movie]{
		client: c, reader: c.movies(), dst: dst, put: dst.PutMovies, tally: &report.Movies, report: &report, progress: progress,
		legal: func(id string) error { _, err := catalog.ParseMovieID(id); return err },
		has: func(ctx context.Context, id string) error {
			_, err := dst.Movie(ctx, catalog.MovieID(id))
			return err
		},
	}
	if err := movies.run(ctx, toStrings(ids.Movies)); err != nil {
		return report, fmt.Errorf("crawl movies: %w", err)
	}
	users := crawler[catalog.User]{
		client: c, reader: c.users(), dst: dst, put: dst.PutUsers, tally: &report.Users, report: &report, progress: progress,
		legal: func(id string) error { _, err := catalog.ParseUserID(id); return err },
		has: func(ctx context.Context, id string) error {
			_, err := dst.User(ctx, catalog.UserID(id))
			return err
		},
	}
	if err := users.run(ctx, toStrings(ids.Users)); err != nil {
		return report, fmt.Errorf("crawl users: %w", err)
	}
	return report, nil
}

// Bounds of what a crawl holds unwritten.
const (
	writeAnswers = 200
	writeEvery   = time.Second
	writeTimeout = 10 * time.Second // of the last write, after an interruption
)

// A crawler crawls the records of one kind.
type crawler[T any] struct {
	client *Client
	reader reader[T]
	dst    Store
	put    func(context.Context, []T) (catalog.Tally, error)
	legal  func(id string) error
	has    func(ctx context.Context, id string) error // ErrNotFound if the store has not

	tally    *catalog.Tally
	report   *catalog.Report
	progress func(Progress)

	at      Progress
	records []T
	unknown []string // to be remembered
	unsure  []string // unknown, if this is the catalog API at all
	written time.Time
}

func (w *crawler[T]) run(ctx context.Context, ids []string) error {
	wanted, err := w.wanted(ctx, ids)
	if err != nil {
		return err
	}
	w.written = time.Now()
	var failed error
	for a, err := range answers(ctx, w.client, w.reader, wanted) {
		if err != nil {
			failed = err
			break
		}
		w.take(a)
		if len(w.records)+len(w.unknown) >= writeAnswers || time.Since(w.written) >= writeEvery {
			if err := w.write(ctx); err != nil && ctx.Err() == nil {
				return err
			}
		}
	}
	if failed != nil { // what was answered must not be asked again
		after, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeTimeout)
		defer cancel()
		return errors.Join(failed, w.write(after))
	}
	return w.write(ctx)
}

// wanted returns the ids to ask for: legal, each once, not known yet.
func (w *crawler[T]) wanted(ctx context.Context, ids []string) ([]string, error) {
	w.at = Progress{Kind: w.reader.kind}
	seen := make(map[string]bool, len(ids))
	var legal []string
	for _, id := range ids {
		if seen[id] {
			continue
		}
		seen[id] = true
		w.at.Total++
		if err := w.legal(id); err != nil {
			w.at.Done++
			w.report.Refuse(w.reader.kind, 0, err.Error())
			continue
		}
		legal = append(legal, id)
	}
	unknown, err := w.dst.UnknownIDs(ctx, w.reader.kind, legal)
	if err != nil {
		return nil, fmt.Errorf("ids known to be unknown: %w", err)
	}
	var out []string
	for _, id := range legal {
		if unknown[id] {
			continue
		}
		err := w.has(ctx, id)
		if errors.Is(err, catalog.ErrNotFound) {
			out = append(out, id)
		} else if err != nil {
			return nil, fmt.Errorf("look up %s %s: %w", w.reader.kind, id, err)
		}
	}
	w.at.Skipped = len(legal) - len(out)
	w.at.Done += w.at.Skipped
	return out, nil
}

// take counts one answer and keeps what is to be written of it.
func (w *crawler[T]) take(a Answer[T]) {
	w.at.Done++
	name := w.reader.kind + " " + a.ID
	switch {
	case a.Fault != nil:
		w.report.Refuse(name, 0, a.Fault.Error())
	case a.Unknown:
		w.report.Refuse(name, 0, "unknown to the catalog API")
		if a.Sure {
			w.unknown = append(w.unknown, a.ID)
		} else {
			w.unsure = append(w.unsure, a.ID)
		}
	default:
		for _, note := range a.Notes {
			w.report.Mend(name, 0, note)
		}
		w.records = append(w.records, a.Record)
	}
}

// write makes what was taken durable. What could not be written is kept for
// the next write.
func (w *crawler[T]) write(ctx context.Context) error {
	if len(w.records) > 0 {
		tally, err := w.put(ctx, w.records)
		if err != nil {
			return fmt.Errorf("store %d records: %w", len(w.records), err)
		}
		w.tally.Add(tally)
		w.records = nil
	}
	if w.client.genuine.Load() {
		w.unknown = append(w.unknown, w.unsure...)
		w.unsure = nil
	}
	if len(w.unknown) > 0 {
		if err := w.dst.PutUnknownIDs(ctx, w.reader.kind, w.unknown); err != nil {
			return fmt.Errorf("store %d unknown ids: %w", len(w.unknown), err)
		}
		w.unknown = nil
	}
	w.written = time.Now()
	if w.progress != nil {
		w.progress(w.at)
	}
	return nil
}
