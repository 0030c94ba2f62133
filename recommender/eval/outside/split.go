package outside

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"slices"

	"marquee/catalog"
	"marquee/recommender/eval"
)

// Files are the two parts of a split.
type Files struct {
	Train, Test string
}

// Options say how files are read. The zero value is good.
type Options struct {
	// Protocol says in reports how the parts were cut; "" names the files.
	Protocol string

	// Scale is that of the ratings, and a rating off it an error. The zero value
	// means the smallest of the usual scales that holds them all.
	Scale catalog.Scale

	// Movies, unless nil, are all movies that can be listed, in the order of the
	// rows; rows of other movies are left out and counted. Nil means the movies of
	// both parts, ascending.
	Movies []catalog.MovieID
}

// A Loaded is a split that was read from files.
type Loaded struct {
	Split    *eval.Split
	Scale    catalog.Scale // zero if no row has a rating, or all have the same
	Counts   Counts
	Warnings []string // also among those of Split, which reports repeat
}

// Counts says what the files hold.
type Counts struct {
	TrainRows          int `json:"train_rows"`
	TestRows           int `json:"test_rows"`
	TrainUsers         int `json:"train_users"`
	TestUsers          int `json:"test_users"`
	TrainMovies        int `json:"train_movies"`
	TestMovies         int `json:"test_movies"`
	ColdUsers          int `json:"cold_users"`           // of test, not in train
	ColdMovies         int `json:"cold_movies"`          // likewise
	UsersWithoutTruth  int `json:"users_without_truth"`  // of train, not in test
	MoviesWithoutTruth int `json:"movies_without_truth"` // likewise
	Both               int `json:"both"`                 // pairs of test that are in train too, left out of the truth
	Unknown            int `json:"unknown"`              // rows of movies that Options.Movies does not have
	Repeated           int `json:"repeated"`             // rows folded into another of the same user and item
	Rated              int `json:"rated"`                // rows with a rating
	Untimed            int `json:"untimed"`              // rows without a time
}

// ReadSplit reads the two parts of a split that was cut elsewhere. It reads each
// file twice, holds one line at a time besides what it returns, and needs O(n log
// n) for n rows. The package's comment says what files may look like. A file
// that cannot be read as such, with nothing in it, with one user or one movie,
// or with nothing in common with the other is an error that says what to do and
// wraps [catalog.ErrInvalid].
func ReadSplit(ctx context.Context, files Files, o Options) (*Loaded, error) {
	given := o.Scale != catalog.Scale{}
	if given {
		if err := o.Scale.Validate(); err != nil {
			return nil, err
		}
	}
	v := &survey{scale: o.Scale, given: given}
	for part, name := range []string{files.Train, files.Test} {
		v.parts[part] = partSurvey{users: map[string]bool{}, movies: map[string]bool{}}
		if err := v.read(ctx, part, name); err != nil {
			return nil, err
		}
	}
	if err := v.check(files); err != nil {
		return nil, err
	}
	out := &Loaded{Counts: v.counts()}
	if err := out.rate(v); err != nil {
		return nil, err
	}
	movies := o.Movies
	if movies == nil {
		movies = v.allMovies()
	}
	if err := out.collect(ctx, files, o, movies, out.Scale != catalog.Scale{}); err != nil {
		return nil, err
	}
	out.warn(files)
	out.Split.Warnings = append(out.Split.Warnings, out.Warnings...)
	return out, nil
}

// rate sets the scale. Ratings that are all the same say nothing, and what they
// would be on a scale cannot be known: such rows count as watched.
func (l *Loaded) rate(v *survey) error {
	switch {
	case v.tally.rated == 0:
	case v.given:
		l.Scale = v.scale
		if !v.tally.differ {
			l.Warnings = append(l.Warnings, fmt.Sprintf("all ratings are %v: they say nothing; judge models that learn from watches", v.tally.first))
		}
	case !v.tally.differ:
		l.Warnings = append(l.Warnings, fmt.Sprintf("all ratings are %v: they say nothing and are left out; give the scale to keep them", v.tally.first))
	default:
		scale, err := v.tally.scale()
		if err != nil {
			return err
		}
		l.Scale = scale
		l.Warnings = append(l.Warnings, fmt.Sprintf("the rating scale was taken from the ratings: %v to %v; give the scale if it is another", scale.Min, scale.Max))
	}
	return nil
}

func (l *Loaded) collect(ctx context.Context, files Files, o Options, movies []catalog.MovieID, rated bool) error {
	train, err := eval.Collect(rows(ctx, files.Train, rated), movies)
	if err != nil {
		return err
	}
	test, err := eval.Collect(rows(ctx, files.Test, rated), movies)
	if err != nil {
		return err
	}
	for _, part := range []struct {
		data *eval.Data
		name string
	}{{train, files.Train}, {test, files.Test}} {
		if len(part.data.Users) == 0 {
			return fmt.Errorf("%s: none of its movies is among the %d of the catalog; give the catalog that the file was made with: %w", part.name, len(movies), catalog.ErrInvalid)
		}
	}
	protocol := o.Protocol
	if protocol == "" {
		protocol = fmt.Sprintf("split of %s and %s", filepath.Base(files.Train), filepath.Base(files.Test))
	}
	l.Counts.Unknown, l.Counts.Repeated = train.Unknown+test.Unknown, train.Repeated+test.Repeated
	train.Unknown, train.Repeated = l.Counts.Unknown, l.Counts.Repeated
	l.Split, l.Counts.Both, err = eval.Held(protocol, train, test)
	return err
}

