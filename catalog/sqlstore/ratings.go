package sqlstore

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"marquee/catalog"
)

// PutRatings stores ratings, of which the latest of each person and movie by
// [catalog.Rating.After] counts; one that comes too late, or again, is counted
// as Same. A rating that is not on the store's scale, or an id that is not
// legal, is an error that wraps [catalog.ErrInvalid], and nothing is stored. The
// movies and the people need not be known. The ratings of people who were
// forgotten are left out, and counted as Same too.
func (s *Store) PutRatings(ctx context.Context, ratings []catalog.Rating) (catalog.Tally, error) {
	const op = "store ratings"
	if len(ratings) == 0 {
		return catalog.Tally{}, nil
	}
	e := events{ratings: ratings, news: make(map[pair]past, len(ratings))}
	for i, r := range ratings {
		if err := addRating(e.news, r); err != nil {
			return catalog.Tally{}, fmt.Errorf("%s: row %d: %w", op, i, err)
		}
	}
	var tally catalog.Tally
	err := s.write(ctx, op, func(tx *sqlx.Tx) error {
		if err := checkRatings(ctx, tx, ratings); err != nil {
			return err
		}
		dead, err := s.tombstones(ctx, tx)
		if err != nil {
			return err
		}
		e.without(dead)
		tally, err = storeSeen(ctx, tx, e.news)
		return err
	})
	if err != nil {
		return catalog.Tally{}, err
	}
	tally.Same += len(ratings) - len(e.news)
	return tally, nil
}

func addRating(news map[pair]past, r catalog.Rating) error {
	return add(news, pair{r.User, r.Movie}, pastOfRating(r))
}

// add folds p into the news of k.
func add(news map[pair]past, k pair, p past) error {
	row, known := news[k]
	if !known {
		if err := checkPair(k); err != nil {
			return err
		}
		news[k] = p
		return nil
	}
	if row.fold(p) {
		news[k] = row
	}
	return nil
}

func checkPair(k pair) error {
	if _, err := catalog.ParseUserID(string(k.user)); err != nil {
		return err
	}
	_, err := catalog.ParseMovieID(string(k.movie))
	return err
}

// checkRatings refuses ratings that are not on the scale of the store.
func checkRatings(ctx context.Context, tx *sqlx.Tx, ratings []catalog.Rating) error {
	if len(ratings) == 0 {
		return nil
	}
	scale, err := readScale(ctx, tx)
	if err != nil {
		return err
	}
	for _, r := range ratings {
		if err := scale.Check(r.Value); err != nil {
			return fmt.Errorf("of user %q for movie %q on scale %v: %w", r.User, r.Movie, scale, err)
		}
	}
	return nil
}
