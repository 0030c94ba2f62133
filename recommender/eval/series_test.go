package eval_test

import (
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"marquee/recommender/eval"
)

// Real titles: each group is a series, whatever else is in the catalog.
var realSeries = [][]string{
	{"Toy Story (1995)", "Toy Story 2 (1999)", "Toy Story 3 (2010)"},
	{"Godfather, The (1972)", "Godfather: Part II, The (1974)", "Godfather: Part III, The (1990)"},
	{"Star Wars: Episode IV - A New Hope (1977)", "Star Wars: Episode I - The Phantom Menace (1999)", "Star Wars: The Clone Wars (2008)"},
	{"Die Hard (1988)", "Die Hard 2 (1990)", "Die Hard: With a Vengeance (1995)"},
	{"Rocky (1976)", "Rocky II (1979)", "Rocky V (1990)"},
	{"Lord of the Rings: The Fellowship of the Ring, The (2001)", "Lord of the Rings: The Two Towers, The (2002)", "The Lord of the Rings: The Return of the King (2003)"},
	{"Harry Potter and the Chamber of Secrets (2002)", "Harry Potter and the Goblet of Fire (2005)", "Harry Potter and the Deathly Hallows: Part 1 (2010)"},
	{"Mission: Impossible (1996)", "Mission: Impossible II (2000)", "Mission: Impossible - Ghost Protocol (2011)"},
	{"Alien (1979)", "Alien³ (a.k.a. Alien 3) (1992)", "Alien: Resurrection (1997)"},
	{"Naked Gun: From the Files of Police Squad!, The (1988)", "Naked Gun 2 1/2: The Smell of Fear, The (1991)", "Naked Gun 33 1/3: The Final Insult (1994)"},
	{"Kill Bill: Vol. 1 (2003)", "Kill Bill: Vol. 2 (2004)"},
	{"Ocean's Eleven (2001)", "Ocean's Twelve (2004)", "Ocean's Thirteen (2007)"},
	{"Hot Shots! (1991)", "Hot Shots! Part Deux (1993)"},
	{"Airport (1970)", "Airport 1975 (1974)", "Airport '77 (1977)"},
	{"Jaws (1975)", "Jaws 3-D (1983)", "Jaws: The Revenge (1987)"},
	{"Nightmare on Elm Street, A (1984)", "Nightmare on Elm Street 2: Freddy's Revenge, A (1985)", "Freddy's Dead: The Final Nightmare (Nightmare on Elm Street Part 6: Freddy's Dead, A) (1991)"},
	{"Pokémon: The First Movie (1998)", "Pokémon 3: The Movie (2001)", "Pokemon 4 Ever (a.k.a. Pokémon 4: The Movie) (2002)"},
	{"Tron (1982)", "Tron: Legacy (2010)"},
	{"Crow, The (1994)", "Crow: City of Angels, The (1996)"},
	{"Blade Runner (1982)", "Blade Runner 2049 (2017)"},
	{"[REC] (2007)", "[REC]² (2009)"},
	{"Wallace & Gromit: The Wrong Trousers (1993)", "Wallace & Gromit: A Close Shave (1995)"},
}

// Real titles that only look like series.
var noSeries = []string{
	"Psychosis (1960)", "Apollo 13 (1995)", "Apollo 18 (2011)", "Malcolm X (1992)", "Malcolm (1986)", "Seven (a.k.a. Se7en) (1995)",
	"Mission, The (1986)", "Exodus (1960)", "Exodus: Gods and Kings (2014)", "Turbo: A Power Rangers Movie (1997)", "Turbo (2013)",
	"Sydney (Hard Eight) (1996)", "Hard (1998)", "Henry V (1944)", "Henry V (1989)", "Richard III (1995)", "Sabrina (1954)", "Sabrina (1995)",
	"Ghost (1990)", "Ghost Dog: The Way of the Samurai (1999)", "Ghost World (2001)", "Girl 6 (1996)", "2001: A Space Odyssey (1968)", "2010: The Year We Make Contact (1984)",
	"Geronimo: An American Legend (1993)", "Oblivion (2013)", "Oblivion 2: Backlash (1996)", "Love Story (1970)", "Love: Live (2015)", "(500) Days of Summer (2009)",
	"T2: Trainspotting (2017)", "T2 3-D: Battle Across Time (1996)", "Catch-22 (1970)", "Catch (2000)", "", "(1999)", ":", "II", "Part II (2000)", "The", "Upside Down: The Creation Records Story (2010)", "Upside Down (2012)",
}

