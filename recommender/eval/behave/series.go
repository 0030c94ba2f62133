package behave

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"

	"marquee/recommender/eval"
)

// sequels looks for the films of one's series among one's neighbours.
func (t *tester) sequels(ctx context.Context) (Result, error) {
	r := Result{Test: "sequels", What: fmt.Sprintf("share of a film's series among its first %d neighbours", t.N), Bound: t.LeastSeries}
	if t.subject.Neighbours == nil && !t.subject.ByHistory {
		return r.skip("lists go by the person's id, so that nobody can be asked for who watched one film"), nil
	}
	groups := t.series()
	if len(groups) == 0 {
		return r.skip("the catalog has no series of which two films have %d watchers", t.MinWatchers), nil
	}
	near, films, err := t.near(ctx, groups)
	if err != nil {
		return r, err
	}
	share, found, wanted := eval.SeriesShare(groups, func(row, k int) []uint32 { return near[row][:min(k, len(near[row]))] }, t.N)
	r.Judged, r.Figure = films, exact(share)
	r.Reason = fmt.Sprintf("%d of %d, of %d films in %d series", found, wanted, films, len(groups))
	for _, group := range groups {
		for _, row := range group {
			if !slices.ContainsFunc(near[row], func(n uint32) bool { return int(n) != row && slices.Contains(group, int(n)) }) {
				t.example(&r, "%s is followed by %s", t.title(uint32(row)), t.titles(near[row][:min(3, len(near[row]))]))
			}
		}
	}
	return r.judge(), nil
}

// series returns the films that belong together and were watched enough: all, or
// series drawn by Seed that hold about as many films as MaxPeople.
func (t *tester) series() [][]int {
	if len(t.Movies) == 0 {
		return nil
	}
	var groups [][]int
	for _, group := range t.allSeries() {
		if group = slices.DeleteFunc(group, func(row int) bool { return t.watchers[row] < t.MinWatchers }); len(group) >= 2 {
			groups = append(groups, group)
		}
	}
	r := rand.New(rand.NewPCG(t.Seed, 0))
	r.Shuffle(len(groups), func(i, j int) { groups[i], groups[j] = groups[j], groups[i] })
	films := 0
	for i, group := range groups {
		if films += len(group); films > t.MaxPeople && i > 0 {
			groups = groups[:i]
			break
		}
	}
	slices.SortFunc(groups, func(a, b []int) int { return cmp.Compare(a[0], b[0]) })
	return groups
}

// allSeries goes by the collections of the catalog where it has any, else by
// titles.
func (t *tester) allSeries() [][]int {
	at := make(map[string]int)
	var out [][]int
	for row, m := range t.Movies {
		if m.Collection == "" {
			continue
		}
		i, known := at[m.Collection]
		if !known {
			i = len(out)
			at[m.Collection] = i
			out = append(out, nil)
		}
		out[i] = append(out[i], row)
	}
	if len(out) > 0 {
		return out
	}
	titles := make([]string, len(t.Movies))
	for row := range titles {
		titles[row] = t.title(uint32(row))
	}
	return eval.Series(titles)
}

// near returns the neighbours of every film of groups, by row.
func (t *tester) near(ctx context.Context, groups [][]int) (near [][]uint32, films int, err error) {
	near = make([][]uint32, len(t.Movies))
	rows := slices.Concat(groups...)
	if t.subject.Neighbours != nil {
		for _, row := range rows {
			for _, n := range t.subject.Neighbours(uint32(row), t.N) {
				if int64(n) < int64(len(near)) {
					near[row] = append(near[row], n)
				}
			}
		}
		return near, len(rows), ctx.Err()
	}
	people := make([]person, len(rows))
	for i, row := range rows {
		people[i] = t.watcher("somebody who watched "+t.title(uint32(row)), uint32(row))
	}
	lists, err := t.lists(ctx, people, t.N)
	for i, row := range rows {
		near[row] = lists[i]
	}
	return near, len(rows), err
}
