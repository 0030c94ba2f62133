package catalogtest

import (
	"errors"
	"fmt"
	"iter"
	"reflect"
	"testing"
	"time"

	"marquee/catalog"
)

// epoch is the time from which the tests count.
var epoch = time.Date(2024, 2, 28, 23, 0, 0, 0, time.UTC)

// after returns epoch plus d.
func after(d time.Duration) time.Time { return epoch.Add(d) }

// A tester is a test, a benchmark, or one round of a property.
type tester interface {
	Helper()
	Errorf(format string, args ...any)
	Fatal(args ...any)
}

// must ends the test on an error.
func must(t tester, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// ok returns v, or ends the test on an error.
func ok[T any](t tester) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		must(t, err)
		return v
	}
}

// same fails the test unless got equals want.
func same[T any](t tester, what string, got, want T) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s:\n got %.2000s\nwant %.2000s", what, fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", want))
	}
}

// fails fails the test unless err wraps want.
func fails(t tester, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: error is %v, want one that wraps %q", what, err, want)
	}
}

// all returns what an iterator yields, or ends the test on an error.
func all[T any](t tester, seq iter.Seq2[T, error]) []T {
	t.Helper()
	var out []T
	for v, err := range seq {
		must(t, err)
		out = append(out, v)
	}
	return out
}

// counts fails the test unless s holds want, and as many changes as it says that
// it ever had.
func counts(t testing.TB, s Store, want catalog.Counts) {
	t.Helper()
	want.Changes = int(ok[int64](t)(s.LastChange(t.Context())))
	same(t, "counts", ok[catalog.Counts](t)(s.Counts(t.Context())), want)
}

// held returns the offset after an Append that must succeed.
func held(t *testing.T) func(catalog.Applied, error) int64 {
	t.Helper()
	return func(done catalog.Applied, err error) int64 {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return done.Held
	}
}
