package catalogtest

import (
	"bytes"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"marquee/catalog"
)

// served returns a list that was served d after the epoch.
func served(request string, user catalog.UserID, d time.Duration) catalog.Exposure {
	return catalog.Exposure{
		RequestID: request, At: after(d), User: user, Experiment: "descriptions", Arm: "b", Bundle: "2024-02-28.1", Sequence: 7, Tier: "personal",
		Movies: []catalog.Exposed{
			{Movie: "heat+1995", Source: "neighbours", Propensity: 1},
			{Movie: "m+1931", Source: "explore", Propensity: 0.1},
			{Movie: "映画", Source: "neighbours", Propensity: 0},
			{Movie: "heat+1995", Source: "", Propensity: 1},
		},
		Input: []byte("\x00\xff of " + request),
	}
}

func testExposures(t *testing.T, s Store) {
	ctx := t.Context()
	plain := catalog.Exposure{RequestID: "plain", At: after(0), Sequence: math.MinInt64}
	a, b, c := served("a", "7", 0), served("b", "7", time.Hour), served("c", "8", -time.Hour)
	for i := range reflect.TypeOf(a).NumField() {
		if reflect.ValueOf(a).Field(i).IsZero() {
			t.Fatalf("field %s of the test's list is zero, so that it proves nothing", reflect.TypeOf(a).Field(i).Name)
		}
	}
	other := served("a", "9", 5*time.Hour) // another list under a request id that is taken
	same(t, "none", ok[int](t)(s.PutExposures(ctx, nil)), 0)
	same(t, "added", ok[int](t)(s.PutExposures(ctx, []catalog.Exposure{a, plain, other, a})), 2)
	same(t, "again", ok[int](t)(s.PutExposures(ctx, []catalog.Exposure{other, b, a, c})), 2)
	same(t, "all again", ok[int](t)(s.PutExposures(ctx, []catalog.Exposure{other, b, a, c, plain})), 0)
	counts(t, s, catalog.Counts{Exposures: 4})

	for _, want := range []catalog.Exposure{a, b, c, plain} {
		same(t, "request "+want.RequestID, ok[catalog.Exposure](t)(s.Exposure(ctx, want.RequestID)), want)
	}
	_, err := s.Exposure(ctx, "d")
	fails(t, "unknown request", err, catalog.ErrNotFound)

	same(t, "of 7", ok[[]catalog.Exposure](t)(s.ExposuresOf(ctx, "7", 0)), []catalog.Exposure{b, a})
	same(t, "newest of 7", ok[[]catalog.Exposure](t)(s.ExposuresOf(ctx, "7", 1)), []catalog.Exposure{b})
	same(t, "bundles", ok[[]string](t)(s.ExposedBundles(ctx, after(-2*time.Hour))), exposedBundles(plain, a, b, c))
	same(t, "bundles from the newest on", ok[[]string](t)(s.ExposedBundles(ctx, b.At)), exposedBundles(b))
	same(t, "bundles after all", ok[[]string](t)(s.ExposedBundles(ctx, b.At.AddDate(100, 0, 0))), nil)
	same(t, "of nobody", ok[[]catalog.Exposure](t)(s.ExposuresOf(ctx, "10", 0)), nil)

	a.Input, b.Input, c.Input = nil, nil, nil // which the walk over all leaves out
	same(t, "all", all(t, s.Exposures(ctx, time.Time{}, time.Time{})), []catalog.Exposure{c, a, plain, b})
	same(t, "half open", all(t, s.Exposures(ctx, after(-time.Hour), after(time.Hour))), []catalog.Exposure{c, a, plain})
	same(t, "from", all(t, s.Exposures(ctx, after(time.Microsecond), time.Time{})), []catalog.Exposure{b})
	same(t, "nothing between", all(t, s.Exposures(ctx, after(0), after(0))), nil)
}