func TestSeriesOfRealTitles(t *testing.T) {
	titles := slices.Clone(noSeries)
	var want [][]int
	for _, group := range realSeries {
		var rows []int
		for _, title := range group {
			rows = append(rows, len(titles))
			titles = append(titles, title)
		}
		want = append(want, rows)
	}
	got := eval.Series(titles)
	if reflect.DeepEqual(got, want) {
		return
	}
	for _, group := range want {
		if !slices.ContainsFunc(got, func(g []int) bool { return slices.Equal(g, group) }) {
			t.Errorf("not found as one series: %q", named(titles, group))
		}
	}
	for _, group := range got {
		if !slices.ContainsFunc(want, func(g []int) bool { return slices.Equal(g, group) }) {
			t.Errorf("is no series: %q", named(titles, group))
		}
	}
}

func named(titles []string, rows []int) []string {
	var out []string
	for _, row := range rows {
		out = append(out, titles[row])
	}
	return out
}

func FuzzSeries(f *testing.F) {
	for _, group := range realSeries {
		f.Add(strings.Join(group, "\n"))
	}
	f.Add(strings.Join(noSeries, "\n"))
	f.Fuzz(func(t *testing.T, text string) {
		titles := strings.Split(text, "\n")
		last := -1
		seen := make(map[int]bool)
		for _, group := range eval.Series(titles) {
			if len(group) < 2 || group[0] <= last || !slices.IsSorted(group) {
				t.Fatalf("group %v after one that begins with %d, want two or more, ascending", group, last)
			}
			last = group[0]
			for _, row := range group {
				if row < 0 || row >= len(titles) || seen[row] {
					t.Fatalf("row %d of %d titles is out of range or in two groups", row, len(titles))
				}
				seen[row] = true
			}
		}
	})
}

func TestSeriesShareWorkedByHand(t *testing.T) {
	nearest := map[int][]uint32{
		0: {1, 9, 2},    // both of its series
		1: {1, 0, 0, 9}, // itself counts neither way, 0 once
		2: {7, 8, 9, 0}, // its one comes fourth
		4: {5},
		5: nil,
	}
	neighbours := func(row, k int) []uint32 { return nearest[row] }
	for _, c := range []struct {
		k             int
		found, wanted int
	}{{3, 4, 8}, {1, 2, 5}, {4, 5, 8}} {
		share, found, wanted := eval.SeriesShare([][]int{{0, 1, 2}, {4, 5}}, neighbours, c.k)
		if found != c.found || wanted != c.wanted || !near(share, float64(c.found)/float64(c.wanted)) {
			t.Errorf("among %d neighbours: %d of %d (%v), want %d of %d", c.k, found, wanted, share, c.found, c.wanted)
		}
	}
	if share, _, _ := eval.SeriesShare(nil, neighbours, 10); !math.IsNaN(share) {
		t.Errorf("share without series is %v, want NaN", share)
	}
}

// The heuristic was read against all of ml-latest-small; this keeps it there.
func TestSeriesOfMovieLens(t *testing.T) {
	var titles []string
	for _, row := range readCSV(t, "movies.csv") {
		titles = append(titles, row[1])
	}
	groups := eval.Series(titles)
	films := 0
	for _, group := range groups {
		films += len(group)
		if len(group) > 16 { // Dragon Ball Z has 15
			t.Errorf("a series of %d films: %q", len(group), named(titles, group))
		}
	}
	if len(groups) < 370 || len(groups) > 420 || films < 1080 || films > 1240 {
		t.Errorf("%d series of %d films, want about 395 of 1160", len(groups), films)
	}
}