// warn says in words what Counts says of one part that the other lacks. What
// eval reports of a split is left to it.
func (l *Loaded) warn(files Files) {
	c := l.Counts
	train, test := filepath.Base(files.Train), filepath.Base(files.Test)
	for _, w := range []struct {
		n    int
		text string
	}{
		{c.ColdUsers, fmt.Sprintf("%d of %d users of %s are not in %s: they have no history", c.ColdUsers, c.TestUsers, test, train)},
		{c.ColdMovies, fmt.Sprintf("%d of %d movies of %s are not in %s: what learns from watches alone cannot list them", c.ColdMovies, c.TestMovies, test, train)},
		{c.Both, fmt.Sprintf("%d pairs of a user and a movie are in both files: they count as watched and not as truth", c.Both)},
		{c.Untimed, fmt.Sprintf("%d of %d rows have no time: a history is in the order of movie ids where it is missing", c.Untimed, c.TrainRows+c.TestRows)},
	} {
		if w.n > 0 {
			l.Warnings = append(l.Warnings, w.text)
		}
	}
}

// A survey is what the first reading finds out.
type survey struct {
	scale catalog.Scale
	given bool
	tally tally
	parts [2]partSurvey
}

type partSurvey struct {
	rows, untimed int
	users, movies map[string]bool
}

func (v *survey) read(ctx context.Context, part int, name string) error {
	p := &v.parts[part]
	return eachRow(ctx, name, func(line int, r row) error {
		p.rows++
		if !p.users[r.user] {
			p.users[r.user] = true
		}
		if !p.movies[r.item] {
			p.movies[r.item] = true
		}
		if !r.timed {
			p.untimed++
		}
		if !r.rated {
			return nil
		}
		if v.given {
			if err := v.scale.Check(r.rating); err != nil {
				return fmt.Errorf("%w; mend the row or give the scale of the file", err)
			}
		}
		v.tally.add(r.rating, name, line)
		return nil
	})
}

// check refuses what cannot be judged.
func (v *survey) check(files Files) error {
	train, test := v.parts[0], v.parts[1]
	for i, name := range []string{files.Train, files.Test} {
		if v.parts[i].rows == 0 {
			return fmt.Errorf("%s: no rows, want user, item, rating and time divided by tabs: %w", name, catalog.ErrInvalid)
		}
	}
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	switch {
	case len(train.users) < 2:
		bad("%s: one user, want two or more to learn from; is the first column the user?", files.Train)
	case len(train.movies) < 2:
		bad("%s: one movie, want two or more to choose from; is the second column the item?", files.Train)
	}
	if common(train.users, test.users) == 0 {
		bad("no user of %s is in %s; want two parts of one data set, with the same ids in the same column", files.Test, files.Train)
	}
	if common(train.movies, test.movies) == 0 {
		bad("no movie of %s is in %s; want two parts of one data set, with the same ids in the same column", files.Test, files.Train)
	}
	if len(errs) == 0 {
		return nil
	}
	return fmt.Errorf("%w: %w", errors.Join(errs...), catalog.ErrInvalid)
}

func (v *survey) counts() Counts {
	train, test := v.parts[0], v.parts[1]
	users, movies := common(train.users, test.users), common(train.movies, test.movies)
	return Counts{
		TrainRows: train.rows, TestRows: test.rows, TrainUsers: len(train.users), TestUsers: len(test.users),
		TrainMovies: len(train.movies), TestMovies: len(test.movies),
		ColdUsers: len(test.users) - users, ColdMovies: len(test.movies) - movies,
		UsersWithoutTruth: len(train.users) - users, MoviesWithoutTruth: len(train.movies) - movies,
		Rated: v.tally.rated, Untimed: train.untimed + test.untimed,
	}
}

func (v *survey) allMovies() []catalog.MovieID {
	var out []catalog.MovieID
	for i, part := range v.parts {
		for id := range part.movies {
			if i == 0 || !v.parts[0].movies[id] {
				out = append(out, catalog.MovieID(id))
			}
		}
	}
	slices.Sort(out)
	return out
}

func common(a, b map[string]bool) int {
	n := 0
	for id := range a {
		if b[id] {
			n++
		}
	}
	return n
}

// rows reads a file that the survey has read.
func rows(ctx context.Context, name string, rated bool) iter.Seq2[catalog.UserSeen, error] {
	return func(yield func(catalog.UserSeen, error) bool) {
		err := eachRow(ctx, name, func(_ int, r row) error {
			out := catalog.UserSeen{User: catalog.UserID(r.user)}
			out.Movie, out.At = catalog.MovieID(r.item), r.at
			if rated && r.rated {
				out.Rating, out.Rated = r.rating, true
			}
			if !yield(out, nil) {
				return errStop
			}
			return nil
		})
		if err != nil && !errors.Is(err, errStop) {
			yield(catalog.UserSeen{}, err)
		}
	}
}

var errStop = errors.New("the reader has enough")

func eachRow(ctx context.Context, name string, f func(line int, r row) error) error {
	var l layout
	return eachLine(ctx, name, maxRowBytes, func(number int, line string) error {
		if l.width == 0 {
			var err error
			if l, err = layoutOf(line); err != nil {
				return err
			}
			if l.width > maxHeader {
				return fmt.Errorf("%d columns, want at most %d: %w", l.width, maxHeader, catalog.ErrInvalid)
			}
			if l.header {
				return nil
			}
		}
		r, err := l.read(line)
		if err != nil {
			return err
		}
		return f(number, r)
	})
}
