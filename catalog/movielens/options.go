package movielens

import (
	"context"
	"errors"
	"fmt"

	"marquee/catalog"
)

// A Store is what an import writes to. Its methods are those of
// catalog/sqlstore.
type Store interface {
	PutMovies(ctx context.Context, movies []catalog.Movie) (catalog.Tally, error)
	PutUsers(ctx context.Context, users []catalog.User) (catalog.Tally, error)
	PutRatings(ctx context.Context, ratings []catalog.Rating) (catalog.Tally, error)

	// Movie returns the movie of that id, or an error that wraps
	// catalog.ErrNotFound.
	Movie(ctx context.Context, id catalog.MovieID) (catalog.Movie, error)

	// Scale returns the range of ratings that the store holds, and SetScale
	// sets it.
	Scale(ctx context.Context) (catalog.Scale, error)
	SetScale(ctx context.Context, scale catalog.Scale) error
	// Counts says how much the store holds.
	Counts(ctx context.Context) (catalog.Counts, error)
}

// Options says how to import. Start from [DefaultOptions].
type Options struct {
	Metadata string // path of a file of JSON lines with more facts, gzipped or not; "" for none
	Keywords int    // most tags kept of a movie, 0 to 200

	// Progress, if not nil, is called now and then with the bytes of all files
	// on disk that were read so far, and all there are.
	Progress func(done, total int64)
}

// DefaultOptions keeps 20 keywords of a movie and reads no metadata.
func DefaultOptions() Options { return Options{Keywords: 20} }

// Validate reports every fault of o in one error that wraps
// [catalog.ErrInvalid].
func (o Options) Validate() error {
	var errs []error
	if o.Keywords < 0 || o.Keywords > catalog.MaxListItems {
		errs = append(errs, fmt.Errorf("keywords is %d, want 0 to %d: %w", o.Keywords, catalog.MaxListItems, catalog.ErrInvalid))
	}
	return errors.Join(errs...)
}
