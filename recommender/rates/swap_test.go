package rates_test

import (
	"errors"
	"slices"
	"strconv"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/recommender/rates"
)

// Bundles swap daily, and each lists some movies more or less than the one before it. What
// moved at a swap is told by its bundle, a rise within a bundle is an alarm, and
// each is told once.
func TestSwaps(t *testing.T) {
	t.Parallel()
	const (
		still, swapped, jumped = 600, 60, 60
		last                   = 9*24 + 4  // the hour of the last swap
		jump                   = last + 10 // of the movies that jump
	)
	w := world{means: sizes(still), days: 11, dispersion: 1.3, seed: 5}
	for range swapped + jumped {
		w.means = append(w.means, 540)
	}
	w.bundle = func(h int) []string { // at 04:00, two servers one after the other
		d := strconv.Itoa((h - 4 + 24) / 24)
		if h%24 == 4 {
			return []string{strconv.Itoa((h-4+24)/24 - 1), d}
		}
		return []string{d}
	}
	newest := (last + 20) / 24
	w.change = func(m, h int, bundle string) float64 {
		switch {
		case m < still:
		case m < still+swapped:
			if n, _ := strconv.Atoi(bundle); n >= newest {
				return 1.7
			}
		case h >= jump:
			return 1.7
		}
		return 1
	}
	cfg := rates.DefaultConfig()
	cfg.FalseAlarms *= float64(len(w.means)) / 27_000
	r := watched(t, w.table(t), 9*24, jump+24, cfg)
	counts := func(moves []rates.Move) (stillN, swappedN, jumpedN int) {
		var seen []catalog.MovieID
		for _, m := range moves {
			n, err := strconv.Atoi(string(m.Movie[1:]))
			if err != nil {
				t.Fatal(err)
			}
			if slices.Contains(seen, m.Movie) {
				t.Errorf("%s is told twice", m.Movie)
			}
			switch seen = append(seen, m.Movie); {
			case n < still:
				stillN++
			case n < still+swapped:
				swappedN++
			default:
				jumpedN++
			}
		}
		return stillN, swappedN, jumpedN
	}
	a0, a1, a2 := counts(r.Alarms)
	b0, b1, b2 := counts(r.Bundles)
	if a0+b0 > 0 || a1 > 1 || a2 < jumped*9/10 || b1 < swapped*9/10 || b2 > jumped/20 {
		t.Errorf("alarms: %d still, %d swapped, %d jumped; with a bundle: %d, %d, %d; want the %d swapped with their bundle, the %d jumped as alarms", a0, a1, a2, b0, b1, b2, swapped, jumped)
	}
	for _, m := range r.Bundles {
		n, _ := strconv.Atoi(string(m.Movie[1:]))
		if n < still+swapped && m.Bundle != strconv.Itoa(newest) || !m.Rose {
			t.Errorf("%+v, want a rise with bundle %d", m, newest)
		}
	}
	for _, m := range r.Alarms {
		if !m.Rose || m.Since.Before(at(jump)) || m.Ratio() < 1.1 {
			t.Errorf("%+v, want a rise after %v", m, at(jump))
		}
	}
}

// A rise, the end of it, and a movie that falls to nothing, each told once, with its times.
func TestEpisodes(t *testing.T) {
	t.Parallel()
	w := world{means: append(sizes(300), 540, 540, 0), days: 13, dispersion: 1.2, seed: 6}
	w.means[302] = 1e-9
	w.change = func(m, h int, _ string) float64 {
		switch {
		case m == 300 && h >= 8*24+5 && h < 9*24+5:
			return 4
		case m == 301 && h >= 10*24:
			return 0
		case m == 302 && h >= 10*24:
			return 200 / w.means[302]
		}
		return 1
	}
	table := w.table(t)
	cfg := rates.DefaultConfig()
	cfg.FalseAlarms = 0.005 // of the few movies that are here
	r := watched(t, table, 8*24, 13*24-30, cfg)
	found := make(map[catalog.MovieID]rates.Move)
	for _, m := range r.Alarms {
		if _, twice := found[m.Movie]; twice {
			t.Errorf("%s is told twice: %+v", m.Movie, r.Alarms)
		}
		found[m.Movie] = m
	}
	rose, fell, fresh := found[id(300)], found[id(301)], found[id(302)]
	if len(found) != 3 || len(r.Bundles) != 0 {
		t.Errorf("%+v and %+v, want three alarms", r.Alarms, r.Bundles)
	}
	if !rose.Rose || rose.Since.Before(at(8*24+5)) || rose.Since.After(at(8*24+10)) || rose.Ended.Before(at(9*24+5)) || rose.Ended.After(at(10*24+12)) {
		t.Errorf("rose: %+v", rose)
	}
	if fell.Rose || fell.Since.Before(at(10*24)) || fell.Since.After(at(10*24+16)) || !fell.Ended.After(at(11*24)) {
		t.Errorf("fell: %+v", fell)
	}
	if !fresh.Rose || fresh.Since.After(at(10*24+4)) || fresh.Usual > 100 {
		t.Errorf("new: %+v", fresh)
	}
	if n := rates.Open(r.Alarms); n != 0 || !fresh.Ended.After(at(11*24)) { // what holds for more than a day becomes usual
		t.Errorf("%d are open, want none; the new one ended %v", n, fresh.Ended)
	}
	top := rates.Rank(table, at(10*24+23), 5, rates.DefaultConfig())
	if len(top) != 5 || top[0].P > top[4].P || top[0].Movie != id(302) && top[0].Movie != id(301) {
		t.Errorf("ranked %+v", top)
	}
}

// Too little is known: no look, and no alarm. What cannot be asked for is refused.
func TestLittle(t *testing.T) {
	t.Parallel()
	w := world{means: sizes(50), days: 3, dispersion: 1, seed: 7}
	table := w.table(t)
	r := watched(t, table, 24, 3*24, rates.DefaultConfig())
	if r.Looks != 24 && r.Looks > 25 || len(r.Alarms)+len(r.Bundles) > 0 {
		t.Errorf("%+v", r)
	}
	for name, c := range map[string]struct {
		from, to int
		cfg      rates.Config
	}{
		"before": {-5, 3, rates.DefaultConfig()}, "after": {3, 1000, rates.DefaultConfig()}, "turned": {5, 4, rates.DefaultConfig()}, "nothing set": {3, 5, rates.Config{}},
	} {
		if _, err := rates.Watch(t.Context(), table, at(c.from), at(c.to), c.cfg); !errors.Is(err, catalog.ErrInvalid) {
			t.Errorf("%s: %v, want ErrInvalid", name, err)
		}
	}
	if _, err := rates.New(nil, nil, at(4), at(4)); !errors.Is(err, catalog.ErrInvalid) {
		t.Errorf("no hours: %v", err)
	}
	if d := rates.DefaultConfig().Needs(at(192)); !d.Equal(at(0)) || at(192).Sub(d) != 192*time.Hour {
		t.Errorf("needs %v", d)
	}
}
