package rates_test

import (
	"math"
	"os"
	"strconv"
	"testing"

	"marquee/recommender/rates"
)

// full is the environment variable that makes the simulations as large as the promise:
// 27,000 movies and the days that it says.
const full = "MARQUEE_RATES_DAYS"

// scale returns how many movies and days are watched, and the false alarms a day of each
// kind: a part of the catalog may raise that part of them.
func scale(t *testing.T) (movies, days int, cfg rates.Config) {
	t.Helper()
	cfg = rates.DefaultConfig()
	if text := os.Getenv(full); text != "" {
		days, err := strconv.Atoi(text)
		if err != nil || days < 1 {
			t.Fatalf("%s is %q, want days", full, text)
		}
		return 27_000, days, cfg
	}
	movies = 1000
	cfg.FalseAlarms *= float64(movies) / 27_000
	return movies, 2, cfg
}

// Of movies that do not change fewer than one a day of 27,000 is said to, in all 24 looks
// of the day, rises and falls together.
func TestFalseAlarms(t *testing.T) {
	for _, c := range []struct {
		name       string
		dispersion float64
		erratic    bool
		even       bool
	}{{"Poisson", 1, false, false}, {"promised", promised, false, false}, {"erratic", promised, true, false}, {"wild", 6, false, false}, {"even", 1, false, true}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			movies, days, cfg := scale(t)
			w := world{means: sizes(movies), days: 8 + days, dispersion: c.dispersion, erratic: c.erratic, even: c.even, seed: 11}
			r := watched(t, w.table(t), 8*24, (8+days)*24-1, cfg)
			n := len(r.Alarms) + len(r.Bundles)
			allowed := 2 * cfg.FalseAlarms * float64(days)
			// Of so many that are allowed, chance gives more than this once in a thousand times.
			if most := allowed + 3.1*math.Sqrt(allowed) + 1; float64(n) > most {
				t.Errorf("%d alarms in %d days of %d movies, want %.2f, at most %.1f by chance: %+v", n, days, movies, allowed, most, r.Alarms)
			}
			if r.Looks != 24*days || r.Movies < movies*9/10 {
				t.Errorf("%d looks at %d movies, want %d at %d", r.Looks, r.Movies, 24*days, movies)
			}
			t.Logf("%s, dispersion %v: %d alarms in %d days of %d movies, allowed %.2f", c.name, c.dispersion, n, days, movies, allowed)
		})
	}
}

// promised is the dispersion of a day's count at 540 people up to which a rise by half is
// found with 99% power.
const promised = 1.6

// A movie of 540 people a day that rises by half is found by the end of the next 24
// hours, with a bound for 27,000 movies.
func TestPower(t *testing.T) {
	for _, c := range []struct {
		name       string
		dispersion float64
		want       float64 // of 1, at least
	}{{"Poisson", 1, 0.99}, {"promised", promised, 0.99}, {"beyond", 2, 0.90}, {"far beyond", 3, 0.4}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			movies, _, cfg := scale(t)
			const jumps, worlds = 1000, 2
			found := 0
			cfg.FalseAlarms *= float64(movies+jumps/worlds) / float64(movies)
			for i := range worlds { // two hours of the day
				found += foundJumps(t, movies, jumps/worlds, 9*24+6+11*i, c.dispersion, cfg)
			}
			share := float64(found) / jumps
			if margin := 3.1 * math.Sqrt(c.want*(1-c.want)/jumps); share < c.want-margin {
				t.Errorf("%d of %d jumps found, want %.0f%%, at least %.1f%% by chance", found, jumps, 100*c.want, 100*(c.want-margin))
			}
			t.Logf("dispersion %v: %d of %d jumps found within 24 hours", c.dispersion, found, jumps)
		})
	}
}

// foundJumps returns how many movies of so many that rise by half at an hour are said to
// within 24 hours, beside movies that do not change.
func foundJumps(t *testing.T, movies, jumps, hour int, dispersion float64, cfg rates.Config) int {
	t.Helper()
	w := world{means: sizes(movies), days: 11, dispersion: dispersion, seed: uint64(hour)}
	for range jumps {
		w.means = append(w.means, 540)
	}
	w.change = func(m, h int, _ string) float64 {
		if m >= movies && h >= hour {
			return 1.5
		}
		return 1
	}
	said, again := make(map[int]bool), 0
	for _, m := range watched(t, w.table(t), hour+1, hour+24, cfg).Alarms {
		n, err := strconv.Atoi(string(m.Movie[1:]))
		if err != nil {
			t.Fatal(err)
		}
		if n >= movies && m.Rose {
			if said[n] {
				again++
			}
			said[n] = true
		}
	}
	if again > jumps/200 { // whose own dispersion is just where it stands alone
		t.Errorf("%d of %d were said to rise twice in a day", again, jumps)
	}
	return len(said)
}
