package simulator

import (
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"
)

// A Watch is the truth behind a run of lines: who watched what, and how much.
type Watch struct {
	Person int // index into World.People
	Movie  int // index into World.Movies; -1 for an id that the catalog does not know
	ID     string
	Begin  time.Time
	Last   int // the last minute, from 0
	Rating int // on the edition's scale; 0 for none
}

// unlisted are well-formed ids that the catalog does not know.
const unlisted = "the+unlisted+reel+1988|a+film+nobody+filed+2003|rosewater+1996|late+arrival+|the+missing+canister+1971"

const slotsADay = 2 // one movie in the afternoon, one in the evening, at most

// watches returns what person i watches, in order of time.
func (w *World) watches(i int, cfg StreamConfig) []Watch {
	p := w.People[i]
	rng := w.rng("watch", i)
	first := int(p.Joined * float64(cfg.Days))
	slots := (cfg.Days - first) * slotsADay
	n := min(int(math.Round(float64(p.Watches)*float64(cfg.Days-first)/60)), slots)
	if p.Watches > 0 && n == 0 && slots > 0 {
		n = 1
	}
	seen := make(map[int]bool, n)
	ahead := -1 // the next part of a series that they want to see
	var out []Watch
	for _, slot := range chooseSlots(rng, slots, n) {
		at := slotTime(rng, cfg.Start, first*slotsADay+slot)
		movie := ahead
		if movie < 0 || rng.IntN(2) == 0 {
			movie = w.choose(rng, p, seen)
		}
		if movie < 0 {
			continue
		}
		seen[movie] = true
		x := w.watch(rng, p, movie, cfg)
		x.Person, x.Begin = i, at
		ahead = -1
		if next := w.next[movie]; next >= 0 && !seen[next] && 10*x.Last > 8*w.Movies[movie].Runtime {
			ahead = next
		}
		out = append(out, x)
	}
	return out
}

// chooseSlots returns n of the slots, ascending.
func chooseSlots(rng *rand.Rand, slots, n int) []int {
	chosen := rng.Perm(max(slots, 0))[:n]
	slices.Sort(chosen)
	return chosen
}

func slotTime(rng *rand.Rand, start time.Time, slot int) time.Time {
	begin := 12 * 3600
	if slot%slotsADay == 1 {
		begin = 19 * 3600
	}
	day := start.AddDate(0, 0, slot/slotsADay)
	return day.Add(time.Duration(begin+rng.IntN(3*3600+1800)) * time.Second)
}

// choose returns a movie that p has not seen, by taste or by fame, or -1.
// Minors do not choose adult movies of themselves.
func (w *World) choose(rng *rand.Rand, p Person, seen map[int]bool) int {
	for range 12 {
		from := &w.fame
		if rng.Float64() > p.Mainstream {
			from = &w.byTheme[drawTheme(rng, p.Taste)]
		}
		m := from.draw(rng)
		if m < 0 || seen[m] || p.Age < 18 && w.Movies[m].Adult {
			continue
		}
		return m
	}
	return -1
}

func drawTheme(rng *rand.Rand, taste []float64) int {
	x := rng.Float64()
	for i, t := range taste {
		if x -= t; x < 0 {
			return i
		}
	}
	return len(taste) - 1
}

// watch draws how much p watches of a movie, and how they rate it.
func (w *World) watch(rng *rand.Rand, p Person, movie int, cfg StreamConfig) Watch {
	m := w.Movies[movie]
	x := Watch{Movie: movie, ID: m.ID}
	if rng.IntN(500) == 0 { // the catalog lost this one
		x.Movie, x.ID = -1, pick(rng, unlisted)
	}
	liking := 0.7*p.Affinity(m) + 0.3*max(0, min(1, 0.5+m.Quality/4))
	share := 0.05 + 0.65*rng.Float64()
	if rng.Float64() < 0.2+0.75*liking {
		share = 0.92 + 0.08*rng.Float64()
	}
	x.Last = int(share * float64(m.Runtime-1))
	if rng.Float64() < cfg.RatingShare && share > 0.3 {
		v := 2.7 + 1.8*liking + 0.55*rng.NormFloat64()
		x.Rating = max(1, min(5, int(math.Round(v))))
		if cfg.Edition == Edition2026 {
			x.Rating = max(1, min(10, int(math.Round(2*v))))
		}
	}
	return x
}

// popularIDs returns the n best known movies' ids.
func (w *World) popularIDs(n int) []string {
	order := make([]int, len(w.Movies))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		if w.Movies[a].Fame > w.Movies[b].Fame {
			return -1
		} else if w.Movies[a].Fame < w.Movies[b].Fame {
			return 1
		}
		return 0
	})
	var out []string
	for _, i := range order[:min(n, len(order))] {
		out = append(out, w.Movies[i].ID)
	}
	return out
}

// stamp writes at as the stream does: no seconds when they are 00, and millis
// only where the line has them.
func stamp(b []byte, at time.Time, millis int) []byte {
	b = at.AppendFormat(b, "2006-01-02T15:04")
	if at.Second() > 0 || millis >= 0 {
		b = at.AppendFormat(b, ":05")
	}
	if millis >= 0 {
		b = append(b, '.', byte('0'+millis/100), byte('0'+millis/10%10), byte('0'+millis%10))
	}
	return append(b, ',')
}

func appendInt(b []byte, n int) []byte { return strconv.AppendInt(b, int64(n), 10) }
