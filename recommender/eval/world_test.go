package eval_test

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/recommender/eval"
)

var day0 = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)

// movieIDs returns m000, m001, ... so that rows and ids sort alike.
func movieIDs(n int) []catalog.MovieID {
	out := make([]catalog.MovieID, n)
	for i := range out {
		out[i] = catalog.MovieID(fmt.Sprintf("m%03d", i))
	}
	return out
}

// smallWorld has people who like every third movie more than the rest, and the
// first movies more than the last; one in ten has a single movie.
func smallWorld(seed uint64, users, movies int) []catalog.UserSeen {
	r := rand.New(rand.NewPCG(seed, 1))
	ids := movieIDs(movies)
	var out []catalog.UserSeen
	for u := range users {
		size := 5 + r.IntN(30)
		if u%10 == 9 {
			size = 1
		}
		taken := make(map[int]bool)
		for len(taken) < min(size, movies/2) {
			m := int(float64(movies) * r.Float64() * r.Float64())
			if r.Float64() < 0.7 {
				m = min(movies-1, m-m%3+u%3)
			}
			if taken[m] {
				continue
			}
			taken[m] = true
			row := catalog.UserSeen{User: catalog.UserID(fmt.Sprintf("u%03d", u))}
			row.Movie, row.At = ids[m], day0.Add(time.Duration(r.IntN(20))*time.Hour)
			row.Rating, row.Rated = float64(1+r.IntN(5)), true
			out = append(out, row)
		}
	}
	return out
}

func sequence(rows []catalog.UserSeen) iter.Seq2[catalog.UserSeen, error] {
	return func(yield func(catalog.UserSeen, error) bool) {
		for _, row := range rows {
			if !yield(row, nil) {
				return
			}
		}
	}
}

func mustCollect(t *testing.T, rows []catalog.UserSeen, movies int) *eval.Data {
	t.Helper()
	d, err := eval.Collect(sequence(rows), movieIDs(movies))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// history is one person's movies, the first the newest.
func history(user string, rows ...int) []catalog.UserSeen {
	var out []catalog.UserSeen
	for i, row := range rows {
		s := catalog.UserSeen{User: catalog.UserID(user)}
		s.Movie, s.At = movieIDs(row + 1)[row], day0.Add(-time.Duration(i)*time.Minute)
		out = append(out, s)
	}
	return out
}

func rowsOf(seen []eval.Seen) []uint32 {
	out := []uint32{}
	for _, s := range seen {
		out = append(out, s.Movie)
	}
	return out
}
