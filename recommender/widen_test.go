package recommender_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/indexer"
	"marquee/recommender"
)

// Rules that leave too few of the neighbours in the table lead to the index, and what
// editors blocked stays out of that too.
func TestSimilarUnderRulesKeepsCorrections(t *testing.T) {
	const n = 40
	b := sample(t, "x", n)
	for i := range n {
		copy(b.Vectors[2*i:], place(i, n))
		b.Movies.Genres[i] = []string{fmt.Sprint("genre ", i%2)}
	}
	b.Index = circle{exact{n}}
	table, err := indexer.Neighbours(t.Context(), b.Vectors, 2, 5, nil)
	if err != nil {
		t.Fatal(err)
	}
	b.Table = table
	blocked := catalog.MovieID("x-16") // of the same genre, and beyond the table's five
	b.Corrections = []catalog.Correction{{Movie: "x-20", Other: blocked, Kind: catalog.Block, At: time.Unix(1, 0)}}
	s := recommender.New(nobody{}, "", time.Now)
	if err := s.Swap(b); err != nil {
		t.Fatal(err)
	}
	a := must(t)(s.Similar(t.Context(), "x-20", recommender.Call{N: 7, Genres: []string{"genre 0"}}))
	if len(a.List.Items) != 7 {
		t.Errorf("%d movies, want 7, of which the table has two", len(a.List.Items))
	}
	for _, item := range a.List.Items {
		if id := b.Movies.IDs[item.Row]; id == blocked || item.Row%2 != 0 || id == "x-20" {
			t.Errorf("%s is listed", id)
		}
	}
}

// As many are near as are asked for, also where nothing is asked for but a number: of those
// in the table some are hidden, or it has fewer.
func TestSimilarIsFull(t *testing.T) {
	const n = 40
	b := ring(t, n)
	b.Hidden = []catalog.MovieID{"x-021"}
	s := recommender.New(nobody{}, "", time.Now)
	if err := s.Swap(b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []int{3, 5, 12} {
		a := must(t)(s.Similar(t.Context(), "x-020", recommender.Call{N: want}))
		if got := idsOf(a); len(a.List.Items) != want || !strings.HasPrefix(got, "x-019 ") || strings.Contains(got, "x-021") {
			t.Errorf("%q, want %d", got, want)
		}
	}
}
