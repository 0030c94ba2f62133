package catalogtest

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"marquee/catalog"
)

// told returns what 7 did about a movie of list "r", d after the epoch.
func told(movie catalog.MovieID, kind catalog.FeedbackKind, d time.Duration) catalog.Feedback {
	return catalog.Feedback{RequestID: "r", User: "7", Movie: movie, Kind: kind, At: after(d)}
}

func put(t *testing.T, s Store, feedback ...catalog.Feedback) int {
	t.Helper()
	return ok[int](t)(s.PutFeedback(t.Context(), feedback))
}

func testFeedback(t *testing.T, s Store) {
	ctx := t.Context()
	never := time.Time{}
	same(t, "none", put(t, s), 0)
	click, like := told("heat+1995", catalog.FeedbackClick, time.Hour), told("heat+1995", catalog.FeedbackLike, time.Hour)
	other, alone := like, like
	other.User, alone.RequestID = "8", ""
	same(t, "added", put(t, s, click, like, click, other), 3)
	same(t, "again, and one more", put(t, s, other, alone, click), 1)
	same(t, "all", all(t, s.Feedback(ctx, never, never)), []catalog.Feedback{click, alone, like, other})

	earlier, later := told("heat+1995", catalog.FeedbackClick, 0), told("heat+1995", catalog.FeedbackLike, 2*time.Hour)
	same(t, "another time", put(t, s, earlier, later), 0)
	same(t, "another time that does not count", put(t, s, told("heat+1995", catalog.FeedbackClick, 5*time.Hour), told("heat+1995", catalog.FeedbackLike, 0)), 0)
	same(t, "the first click, the last opinion", all(t, s.Feedback(ctx, never, never)), []catalog.Feedback{earlier, alone, other, later})
	same(t, "half open", all(t, s.Feedback(ctx, after(0), after(2*time.Hour))), []catalog.Feedback{earlier, alone, other})
	same(t, "from", all(t, s.Feedback(ctx, after(time.Hour+time.Microsecond), never)), []catalog.Feedback{later})
	counts(t, s, catalog.Counts{Feedback: 4, Opinions: 2})

	for what, spoil := range map[string]func(f *catalog.Feedback){
		"user":    func(f *catalog.Feedback) { f.User = "a b" },
		"movie":   func(f *catalog.Feedback) { f.Movie = "" },
		"kind":    func(f *catalog.Feedback) { f.Kind = "love" },
		"request": func(f *catalog.Feedback) { f.RequestID = strings.Repeat("x", catalog.MaxRequestIDBytes+1) },
		"NUL":     func(f *catalog.Feedback) { f.RequestID = "\x00" },
		"time":    func(f *catalog.Feedback) { f.At = never },
	} {
		bad := told("m+1931", catalog.FeedbackWatch, 0)
		spoil(&bad)
		_, err := s.PutFeedback(ctx, []catalog.Feedback{told("m+1931", catalog.FeedbackWatch, 0), bad})
		fails(t, what, err, catalog.ErrInvalid)
	}
	counts(t, s, catalog.Counts{Feedback: 4, Opinions: 2})
}

// All feedback comes by time, whole and once, in more than one page.
func testFeedbackPages(t *testing.T, s Store) {
	const rows = 2500
	var want []catalog.Feedback
	for i := range rows {
		want = append(want, told(catalog.MovieID(fmt.Sprintf("%04d", i)), catalog.FeedbackWatch, time.Duration(i/1200)*time.Second))
	}
	same(t, "added", put(t, s, want...), rows)
	same(t, "all", all(t, s.Feedback(t.Context(), time.Time{}, time.Time{})), want)
}

