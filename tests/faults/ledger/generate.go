package ledger

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"
)

// A Config says what the lines are like. Start from [DefaultConfig].
type Config struct {
	People    int       // with the ids FirstUser and following
	FirstUser int       // 1 or more: worlds in one store are told apart by it
	Movies    int       // that most watches are of
	Start     time.Time // of the stream's clock
	Scale     int       // ratings are 1 to Scale

	// Shares of lines; what is left are watches that go on.
	Fresh     float64 // watches of a pair of person and movie that occurs once: nothing hides their loss
	Ratings   float64
	Accounts  float64
	Lists     float64
	Noise     float64
	Duplicate float64 // an earlier line once more
}

// DefaultConfig returns a small world in which every kind of line is common.
func DefaultConfig() Config {
	return Config{
		People: 12, FirstUser: 1, Movies: 8, Scale: 5,
		Start: time.Date(2024, 2, 28, 22, 30, 0, 0, time.UTC), // near a month's end in a leap year
		Fresh: 0.25, Ratings: 0.12, Accounts: 0.05, Lists: 0.05, Noise: 0.06, Duplicate: 0.08,
	}
}

// A Generator invents lines: the same seed, the same lines.
type Generator struct {
	cfg     Config
	rng     *rand.Rand
	clock   time.Time
	fresh   int
	minutes map[[2]int]int // of a person and a movie: the next minute
	recent  []Line         // the last of them, to be repeated
}

// New returns a generator of the lines of one world.
func New(seed uint64, cfg Config) *Generator {
	return &Generator{
		cfg: cfg, rng: rand.New(rand.NewPCG(seed, 0x6d617271)), clock: cfg.Start,
		minutes: make(map[[2]int]int),
	}
}

// Lines returns the next n lines.
func (g *Generator) Lines(n int) []Line {
	lines := make([]Line, n)
	for i := range lines {
		lines[i] = g.Next()
	}
	return lines
}

// keepRecent is how many lines back a duplicate may come from.
const keepRecent = 64

// Next returns the next line.
func (g *Generator) Next() Line {
	if len(g.recent) > 0 && g.rng.Float64() < g.cfg.Duplicate {
		return g.recent[g.rng.IntN(len(g.recent))]
	}
	g.tick()
	l := g.invent()
	if len(g.recent) < keepRecent {
		g.recent = append(g.recent, l)
	} else {
		g.recent[g.rng.IntN(keepRecent)] = l
	}
	return l
}

// Unique returns a line that occurs once: what a file should begin with, since a
// file is known by its beginning.
func (g *Generator) Unique() Line {
	g.fresh++
	return g.watch(g.person(), fmt.Sprintf("only+%d+", g.fresh), g.rng.IntN(200))
}

// tick moves the clock on, seldom by hours, so that watches span days.
func (g *Generator) tick() {
	switch g.rng.IntN(40) {
	case 0:
		g.clock = g.clock.Add(time.Duration(g.rng.IntN(10)) * time.Hour)
	case 1, 2, 3, 4, 5, 6, 7, 8, 9: // equal times
	default:
		g.clock = g.clock.Add(time.Duration(g.rng.IntN(90_000)) * time.Millisecond)
	}
}

func (g *Generator) invent() Line {
	r := g.rng.Float64()
	under := func(share float64) bool {
		r -= share
		return r < 0
	}
	switch {
	case under(g.cfg.Fresh):
		g.fresh++
		return g.watch(g.person(), fmt.Sprintf("once+%d_*.-+%d", g.fresh, 1950+g.fresh%70), g.rng.IntN(200))
	case under(g.cfg.Ratings):
		return g.rating()
	case under(g.cfg.Accounts):
		return g.account()
	case under(g.cfg.Lists):
		return g.list()
	case under(g.cfg.Noise):
		return g.noise()
	}
	return g.goOn()
}

// goOn returns the next minute of someone's film, or one out of order.
func (g *Generator) goOn() Line {
	k := [2]int{g.rng.IntN(g.cfg.People), g.rng.IntN(g.cfg.Movies)}
	minute := g.minutes[k]
	if g.rng.IntN(8) == 0 {
		minute = g.rng.IntN(minute + 1)
	} else {
		g.minutes[k] = minute + 1
	}
	return g.watch(g.user(k[0]), g.movie(k[1]), minute)
}

func (g *Generator) person() string { return g.user(g.rng.IntN(g.cfg.People)) }

func (g *Generator) user(n int) string { return strconv.Itoa(g.cfg.FirstUser + n) }

// movie returns the id of movie n: every character that is legal occurs, and
// some have no year.
func (g *Generator) movie(n int) string {
	if n%7 == 6 {
		return fmt.Sprintf("untitled+%d+", n)
	}
	return fmt.Sprintf("the+f**k_+no.-%d++%d", n, 1920+n%100)
}

func (g *Generator) watch(user, movie string, minute int) Line {
	at, text := g.time(g.late())
	return Line{
		Text: text + "," + user + ",GET /data/m/" + movie + "/" + strconv.Itoa(minute) + ".mpg",
		Kind: Watch, User: user, Movie: movie, At: at, Minute: minute,
	}
}

func (g *Generator) rating() Line {
	user, movie, value := g.person(), g.movie(g.rng.IntN(g.cfg.Movies)), 1+g.rng.IntN(g.cfg.Scale)
	at, text := g.time(g.late())
	return Line{
		Text: text + "," + user + ",GET /rate/" + movie + "=" + strconv.Itoa(value),
		Kind: Rate, User: user, Movie: movie, At: at, Rating: float64(value),
	}
}

func (g *Generator) account() Line {
	user := g.person()
	at, text := g.time(g.late())
	return Line{Text: text + "," + user + ",GET /create_account", Kind: Account, User: user, At: at}
}

func (g *Generator) list() Line {
	results := []string{
		"status 200, result: heat+1995, m+1931, " + g.movie(0) + ", 12 ms",
		"status 0, result: java.util.concurrent.TimeoutException: Request timeout to a/b:8082, after 800 ms, 815 ms",
		"status 500, result: , 3ms",
	}
	user := g.person()
	at, text := g.time(g.clock)
	return Line{
		Text: text + "," + user + ",recommendation request host.example:8082, " + results[g.rng.IntN(len(results))],
		Kind: Recommendation, User: user, At: at,
	}
}

// late returns the time of an event: mostly now, at times some hours ago.
func (g *Generator) late() time.Time {
	if g.rng.IntN(12) == 0 {
		return g.clock.Add(-time.Duration(g.rng.IntN(30*3600)) * time.Second)
	}
	return g.clock
}

// time writes a time in one of the stream's forms, and returns what was
// written, as far as a store keeps it: microseconds.
func (g *Generator) time(at time.Time) (time.Time, string) {
	switch g.rng.IntN(6) {
	case 0:
		nanos := time.Duration(g.rng.IntN(1_000_000_000))
		digits := 1 + g.rng.IntN(9)
		at = at.Truncate(time.Second).Add(nanos)
		text := at.Format("2006-01-02T15:04:05.000000000")
		text = text[:len(text)-9+digits]
		kept, err := time.Parse("2006-01-02T15:04:05", text)
		if err != nil {
			panic(err) // the text was written by Format
		}
		return kept.Truncate(time.Microsecond), text
	case 1:
		at = at.Truncate(time.Minute)
		return at, at.Format("2006-01-02T15:04")
	}
	at = at.Truncate(time.Second)
	return at, at.Format("2006-01-02T15:04:05")
}
