package delta_test

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"marquee/catalog"
	"marquee/recommender"
)

// A movie that left stays out of a bundle that still has it, as after a rollback, even
// while the store is away; one that came back in the meantime does not.
func TestRollbackKeepsOutWhatLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, build(t, films, nil, 2))
		for _, m := range films {
			r.store.movies[m.ID] = m
		}
		r.run()
		want := func(wait time.Duration, want string) {
			t.Helper()
			r.sleep(wait)
			a, err := r.service.Popular(recommender.Call{N: 20})
			var got string
			for _, i := range a.List.Items {
				got += string(a.Live.Snapshot.Movies.IDs[i.Row])
			}
			if err != nil || got != want {
				t.Errorf("%q, %v; want %q", got, err, want)
			}
		}
		want(time.Second, "abz")
		r.store.remove("z")
		want(time.Second, "ab")
		r.store.set(errors.New("away"))
		r.sleep(time.Second)
		r.swap(build(t, films, nil, 2))
		want(0, "ab")
		want(time.Hour, "ab")
		r.store.set(nil)
		r.store.put(film("z", "zzzz"))
		want(time.Minute, "abz")
		r.store.set(errors.New("away"))
		r.sleep(time.Second)
		r.swap(build(t, films, nil, 2))
		want(time.Minute, "abz")
	})
}

// Rows behind the build are bounded, also if movies come and leave for ever.
func TestRowsAreBoundedUnderChurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, build(t, films, nil, 2))
		for _, m := range films {
			r.store.movies[m.ID] = m
		}
		r.cfg.Movies = 5
		r.run()
		for i := range 20 {
			id := fmt.Sprintf("c%d", i)
			r.store.put(film(id, "kkkk"))
			r.sleep(time.Second)
			r.store.remove(catalog.MovieID(id))
			r.sleep(time.Second)
		}
		live, err := r.service.Live()
		if err != nil {
			t.Fatal(err)
		}
		if rows := live.Snapshot.Movies.Len() - len(films); rows != 5 {
			t.Errorf("%d rows behind the build, want 5", rows)
		}
		if s := r.follower.Status(); s.LeftOut != 15 || s.Movies != 0 {
			t.Errorf("status %+v, want 15 movies left out and none there", s)
		}
		r.store.put(film("c3", "aaak")) // it has a row
		r.store.put(film("z", "aaaz"))
		r.sleep(time.Second)
		if s := r.follower.Status(); s.LeftOut != 15 || s.Movies != 2 {
			t.Errorf("status %+v, want a movie back and one edited", s)
		}
	})
}
