package table

import (
	"fmt"
	"time"

	"marquee/catalog"
)

// epoch dates a rating or a watch whose time is not known: before all others.
var epoch = time.Unix(0, 0).UTC()

// rating returns the rating of r. Every value but the time must be there and
// right, or the row is refused: a rating that is half wrong is no opinion.
func (r *record) rating(scale catalog.Scale) (catalog.Rating, error) {
	user, movie, at, err := r.deed()
	if err != nil {
		return catalog.Rating{}, err
	}
	value, ok, err := r.values["value"].number()
	if err == nil && !ok {
		err = fmt.Errorf("is empty, want %v to %v", scale.Min, scale.Max)
	}
	if err != nil {
		return catalog.Rating{}, fmt.Errorf("rating: %w: %w", err, catalog.ErrInvalid)
	}
	if err := scale.Check(value); err != nil {
		return catalog.Rating{}, err
	}
	return catalog.Rating{User: user, Movie: movie, Value: value, At: at}, nil
}

// maxMinute is the furthest minute of a watch; series have been seen to 1,063.
const maxMinute = 100_000

// watch returns the minute of r, and whether the row says which minute it was.
func (r *record) watch() (m catalog.Minute, known bool, err error) {
	user, movie, at, err := r.deed()
	if err != nil {
		return catalog.Minute{}, false, err
	}
	minute, known, err := r.values["minute"].number()
	if err != nil || !(minute >= 0 && minute <= maxMinute) {
		return catalog.Minute{}, false, fmt.Errorf("minute is %.40q, want 0 to %d: %w", r.values["minute"].text, maxMinute, catalog.ErrInvalid)
	}
	return catalog.Minute{User: user, Movie: movie, At: at, Minute: int(minute)}, known, nil
}

// deed returns who did something with which movie, and when.
func (r *record) deed() (user catalog.UserID, movie catalog.MovieID, at time.Time, err error) {
	if user, err = catalog.ParseUserID(r.text("user")); err != nil {
		return "", "", at, err
	}
	if movie, err = catalog.ParseMovieID(r.text("movie")); err != nil {
		return "", "", at, err
	}
	at, known, err := r.values["at"].time()
	if err == nil && !known {
		at = epoch
	}
	return user, movie, at, err
}
