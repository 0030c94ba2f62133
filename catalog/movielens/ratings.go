package movielens

import (
	"fmt"
	"strconv"
	"time"

	"marquee/catalog"
)

// maxTime is the end of the year 2200, in seconds since 1970.
const maxTime = 7_289_654_399

// ratings sets the scale and puts the ratings. Of several by one person of one
// movie the latest wins, in the store.
func (im *importer) ratings() error {
	s := im.layout.rates
	if err := im.store.SetScale(im.ctx, im.layout.scale); err != nil {
		return err
	}
	batch := make([]catalog.Rating, 0, batchRatings)
	strangers := make(map[string]bool) // movies with ratings alone
	return im.each(s, func(fields []string, line int) error {
		r, err := im.rating(fields)
		if err != nil {
			return err
		}
		if _, known := im.found.at[fields[1]]; !known && !strangers[fields[1]] && len(strangers) < maxMovies {
			strangers[fields[1]] = true
			im.report.Mend(s.name, line, fmt.Sprintf("movie %q is not in %s; its ratings are kept", r.Movie, im.layout.movies.name))
		}
		batch = append(batch, r)
		return nil
	}, func() error {
		if len(batch) == 0 {
			return nil
		}
		tally, err := im.store.PutRatings(im.ctx, batch)
		im.report.Ratings.Add(tally)
		batch = batch[:0]
		return err
	})
}

// rating returns the rating of a row.
func (im *importer) rating(fields []string) (r catalog.Rating, err error) {
	if r.User, err = catalog.ParseUserID(fields[0]); err != nil {
		return r, err
	}
	if r.Movie, err = catalog.ParseMovieID(fields[1]); err != nil {
		return r, err
	}
	if r.Value, err = strconv.ParseFloat(fields[2], 64); err != nil {
		return r, fmt.Errorf("rating is %.40q, want a number: %w", fields[2], catalog.ErrInvalid)
	}
	if err := im.layout.scale.Check(r.Value); err != nil {
		return r, err
	}
	seconds, err := strconv.ParseInt(fields[3], 10, 64)
	if err != nil || seconds < 0 || seconds > maxTime {
		return r, fmt.Errorf("timestamp is %.40q, want seconds since 1970: %w", fields[3], catalog.ErrInvalid)
	}
	r.At = time.Unix(seconds, 0).UTC()
	return r, nil
}
