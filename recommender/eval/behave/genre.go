package behave

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
)

// usualShare is the largest share of the catalog of a genre that is tested
// without being named: above it more of the genre is hardly to be had.
const usualShare = 0.3

// genre asks for people who watched one genre alone.
func (t *tester) genre(ctx context.Context) (Result, error) {
	r := Result{Test: "genre", What: "least share of the genre in the list of who watched it alone, over its share of the catalog", Bound: t.LeastLift}
	if !t.subject.ByHistory {
		return r.skip("lists go by the person's id and not by the history they are asked with"), nil
	}
	genres := t.genres()
	if len(genres) == 0 {
		return r.skip("no genre to test has %d movies", t.GenreMovies), nil
	}
	people, seen := make([]person, len(genres)), make([][]uint32, len(genres))
	for i, genre := range genres {
		seen[i] = t.telling(t.GenreSeen, genre)
		people[i] = t.watcher("somebody who watched nothing but "+genre, seen[i]...)
	}
	lists, err := t.lists(ctx, people, t.N)
	if err != nil {
		return r, err
	}
	least, wrong := math.Inf(1), 0
	var said []string
	for i, genre := range genres {
		if len(lists[i]) == 0 {
			return r.skip("the list of %s is empty", people[i].note), nil
		}
		of, base := 0, t.share(genre, seen[i])
		for _, row := range lists[i] {
			if t.has(int(row), genre) {
				of++
			}
		}
		share := float64(of) / float64(len(lists[i]))
		least = min(least, share/base)
		text := fmt.Sprintf("%s %d of %d, %.0f%% of the catalog", genre, of, len(lists[i]), 100*base)
		said = append(said, text)
		if of == 0 || of == len(lists[i]) || share/base <= t.LeastLift {
			wrong++
			t.example(&r, "%s: %s", text, t.titles(lists[i][:min(5, len(lists[i]))]))
		}
	}
	r.Judged, r.Figure, r.Reason = len(genres), exact(least), strings.Join(said, "; ")
	if wrong == 0 {
		r.Verdict = Passed
		return r, nil
	}
	r.Verdict = Failed
	return r, nil
}

// telling returns the n movies of genre that tell most of a taste for it: of those that
// MinWatchers people watched, the ones in the rest of whose watchers' histories the genre
// has the largest share. If there are fewer, the most watched of the others follow.
//
// The most watched alone tell nothing: those who watched the ten most watched horror
// movies of ml-latest-small, Alien and Jaws among them, have 6.6% of horror in the rest of
// what they watched, and all people 7.2%; with these it is 14.0%.
func (t *tester) telling(n int, genre string) []uint32 {
	of := make([]bool, len(t.Movies))
	for row := range of {
		of[row] = t.has(row, genre)
	}
	shares := make([]float64, len(t.Movies)) // sums over the watchers
	for _, u := range t.Train.Users {
		watched := 0
		for _, s := range u.Seen {
			if of[s.Movie] {
				watched++
			}
		}
		for _, s := range u.Seen {
			if rest := len(u.Seen) - 1; of[s.Movie] && rest > 0 {
				shares[s.Movie] += float64(watched-1) / float64(rest)
			}
		}
	}
	known := func(row int) bool { return of[row] && t.watchers[row] >= max(t.MinWatchers, 1) }
	rows := t.popular(len(of), known)
	slices.SortStableFunc(rows, func(a, b uint32) int {
		return cmp.Compare(shares[b]/float64(t.watchers[b]), shares[a]/float64(t.watchers[a]))
	})
	if len(rows) < n {
		rows = append(rows, t.popular(n-len(rows), func(row int) bool { return of[row] && !known(row) })...)
	}
	return rows[:min(n, len(rows))]
}

func (t *tester) has(row int, genre string) bool {
	return slices.ContainsFunc(t.Movies[row].Genres, func(g string) bool { return strings.EqualFold(g, genre) })
}

// share returns the share of the catalog, without seen, that has genre.
func (t *tester) share(genre string, seen []uint32) float64 {
	n := 0
	for row := range t.Movies {
		if t.has(row, genre) && !slices.Contains(seen, uint32(row)) {
			n++
		}
	}
	return float64(n) / float64(len(t.Movies)-len(seen))
}

// genres returns those to test.
func (t *tester) genres() []string {
	counts := make(map[string]int)
	for _, m := range t.Movies {
		for _, g := range m.Genres {
			counts[g]++
		}
	}
	enough := func(genre string) bool {
		n := 0
		for row := range t.Movies {
			if t.has(row, genre) {
				n++
			}
		}
		return n >= t.GenreMovies
	}
	if t.Genres != nil {
		return slices.DeleteFunc(slices.Clone(t.Genres), func(g string) bool { return !enough(g) })
	}
	if enough("Horror") {
		return []string{"Horror"}
	}
	best := ""
	for g, n := range counts {
		if n < t.GenreMovies || float64(n) > usualShare*float64(len(t.Movies)) {
			continue
		}
		if best == "" || n > counts[best] || n == counts[best] && g < best {
			best = g
		}
	}
	if best == "" {
		return nil
	}
	return []string{best}
}