// In whatever order and how often feedback comes, the same is stored in the end; and of
// a person's opinions of a movie the last holds, the stricter of two at one time.
func testFeedbackAnyOrder(t *testing.T, s Store) {
	ctx := t.Context()
	draw := rand.New(rand.NewPCG(7, 7))
	want := make(map[catalog.UserID]map[catalog.MovieID]catalog.Opinion)
	var feedback []catalog.Feedback
	for range 300 {
		f := catalog.Feedback{
			RequestID: fmt.Sprint(draw.IntN(2)), User: catalog.UserID(fmt.Sprint(draw.IntN(3))), Movie: catalog.MovieID(fmt.Sprint(draw.IntN(5))),
			Kind: catalog.FeedbackKinds[draw.IntN(5)], At: after(time.Duration(draw.IntN(6)) * time.Minute),
		}
		feedback = append(feedback, f)
		if !f.Kind.Opinion() {
			continue
		}
		if want[f.User] == nil {
			want[f.User] = make(map[catalog.MovieID]catalog.Opinion)
		}
		o := catalog.Opinion{Movie: f.Movie, Kind: f.Kind, At: f.At}
		if held, known := want[f.User][f.Movie]; !known || o.After(held) {
			want[f.User][f.Movie] = o
		}
	}
	var first []catalog.Feedback
	for round := range 3 {
		draw.Shuffle(len(feedback), func(i, j int) { feedback[i], feedback[j] = feedback[j], feedback[i] })
		for part := range slices.Chunk(feedback, 1+draw.IntN(100)) {
			put(t, s, part...)
		}
		now := all(t, s.Feedback(ctx, time.Time{}, time.Time{}))
		if round == 0 {
			first = now
		}
		same(t, "feedback", now, first)
	}
	for u, opinions := range want {
		var list []catalog.Opinion
		for _, o := range opinions {
			list = append(list, o)
		}
		slices.SortFunc(list, func(a, b catalog.Opinion) int { return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.Movie, b.Movie)) })
		same(t, "opinions of "+string(u), ok[catalog.Person](t)(s.Person(ctx, u)).Opinions, list)
	}
}

// Whoever thinks otherwise than before is told of, nobody else.
func testFeedbackActivity(t *testing.T, s Store) {
	ctx := t.Context()
	var last int64
	active := func() (users []catalog.UserID) {
		t.Helper()
		var err error
		users, last, err = s.ActiveSince(ctx, last, 0)
		must(t, err)
		return users
	}
	put(t, s, told("1", catalog.FeedbackClick, 0), told("1", catalog.FeedbackWatch, 0))
	same(t, "no opinion", active(), nil)
	eight := told("1", catalog.FeedbackDismiss, 0)
	eight.User = "8"
	put(t, s, told("1", catalog.FeedbackLike, hour), told("2", catalog.FeedbackDislike, 0), eight)
	same(t, "opinions", active(), []catalog.UserID{"7", "8"})
	put(t, s, told("1", catalog.FeedbackLike, hour), told("1", catalog.FeedbackDislike, 0), eight)
	same(t, "nothing new", active(), nil)
	put(t, s, told("1", catalog.FeedbackDislike, 2*hour))
	same(t, "another one", active(), []catalog.UserID{"7"})
}

// Opinions outlive the feedback that they came with; they go with histories.
func testPruneFeedback(t *testing.T, s Store) {
	ctx := t.Context()
	put(t, s, told("1", catalog.FeedbackClick, 0), told("1", catalog.FeedbackLike, 0), told("2", catalog.FeedbackDismiss, 3*hour))
	prune := func(r catalog.Retention) catalog.Removal {
		t.Helper()
		return ok[catalog.Removal](t)(s.Prune(ctx, r, after(4*hour), 1, nil))
	}
	limit := catalog.Limit{Age: 2 * hour}
	last := ok[int64](t)(s.LastActivity(ctx))
	same(t, "feedback", prune(catalog.Retention{Exposures: limit}), catalog.Removal{Feedback: 2})
	counts(t, s, catalog.Counts{Feedback: 1, Opinions: 2})
	same(t, "too much", prune(catalog.Retention{Events: catalog.Limit{Rows: 1}}), catalog.Removal{Opinions: 1})
	same(t, "left", ok[catalog.Person](t)(s.Person(ctx, "7")).Opinions, []catalog.Opinion{{Movie: "2", Kind: catalog.FeedbackDismiss, At: after(3 * hour)}})
	users, _, err := s.ActiveSince(ctx, last, 0)
	must(t, err)
	same(t, "told of", users, []catalog.UserID{"7"})
}
