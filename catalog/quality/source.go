package quality

import (
	"context"
	"iter"
	"time"

	"marquee/catalog"
)

// A Source is what [Run] reads: catalog/sqlstore is one. Every iterator yields an
// error at most once, as its last pair.
type Source interface {
	Facts
	Events
	Telemetry
}

// Facts are the tables of what is known.
type Facts interface {
	Scale(ctx context.Context) (catalog.Scale, error)
	Movies(ctx context.Context) iter.Seq2[catalog.Movie, error]
	// Users yields by ascending id, bytewise, as all of Events do.
	Users(ctx context.Context) iter.Seq2[catalog.User, error]
}

// Events are the tables of what people did, each by ascending user id and then
// movie id, bytewise.
type Events interface {
	Watches(ctx context.Context) iter.Seq2[catalog.Watch, error]
	Ratings(ctx context.Context) iter.Seq2[catalog.Rating, error]
	Accounts(ctx context.Context) iter.Seq2[catalog.Account, error]
}

// Telemetry are the tables of what Marquee itself did.
type Telemetry interface {
	// QuarantineLines returns a page of at most limit lines after a place, by source
	// and offset; an empty one at the end.
	QuarantineLines(ctx context.Context, filter catalog.RefusedFilter, after catalog.RefusedPlace, limit int) ([]catalog.Refused, error)
	// Intake returns all hours from from on and before to; a zero time is no bound.
	Intake(ctx context.Context, from, to time.Time) ([]catalog.Intake, error)
	// Exposures yields lists by time; a zero to is no end.
	Exposures(ctx context.Context, from, to time.Time) iter.Seq2[catalog.Exposure, error]
	// UnknownIDs returns which of ids the catalog API said it does not know: kind is
	// "movie" or "user".
	UnknownIDs(ctx context.Context, kind string, ids []string) (map[string]bool, error)
}