// Whoever asked is kept, as far as a database can.
func testExposuresOddUsers(t *testing.T, s Store) {
	ctx := t.Context()
	long := strings.Repeat("é", catalog.MaxIDBytes)
	for i, c := range []struct{ user, want string }{
		{"", ""},
		{"a b,c/d\n", "a b,c/d\n"},
		{"x\x00y", "x\uFFFDy"},
		{"\xff", "\uFFFD"},
		{long, long[:catalog.MaxIDBytes]},
		{"x" + long, "x" + long[:catalog.MaxIDBytes-2]},
		{strings.Repeat("\x00", 1000), strings.Repeat("\uFFFD", catalog.MaxIDBytes/3)},
	} {
		id := fmt.Sprint("request ", i)
		want := served(id, catalog.UserID(c.user), 0)
		same(t, id, ok[int](t)(s.PutExposures(ctx, []catalog.Exposure{want})), 1)
		want.User = catalog.UserID(c.want)
		same(t, id, ok[catalog.Exposure](t)(s.Exposure(ctx, id)), want)
		same(t, id+": of user", ok[[]catalog.Exposure](t)(s.ExposuresOf(ctx, catalog.UserID(c.user), 1)), []catalog.Exposure{want})
	}
	for i, id := range oddIDs {
		e := served(fmt.Sprint("legal ", i), catalog.UserID(id), time.Hour)
		ok[int](t)(s.PutExposures(ctx, []catalog.Exposure{e}))
		same(t, "of "+id, ok[[]catalog.Exposure](t)(s.ExposuresOf(ctx, e.User, 1)), []catalog.Exposure{e})
	}
}

func testExposuresInvalid(t *testing.T, s Store) {
	ctx := t.Context()
	for what, spoil := range map[string]func(e *catalog.Exposure){
		"no request":        func(e *catalog.Exposure) { e.RequestID = "" },
		"NUL in request":    func(e *catalog.Exposure) { e.RequestID = "a\x00" },
		"long request":      func(e *catalog.Exposure) { e.RequestID = strings.Repeat("x", 201) },
		"no time":           func(e *catalog.Exposure) { e.At = time.Time{} },
		"experiment":        func(e *catalog.Exposure) { e.Experiment = "\xff" },
		"arm":               func(e *catalog.Exposure) { e.Arm = "\x00" },
		"bundle":            func(e *catalog.Exposure) { e.Bundle = strings.Repeat("x", 201) },
		"tier":              func(e *catalog.Exposure) { e.Tier = "\xff" },
		"too many":          func(e *catalog.Exposure) { e.Movies = slices.Repeat(e.Movies[:1], catalog.MaxExposed+1) },
		"movie":             func(e *catalog.Exposure) { e.Movies[1].Movie = "a b" },
		"no movie":          func(e *catalog.Exposure) { e.Movies[1].Movie = "" },
		"source":            func(e *catalog.Exposure) { e.Movies[1].Source = "\xff" },
		"long source":       func(e *catalog.Exposure) { e.Movies[1].Source = strings.Repeat("x", 4097) },
		"propensity":        func(e *catalog.Exposure) { e.Movies[1].Propensity = 1.1 },
		"propensity < 0":    func(e *catalog.Exposure) { e.Movies[1].Propensity = -0.1 },
		"input":             func(e *catalog.Exposure) { e.Input = make([]byte, catalog.MaxInputBytes+1) },
		"propensity is NaN": func(e *catalog.Exposure) { e.Movies[1].Propensity = float32(math.NaN()) },
	} {
		e := served("bad", "7", 0)
		spoil(&e)
		_, err := s.PutExposures(ctx, []catalog.Exposure{served("good", "7", 0), e})
		fails(t, what, err, catalog.ErrInvalid)
	}
	counts(t, s, catalog.Counts{})
	most := served("most", "7", 0)
	most.Movies = slices.Repeat(most.Movies[1:2], catalog.MaxExposed)
	most.Input = bytes.Repeat([]byte("\x00\xfe"), catalog.MaxInputBytes/2)
	same(t, "most", ok[int](t)(s.PutExposures(ctx, []catalog.Exposure{most})), 1)
	same(t, "most", ok[catalog.Exposure](t)(s.Exposure(ctx, "most")), most)
	many := make([]catalog.Exposure, 20) // more bytes than one statement need take
	for i := range many {
		many[i] = served(fmt.Sprint("many ", i), `{"a\",NULL}`, 0)
		many[i].Input = bytes.Repeat([]byte{byte(i), '\\'}, catalog.MaxInputBytes/2)
	}
	same(t, "many", ok[int](t)(s.PutExposures(ctx, append(many, many[3], most))), len(many))
	for i := range many {
		same(t, many[i].RequestID, ok[catalog.Exposure](t)(s.Exposure(ctx, many[i].RequestID)), many[i])
	}
	empty := served("empty", "7", 0)
	empty.Input = []byte{}
	same(t, "empty", ok[int](t)(s.PutExposures(ctx, []catalog.Exposure{empty})), 1)
	empty.Input = nil
	same(t, "empty", ok[catalog.Exposure](t)(s.Exposure(ctx, "empty")), empty)
}

