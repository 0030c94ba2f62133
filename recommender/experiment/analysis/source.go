package analysis

import (
	"context"
	"iter"
	"time"

	"marquee/catalog"
)

// A Source tells what people were shown and did. A store does.
type Source interface {
	// Movies yields all movies of the catalog.
	Movies(ctx context.Context) iter.Seq2[catalog.Movie, error]
	// Watches yields what each person watched of each movie, in any order.
	Watches(ctx context.Context) iter.Seq2[catalog.Watch, error]
	// Ratings yields each person's rating of each movie, in any order.
	Ratings(ctx context.Context) iter.Seq2[catalog.Rating, error]
	// Exposures yields the lists served at from or later and before to, by time.
	Exposures(ctx context.Context, from, to time.Time) iter.Seq2[catalog.Exposure, error]
	// Feedback yields what people did about movies of lists, at from or later and before to.
	Feedback(ctx context.Context, from, to time.Time) iter.Seq2[catalog.Feedback, error]
}
