package eval

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Series groups the films of one series by their titles, as MovieLens writes
// them: "Godfather: Part II, The (1974)". A group holds the places in titles of
// two films or more, ascending; the groups are in the order of their first.
//
// It is a heuristic for judging neighbours without a list of series, and errs
// towards leaving out. Films belong together if their titles are the same but
// for a number ("Rocky", "Rocky II"), or for a subtitle ("Star Trek: First
// Contact"), or for what follows "and the" ("Harry Potter and the ..."). Equal
// titles alone are remakes, not a series. A number above 4 without another
// numbered film is a name ("Apollo 13"). A stem of one word needs the same
// article, and a subtitle that does more than describe, since "Mission, The"
// and "Mission: Impossible" have nothing in common. Sequels with names of
// their own ("Aliens", "2 Fast 2 Furious") are not found.
func Series(titles []string) [][]int {
	byStem := make(map[string][]member)
	for row, title := range titles {
		year := yearOf(title)
		for _, c := range claims(title) {
			byStem[c.stem] = append(byStem[c.stem], member{claim: c, row: row, year: year})
		}
	}
	f := newForest(len(titles))
	for _, stem := range slices.Sorted(maps.Keys(byStem)) {
		for _, rows := range accept(byStem[stem]) {
			for _, row := range rows[1:] {
				f.join(rows[0], row)
			}
		}
	}
	return f.groups()
}

// A member is one title's claim to a stem.
type member struct {
	claim
	row  int
	year int // 0 if the title has none
}

// maxGapYears is the longest time from a film to the first one that adds a
// subtitle to its title: "Exodus (1960)" and "Exodus: Gods and Kings (2014)"
// have nothing in common, "Tron (1982)" and "Tron: Legacy (2010)" do.
const maxGapYears = 40

// accept returns the rows that belong together among those with one stem.
func accept(all []member) [][]int {
	if sequence(all) {
		return group(all, func(member) bool { return true })
	}
	var out [][]int
	for _, short := range shorts(all) {
		out = append(out, subtitles(all, short)...)
	}
	return out
}

// subtitles groups the films with a subtitle to one stem, and those with the
// bare stem; with a stem of one word only those that came before. A subtitle
// that describes is one of a series only beside two that do not.
func subtitles(all []member, short string) [][]int {
	telling := func(m member) bool { return m.short == short && m.kind == subtitled && !m.plain }
	count := distinct(all, telling)
	if count == 0 {
		return nil
	}
	first := math.MaxInt
	for _, m := range all {
		if telling(m) {
			first = min(first, m.year)
		}
	}
	return group(all, func(m member) bool {
		switch {
		case m.short != short || m.kind == numbered:
			return false
		case m.kind == subtitled:
			return !m.plain || count >= 2
		}
		return short == "" || m.year <= first && m.year >= first-maxGapYears
	})
}

// sequence reports whether the numbers in all are those of a series: two that
// differ by at most 2, or one up to 4 (or a year, as in "Airport 1975", or one
// of several) beside a film without a number that came first.
func sequence(all []member) bool {
	var nums []int
	for _, m := range all {
		if m.kind == numbered {
			nums = append(nums, m.num)
		}
	}
	slices.Sort(nums)
	nums = slices.Compact(nums)
	for i := range nums {
		if i > 0 && nums[i]-nums[i-1] <= 2 {
			return true
		}
	}
	return slices.ContainsFunc(all, func(m member) bool {
		small := m.num <= 4 || m.num >= 1900 || len(nums) > 1
		return m.kind == numbered && small && slices.ContainsFunc(all, func(o member) bool {
			return o.row != m.row && (o.kind == subtitled || o.kind == bare && o.year <= m.year)
		})
	})
}

// group returns the rows of the members that keep wants, if they are two films
// or more.
func group(all []member, keep func(member) bool) [][]int {
	var rows []int
	taken := make(map[int]bool)
	for _, m := range all {
		if keep(m) && !taken[m.row] {
			taken[m.row] = true
			rows = append(rows, m.row)
		}
	}
	if len(rows) < 2 {
		return nil
	}
	return [][]int{rows}
}

func distinct(all []member, keep func(member) bool) int {
	rows := make(map[int]bool)
	for _, m := range all {
		if keep(m) {
			rows[m.row] = true
		}
	}
	return len(rows)
}

func shorts(all []member) []string {
	set := make(map[string]bool)
	for _, m := range all {
		set[m.short] = true
	}
	return slices.Sorted(maps.Keys(set))
}

// yearOf reads the year in brackets at the end of a title.
func yearOf(title string) int {
	title = strings.TrimSpace(title)
	open := strings.LastIndexByte(title, '(')
	if open < 0 || len(title) < open+6 {
		return 0
	}
	year, err := strconv.Atoi(title[open+1 : open+5])
	if err != nil {
		return 0
	}
	return year
}

// A forest keeps which films belong together: union-find with path halving.
type forest []int

func newForest(n int) forest {
	f := make(forest, n)
	for i := range f {
		f[i] = i
	}
	return f
}

func (f forest) root(i int) int {
	for f[i] != i {
		f[i] = f[f[i]]
		i = f[i]
	}
	return i
}

// join keeps the lower row as the root.
func (f forest) join(a, b int) {
	a, b = f.root(a), f.root(b)
	f[max(a, b)] = min(a, b)
}

func (f forest) groups() [][]int {
	byRoot := make(map[int][]int)
	for i := range f {
		root := f.root(i)
		byRoot[root] = append(byRoot[root], i)
	}
	var out [][]int
	for _, root := range slices.Sorted(maps.Keys(byRoot)) {
		if len(byRoot[root]) > 1 {
			out = append(out, byRoot[root])
		}
	}
	return out
}

// SeriesShare returns the share of the films of one's series that are found
// among one's first k neighbours, over all films of all groups: a film of a
// series of s wants min(k, s-1). Neighbours returns up to k rows, nearest
// first; a film itself among them counts neither way. NaN if nothing is wanted.
func SeriesShare(groups [][]int, neighbours func(row, k int) []uint32, k int) (share float64, found, wanted int) {
	for _, group := range groups {
		for _, row := range group {
			wanted += min(k, len(group)-1)
			near := neighbours(row, k)
			found += inGroup(near[:min(k, len(near))], group, row)
		}
	}
	return float64(found) / float64(wanted), found, wanted // 0/0 is NaN
}

// inGroup counts each film of group but row once.
func inGroup(near []uint32, group []int, row int) int {
	n := 0
	for i, other := range near {
		if int(other) != row && slices.Contains(group, int(other)) && !slices.Contains(near[:i], other) {
			n++
		}
	}
	return n
}
