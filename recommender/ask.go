package recommender

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/failsafe-go/failsafe-go/bulkhead"
	"github.com/failsafe-go/failsafe-go/circuitbreaker"

	"marquee/indexer"
	"marquee/recommender/rank"
)

// AskConfig bounds how an index that is elsewhere ([indexer.Batcher]) is asked for
// neighbours. Start from [DefaultAskConfig].
type AskConfig struct {
	Timeout    time.Duration // of one question
	Rows       int           // newest movies of a history that are asked about; the bundle's own table has the others
	Concurrent int           // questions at once; more requests take the table
	Failures   int           // in a row, after which none is asked for Pause
	Pause      time.Duration
}

// DefaultAskConfig returns the settings that a server starts with. The say of a movie
// behind the 64th is a ninth of the newest one's.
func DefaultAskConfig() AskConfig {
	return AskConfig{Timeout: 100 * time.Millisecond, Rows: 64, Concurrent: 32, Failures: 5, Pause: 2 * time.Second}
}

// Validate reports every fault in one error.
func (c AskConfig) Validate() error {
	var errs []error
	want := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	want(c.Timeout > 0, "timeout of the index is %v, want more than 0", c.Timeout)
	want(c.Rows >= 1 && c.Rows <= 10_000, "movies asked about at once is %d, want 1 to 10000", c.Rows)
	want(c.Concurrent >= 1 && c.Concurrent <= 100_000, "questions to the index at once is %d, want 1 to 100000", c.Concurrent)
	want(c.Failures >= 1 && c.Failures <= 1000, "failures of the index in a row is %d, want 1 to 1000", c.Failures)
	want(c.Pause > 0, "pause after failures of the index is %v, want more than 0", c.Pause)
	return errors.Join(errs...)
}

// An asker asks an index that is elsewhere, and spares it while it fails.
type asker struct {
	cfg     AskConfig
	room    bulkhead.Bulkhead[any]
	circuit circuitbreaker.CircuitBreaker[any]
}

func newAsker(c AskConfig, log *slog.Logger) *asker {
	return &asker{
		cfg:  c,
		room: bulkhead.New[any](uint(c.Concurrent)),
		circuit: circuitbreaker.NewBuilder[any]().
			WithFailureThreshold(uint(c.Failures)).WithSuccessThreshold(1).WithDelay(c.Pause).
			OnOpen(func(circuitbreaker.StateChangedEvent) {
				log.Warn("the index cannot be asked; the bundle's own neighbours answer", "again_in", c.Pause)
			}).
			OnClose(func(circuitbreaker.StateChangedEvent) { log.Info("the index is asked again") }).
			Build(),
	}
}

// errSpared reports a question that was not asked.
var errSpared = errors.New("the index is not asked now")

// neighbours returns what ix does in bounded time, or an error at once. What a client
// does that goes away is not held against the index.
func (a *asker) neighbours(ctx context.Context, ix indexer.Batcher, rows []uint32, k int, exclude []uint32) ([][]indexer.Hit, error) {
	if !a.room.TryAcquirePermit() {
		return nil, errSpared
	}
	defer a.room.ReleasePermit()
	if !a.circuit.TryAcquirePermit() {
		return nil, errSpared
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), a.cfg.Timeout)
	defer cancel()
	lists, err := ix.Neighbours(ctx, rows, k, exclude)
	if err == nil && len(lists) != len(rows) {
		err = fmt.Errorf("%d lists of %d rows", len(lists), len(rows))
	}
	a.circuit.RecordError(err)
	return lists, err
}

// The sources of [Answer.Neighbours].
const (
	FromTable = "table" // the bundle's own neighbour table, since the index did not answer
	FromIndex = "index" // an index that is elsewhere
)

// near lets the index of a.Live say what is near to rows, if it is elsewhere. Without
// an answer the table has it.
func (s *Service) near(ctx context.Context, a *Answer, rows, exclude []uint32) {
	ix, elsewhere := a.Live.Index.(indexer.Batcher)
	if !elsewhere || len(rows) == 0 {
		return
	}
	a.Neighbours = FromTable
	k := a.Live.Snapshot.Table.K()
	lists, err := s.asker.neighbours(ctx, ix, rows, k, exclude)
	if err != nil {
		return
	}
	a.Neighbours, a.Near = FromIndex, lists
	for i, row := range rows {
		a.Near[i] = a.Live.State.Corrected(row, known(lists[i], a.Live.Snapshot.Movies, row), k)
	}
}

// known returns list without hits that cannot be: an index elsewhere may be of another
// build. It is never nil.
func known(list []indexer.Hit, movies *rank.Movies, of uint32) []indexer.Hit {
	out := make([]indexer.Hit, 0, len(list))
	for _, h := range list {
		if int64(h.Row) < int64(movies.Len()) && h.Row != of && h.Score-h.Score == 0 && !movies.IsGone(h.Row) {
			out = append(out, h)
		}
	}
	return out
}
