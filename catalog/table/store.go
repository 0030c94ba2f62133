package table

import (
	"context"

	"marquee/catalog"
)

// A Store is what an import writes to, and reads to merge. Its methods are
// those of catalog/sqlstore.
type Store interface {
	PutMovies(ctx context.Context, movies []catalog.Movie) (catalog.Tally, error)
	PutUsers(ctx context.Context, users []catalog.User) (catalog.Tally, error)
	PutRatings(ctx context.Context, ratings []catalog.Rating) (catalog.Tally, error)

	// Movie returns the movie of that id, or an error that wraps
	// catalog.ErrNotFound.
	Movie(ctx context.Context, id catalog.MovieID) (catalog.Movie, error)
	// MovieByOutside returns the movies whose "imdb_id" or "tmdb_id" is value.
	MovieByOutside(ctx context.Context, kind, value string) ([]catalog.MovieID, error)

	// Scale returns the range of ratings that the store holds.
	Scale(ctx context.Context) (catalog.Scale, error)

	// Append commits the events of a batch if the store stands at its From,
	// and Offset says where it stands.
	Append(ctx context.Context, b catalog.Batch) (catalog.Applied, error)
	Offset(ctx context.Context, partition string) (int64, error)
}
