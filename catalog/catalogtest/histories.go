package catalogtest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"marquee/catalog"
)

// All histories come by user, then by time, whole and once, in more than one
// page; one of them alone is longer than any page.
func testHistories(t *testing.T, s Store) {
	ctx := t.Context()
	sizes := map[catalog.UserID]int{"B": 3000, "a": 1, "b": 3000, "c": 9000, "d": 2192, "é": 100, "Z": 8192, "_": 1}
	var ratings []catalog.Rating
	for user, n := range sizes {
		for i := range n {
			ratings = append(ratings, catalog.Rating{
				User: user, Movie: catalog.MovieID(fmt.Sprint("m", i)), Value: 3, At: after(time.Duration(i/2) * time.Second), // in pairs
			})
		}
	}
	ok[catalog.Tally](t)(s.PutRatings(ctx, ratings))
	rows := all(t, s.Histories(ctx))
	same(t, "rows", len(rows), len(ratings))
	got := make(map[catalog.UserID]int)
	for i, row := range rows {
		got[row.User]++
		if i == 0 {
			continue
		}
		last := rows[i-1]
		order := strings.Compare(string(last.User), string(row.User))
		if order == 0 {
			order = row.At.Compare(last.At)
		}
		if order == 0 {
			order = strings.Compare(string(last.Movie), string(row.Movie))
		}
		if order >= 0 {
			t.Fatalf("row %d is %+v after %+v: out of order or double", i, row, last)
		}
	}
	same(t, "rows of each user", got, sizes)
	// One user's part of it is that user's history; the loop may be left.
	var part []catalog.Seen
	for row, err := range s.Histories(ctx) {
		must(t, err)
		if row.User == "Z" {
			break
		}
		part = append(part, row.Seen)
	}
	same(t, "history", ok[[]catalog.Seen](t)(s.History(ctx, "B", 0)), part)
}

func testLongHistory(t *testing.T, s Store) {
	ctx := t.Context()
	const movies = 10_000
	b := catalog.Batch{Partition: "p", To: 1}
	for i := range movies {
		b.Minutes = append(b.Minutes, catalog.Minute{
			User: "7", Movie: catalog.MovieID(fmt.Sprint("m", i)), At: after(time.Duration(i) * time.Minute), Minute: i % 200,
		})
	}
	held(t)(s.Append(ctx, b))
	seen := ok[[]catalog.Seen](t)(s.History(ctx, "7", 0))
	same(t, "length", len(seen), movies)
	same(t, "newest", seen[0].Movie, "m9999")
	same(t, "oldest", seen[movies-1].Movie, "m0")
	same(t, "limit", ok[[]catalog.Seen](t)(s.History(ctx, "7", 20)), seen[:20])
	same(t, "all histories", len(all(t, s.Histories(ctx))), movies)
}

// An event is a minute or a rating of one of a few people and movies.
type event struct {
	user, movie int
	at          time.Time
	minute      int // -1: a rating
	value       float64
}

func drawEvent(t *rapid.T) event {
	return event{
		user:   rapid.IntRange(0, 1).Draw(t, "user"),
		movie:  rapid.IntRange(0, 2).Draw(t, "movie"),
		at:     after(time.Duration(rapid.IntRange(-3, 3).Draw(t, "at")) * 20 * time.Hour),
		minute: rapid.IntRange(-1, 3).Draw(t, "minute"),
		value:  float64(rapid.IntRange(1, 5).Draw(t, "value")),
	}
}

// batchOf returns events as a batch of people whose ids begin with prefix.
func batchOf(prefix string, events []event, from int64) catalog.Batch {
	b := catalog.Batch{Partition: prefix, From: from, To: from + int64(len(events))}
	for _, e := range events {
		user, movie := catalog.UserID(fmt.Sprint(prefix, e.user)), catalog.MovieID(fmt.Sprint(e.movie))
		if e.minute < 0 {
			b.Ratings = append(b.Ratings, catalog.Rating{User: user, Movie: movie, Value: e.value, At: e.at})
		} else {
			b.Minutes = append(b.Minutes, catalog.Minute{User: user, Movie: movie, Minute: e.minute, At: e.at})
		}
	}
	return b
}

// model says what the history of one person must be, from all events at once:
// the definition, where the store folds one event after another.
func model(events []event, user int) []catalog.Seen {
	const runtime = 10
	rows := make(map[int]*catalog.Seen)
	days := make(map[[2]int]bool)
	furthest := make(map[int]int)
	ratedAt := make(map[int]time.Time)
	for _, e := range events {
		if e.user != user {
			continue
		}
		row := rows[e.movie]
		if row == nil {
			row = &catalog.Seen{Movie: catalog.MovieID(fmt.Sprint(e.movie)), At: e.at}
			rows[e.movie] = row
		}
		if e.at.After(row.At) {
			row.At = e.at
		}
		if e.minute >= 0 {
			days[[2]int{e.movie, e.at.YearDay()}] = true
			furthest[e.movie] = max(furthest[e.movie], e.minute+1)
			continue
		}
		held, rated := ratedAt[e.movie]
		if !rated || e.at.After(held) || e.at.Equal(held) && e.value > row.Rating {
			ratedAt[e.movie], row.Rating, row.Rated = e.at, e.value, true
		}
	}
	for day := range days {
		rows[day[0]].Days++
	}
	for movie, minutes := range furthest {
		rows[movie].Share, rows[movie].Shared = float64(minutes)/runtime, true
	}
	var out []catalog.Seen
	for row := range maps.Values(rows) {
		out = append(out, *row)
	}
	slices.SortFunc(out, func(a, b catalog.Seen) int {
		if c := b.At.Compare(a.At); c != 0 {
			return c
		}
		return strings.Compare(string(a.Movie), string(b.Movie))
	})
	return out
}

// Any order and any repetition of events, in any batches, gives the histories
// that the events mean.
func testAppendAnyOrder(t *testing.T, s Store) {
	ctx := t.Context()
	ok[catalog.Tally](t)(s.PutMovies(ctx, []catalog.Movie{
		{ID: "0", RuntimeMinutes: 10}, {ID: "1", RuntimeMinutes: 10}, {ID: "2", RuntimeMinutes: 10},
	}))
	round := 0
	rapid.Check(t, func(t *rapid.T) {
		round++
		prefix := fmt.Sprint("round", round, "-")
		events := rapid.SliceOfN(rapid.Custom(drawEvent), 1, 12).Draw(t, "events")
		again := rapid.SliceOfN(rapid.SampledFrom(events), 0, 8).Draw(t, "again")
		arriving := rapid.Permutation(append(slices.Clone(events), again...)).Draw(t, "arriving")
		var from int64
		for len(arriving) > 0 {
			n := rapid.IntRange(min(4, len(arriving)), len(arriving)).Draw(t, "batch")
			done, err := s.Append(ctx, batchOf(prefix, arriving[:n], from))
			must(t, err)
			from, arriving = done.Held, arriving[n:]
		}
		for user := range 2 {
			got := ok[[]catalog.Seen](t)(s.History(ctx, catalog.UserID(fmt.Sprint(prefix, user)), 0))
			if want := model(events, user); !slices.Equal(got, want) {
				t.Fatalf("user %d:\n got %+v\nwant %+v", user, got, want)
			}
		}
	})
}
