package eval

import (
	"cmp"
	"context"
	"math/rand/v2"
	"slices"

	"marquee/catalog"
)

// A Lister returns at most n movies for user, best first, as rows of
// Data.Movies. The history in train is newest first and must not be changed; it
// is all that may be known about the person, so anything else the Lister uses
// (factors, popularity, ratings) must come from the training part as well. It
// must be safe for concurrent use. An error ends the whole run: a model that
// failed has no score.
type Lister func(ctx context.Context, user catalog.UserID, train []Seen, n int) ([]uint32, error)

// A Listing is a list with what is known about how it was made.
type Listing struct {
	Rows     []uint32 // as from a [Lister]
	Personal bool     // made for this person, and not what everyone like them gets
	Sources  []string // where each of Rows came from, one a place; nil if that is not known
}

// An Explainer is a [Lister] that also says how it made the list.
type Explainer func(ctx context.Context, user catalog.UserID, train []Seen, n int) (Listing, error)

// A Chooser is an [Explainer] that takes from candidates alone, which ascend and
// must not be changed.
type Chooser func(ctx context.Context, user catalog.UserID, train []Seen, candidates []uint32, n int) (Listing, error)

// A Rater writes to ratings, [len(movies)], the rating that user would give each
// of movies, on the scale of the data. Else it is bound like a [Lister]. It
// always has an answer, at worst the mean of all ratings: a number that is not
// finite ends the run.
type Rater func(ctx context.Context, user catalog.UserID, train []Seen, movies []uint32, ratings []float32) error

// A Model is what is judged, with the name it has in reports. It needs one of
// List, Explain and Rate.
type Model struct {
	Name    string
	List    Lister
	Explain Explainer // if set, asked in place of List
	Rate    Rater     // if set, RMSE and MAE are taken over the rated movies of the truth

	// Choose, if set, is asked in place of both where a split has Candidates.
	// Without it the model is asked for all movies, and the rest is struck out.
	Choose Chooser
}

// Popularity lists what most people of train watched and the person did not;
// of equally popular movies the one in the lower row comes first. Every model
// has to beat it.
func Popularity(train *Data) Model {
	watchers := train.Watchers()
	order := make([]uint32, len(watchers))
	for i := range order {
		order[i] = uint32(i)
	}
	slices.SortStableFunc(order, func(a, b uint32) int { return cmp.Compare(watchers[b], watchers[a]) })
	list := func(_ context.Context, _ catalog.UserID, train []Seen, n int) ([]uint32, error) {
		return unseen(order, train, n), nil
	}
	return Model{Name: "popularity", List: list}
}

// Random lists movies that the person has not watched, each with the same
// chance. The list depends on the seed and the person's id and history alone.
func Random(train *Data, seed uint64) Model {
	list := func(_ context.Context, user catalog.UserID, history []Seen, n int) ([]uint32, error) {
		return randomUnseen(seed, user, len(train.Movies), history, n), nil
	}
	return Model{Name: "random", List: list}
}

// randomUnseen returns n of movies that are not in history, or all there are.
func randomUnseen(seed uint64, user catalog.UserID, movies int, history []Seen, n int) []uint32 {
	r := userRand(seed, user)
	if movies > 2*(len(history)+n) {
		return draw(r, movies, history, n)
	}
	order := make([]uint32, 0, movies)
	for _, row := range r.Perm(movies) {
		order = append(order, uint32(row))
	}
	return unseen(order, history, n)
}

// unseen returns the first n of order that are not in history.
func unseen(order []uint32, history []Seen, n int) []uint32 {
	seen := rowSet(history)
	out := make([]uint32, 0, min(n, len(order)))
	for _, row := range order {
		if len(out) == n {
			break
		}
		if !seen[row] {
			out = append(out, row)
		}
	}
	return out
}

// draw picks n movies by trying again when one is seen or drawn already. More
// than half are neither, so it tries some 2n times.
func draw(r *rand.Rand, movies int, history []Seen, n int) []uint32 {
	taken := rowSet(history)
	out := make([]uint32, 0, n)
	for len(out) < n {
		if row := uint32(r.IntN(movies)); !taken[row] {
			taken[row] = true
			out = append(out, row)
		}
	}
	return out
}