// All lists come by time, whole and once, in more than one page, many of them at
// one time; the loop may call the store and may be left.
func testExposuresPages(t *testing.T, s Store) {
	const lists = 1000
	ctx := t.Context()
	var want []catalog.Exposure
	for i := range lists {
		want = append(want, served(fmt.Sprintf("r%04d", i), "7", time.Duration(i/300)*time.Second))
	}
	backwards := slices.Clone(want)
	slices.Reverse(backwards)
	same(t, "added", ok[int](t)(s.PutExposures(ctx, backwards)), lists)
	bare := slices.Clone(want)
	for i := range bare {
		bare[i].Input = nil
	}
	same(t, "pages", all(t, s.Exposures(ctx, epoch, time.Time{})), bare)
	same(t, "of 7", len(ok[[]catalog.Exposure](t)(s.ExposuresOf(ctx, "7", 5000))), lists)
	n := 0
	for e, err := range s.Exposures(ctx, epoch, time.Time{}) {
		must(t, err)
		same(t, "inside", ok[catalog.Exposure](t)(s.Exposure(ctx, e.RequestID)), want[n])
		if n++; n == 300 {
			break
		}
	}
}

// Of someone who was forgotten nothing is kept again, and their record is not to
// be asked for.
func testExposuresForgotten(t *testing.T, s Store) {
	ctx := t.Context()
	ok[int](t)(s.PutExposures(ctx, []catalog.Exposure{served("1", "7", 0), served("2", "8", 0)}))
	ok[catalog.Removal](t)(s.Forget(ctx, "7"))
	same(t, "of the forgotten", ok[[]catalog.Exposure](t)(s.ExposuresOf(ctx, "7", 0)), nil)
	again := []catalog.Exposure{served("1", "7", 0), served("3", "7", 0), served("4", "8", 0), served("5", "70", 0)}
	same(t, "added", ok[int](t)(s.PutExposures(ctx, again)), 2)
	same(t, "of the forgotten, later", ok[[]catalog.Exposure](t)(s.ExposuresOf(ctx, "7", 0)), nil)
	same(t, "of another", len(ok[[]catalog.Exposure](t)(s.ExposuresOf(ctx, "8", 0))), 2)
	same(t, "absent", ok[[]catalog.UserID](t)(s.AbsentUsers(ctx, []catalog.UserID{"7", "70"}, epoch)), []catalog.UserID{"70"})
	same(t, "absent movies", ok[[]catalog.MovieID](t)(s.AbsentMovies(ctx, []catalog.MovieID{"7"}, epoch)), []catalog.MovieID{"7"})
	counts(t, s, catalog.Counts{Exposures: 3, Tombstones: 1})
}

// exposedBundles returns the bundles of lists, each once, ascending; none is no bundle.
func exposedBundles(lists ...catalog.Exposure) []string {
	var ids []string
	for _, e := range lists {
		if e.Bundle != "" {
			ids = append(ids, e.Bundle)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}
