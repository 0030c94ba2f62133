package analysis_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/recommender/eval"
	"marquee/recommender/experiment/analysis"
)

// The logging policy of explored lists 5 movies of 14: the first 4, and one of the other
// 10 drawn alike. Rank i is watched with the probability appeal(i).
const (
	listed    = 5
	ranked    = 14
	drawnFrom = ranked - listed + 1
)

func appeal(rank int) float64 { return 0.3 / float64(1+rank) }

// greedy is what the first 5 earn.
func greedy() (sum float64) {
	for i := range listed {
		sum += appeal(i)
	}
	return sum
}

func explored(rng *rand.Rand, people int, appeal func(rank int) float64) *world {
	w := &world{}
	for p := range people {
		u := fmt.Sprint("u", p)
		zeal := 0.5 + rng.Float64() // people differ, by 1 on average
		for d := range 1 + rng.IntN(4) {
			e := catalog.Exposure{
				RequestID: fmt.Sprint(u, "-", d), At: start.Add(time.Duration(d)*day + time.Hour), User: catalog.UserID(u),
				Experiment: "trial:" + []string{"control", "treatment"}[p%2], Tier: "personal",
			}
			for i := range listed {
				rank, propensity, source := i, float32(1), "als"
				if i == listed-1 {
					rank, propensity = i+rng.IntN(drawnFrom), 1./drawnFrom
					if rank >= listed {
						source = "als+explore"
					}
				}
				id := catalog.MovieID(fmt.Sprint("m", d, "-", rank)) // other movies every day
				e.Movies = append(e.Movies, catalog.Exposed{Movie: id, Source: source, Propensity: propensity})
				if rng.Float64() < zeal*appeal(rank) {
					w.watch(u, string(id), e.At.Add(time.Hour), 1)
				}
			}
			w.lists = append(w.lists, e)
		}
	}
	return w
}

// random lists 5 of the 14, each set as likely as any other; it tells ranks apart.
type random struct{}

func (random) Name() string { return "random" }

func (random) Target(e catalog.Exposure, t *analysis.Target) {
	for _, m := range e.Movies {
		t.Shown, t.Cell = append(t.Shown, float64(listed)/ranked), append(t.Cell, rankOf(m.Movie))
	}
	for i := range ranked {
		t.Wanted = append(t.Wanted, analysis.Wanted{Cell: i, Movies: float64(listed) / ranked})
	}
}

func rankOf(id catalog.MovieID) (rank int) {
	_, text, _ := strings.Cut(string(id), "-")
	fmt.Sscan(text, &rank)
	return rank
}

// Estimates of what other policies earn are without bias, and their intervals hold the
// truth in at least nine of ten.
func TestOffPolicyEstimatesHoldTheTruth(t *testing.T) {
	t.Parallel()
	var random14 float64
	for i := range ranked {
		random14 += appeal(i) * listed / ranked
	}
	truths := []float64{greedy(), random14}
	rng := rand.New(rand.NewPCG(10, 10))
	const runs = 100
	opts := analysis.DefaultOptions(start.Add(7 * day))
	opts.Metrics, opts.Draws, opts.Policies = []string{analysis.Acceptance}, 300, []analysis.Policy{analysis.Greedy{}, random{}}
	names := []string{"IPS", "SNIPS", "DR"}
	held, values := [2][3]int{}, [2][3][]float64{}
	for range runs {
		r := analyse(t, explored(rng, 300, appeal), split(1, 1), opts)
		for p := range truths {
			o := r.Policies[2*p] // of the control
			for i, e := range []eval.Estimate{o.IPS, o.SNIPS, o.DR} {
				values[p][i] = append(values[p][i], e.Value)
				if e.Low <= truths[p] && truths[p] <= e.High {
					held[p][i]++
				}
			}
			if len(o.Warnings) > 0 {
				t.Logf("warnings: %q", o.Warnings)
			}
		}
	}
	for p, truth := range truths {
		for i, name := range names {
			mean, sd := moments(values[p][i])
			t.Logf("policy %d, truth %.4f: %s %.4f, sd %.4f, held in %d of %d", p, truth, name, mean, sd, held[p][i], runs)
			if held[p][i] < runs*90/100 {
				t.Errorf("policy %d: intervals of %s hold the truth in %d of %d", p, name, held[p][i], runs)
			}
			if d := mean - truth; d*d > 16*sd*sd/runs {
				t.Errorf("policy %d: %s is %.4f on average, want %.4f", p, name, mean, truth)
			}
		}
	}
}

// Where much is watched, most of the variance of IPS comes of its weights; a model that
// knows how much is watched takes it away, and so does SNIPS.
func TestDoublyRobustVariesLess(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(11, 11))
	opts := analysis.DefaultOptions(start.Add(7 * day))
	opts.Metrics, opts.Policies, opts.Draws = []string{analysis.Acceptance}, []analysis.Policy{analysis.Greedy{}}, 100
	var ips, snips, dr []float64
	for range 60 {
		o := analyse(t, explored(rng, 200, func(int) float64 { return 0.6 }), split(1, 1), opts).Policies[0]
		ips, snips, dr = append(ips, o.IPS.Value), append(snips, o.SNIPS.Value), append(dr, o.DR.Value)
	}
	_, a := moments(ips)
	_, b := moments(snips)
	_, c := moments(dr)
	t.Logf("standard deviation of IPS %.4f, of SNIPS %.4f, of DR %.4f", a, b, c)
	if b > 0.8*a || c > 0.8*a {
		t.Errorf("SNIPS varies by %.4f, DR by %.4f, IPS by %.4f, want both far less", b, c, a)
	}
}

// alone is greedy with cells that tell people apart.
type alone struct{ analysis.Greedy }

func (a alone) Target(e catalog.Exposure, t *analysis.Target) {
	a.Greedy.Target(e, t)
	var cell int
	fmt.Sscanf(string(e.User), "u%d", &cell)
	for i := range t.Cell {
		t.Cell[i] = cell
	}
	t.Wanted[0].Cell = cell
}

// Nobody is judged by a model that has seen them: where people share no cell it says
// nothing of anyone, and DR is IPS.
func TestRewardsAreOfOtherPeople(t *testing.T) {
	opts := analysis.DefaultOptions(start.Add(7 * day))
	opts.Policies = []analysis.Policy{alone{}}
	w := explored(rand.New(rand.NewPCG(14, 14)), 200, appeal)
	if o := analyse(t, w, split(1, 1), opts).Policies[0]; o.DR != o.IPS || o.IPS.Value == 0 {
		t.Errorf("DR is %v, want IPS, %v", o.DR, o.IPS)
	}
}

func TestOffPolicyWarns(t *testing.T) {
	rng := rand.New(rand.NewPCG(12, 12))
	opts := analysis.DefaultOptions(start.Add(7 * day))
	opts.Policies = []analysis.Policy{analysis.Greedy{}}
	for name, c := range map[string]struct {
		change func(*catalog.Exposed)
		want   string
	}{
		"nothing drawn": {func(m *catalog.Exposed) { m.Propensity, m.Source = 1, "als" }, "nothing was drawn"},
		"extreme": {func(m *catalog.Exposed) {
			if m.Propensity = 1; rng.IntN(100) == 0 {
				m.Propensity, m.Source = 0.0005, "als"
			}
		}, "extreme"},
		"no propensity":   {func(m *catalog.Exposed) { m.Propensity = 0 }, "left out"},
		"too little told": {func(m *catalog.Exposed) { m.Source = "als+explore@control" }, "what they should"},
	} {
		w := explored(rng, 200, appeal)
		for i := range w.lists {
			for j := range w.lists[i].Movies {
				c.change(&w.lists[i].Movies[j])
			}
		}
		r := analyse(t, w, split(1, 1), opts)
		if got := strings.Join(r.Policies[0].Warnings, "; "); !strings.Contains(got, c.want) {
			t.Errorf("%s: warnings are %q, want one of %q", name, got, c.want)
		}
		checkWritten(t, name, r)
	}
}

// A policy that is wrong in itself is an error.
type wrong struct{ random }

func (wrong) Target(_ catalog.Exposure, t *analysis.Target) {
	t.Shown, t.Cell = append(t.Shown, 2), append(t.Cell, 0)
}

func TestWrongPolicy(t *testing.T) {
	opts := analysis.DefaultOptions(start.Add(7 * day))
	opts.Policies = []analysis.Policy{wrong{}}
	if _, err := analysis.Analyse(t.Context(), explored(rand.New(rand.NewPCG(13, 13)), 20, appeal), split(1, 1), opts); err == nil {
		t.Error("no error from a policy that tells of one movie of five")
	}
}

// However many movies are counted, the model of rewards is their mean: beyond 2^24 of a
// cell, too.
func TestRewardsAreMeansOfVeryMany(t *testing.T) {
	if got := analysis.MeanReward(1<<24, 1<<22); !near(got, 0.8) {
		t.Errorf("the mean of 2^24 movies that were watched and a quarter as many that were not is %v", got)
	}
}

// As many people as an interval wants are enough for one, however few.
func TestFewPeopleCountAsMany(t *testing.T) {
	opts := analysis.DefaultOptions(start.Add(7 * day))
	opts.Policies = []analysis.Policy{analysis.Greedy{}}
	w := explored(rand.New(rand.NewPCG(15, 15)), 2*analysis.MinPeople, appeal)
	for _, o := range analyse(t, w, split(1, 1), opts).Policies {
		if !o.IPS.Interval() || len(o.Warnings) > 0 {
			t.Errorf("%s: %+v, want an interval from %d people", o.Arm, o, analysis.MinPeople)
		}
	}
}

// Lists of which no propensity is known were not explored, as far as is known.
func TestUnknownPropensitiesAreNotExploration(t *testing.T) {
	opts := analysis.DefaultOptions(start.Add(7 * day))
	w := explored(rand.New(rand.NewPCG(16, 16)), 20, appeal)
	for i := range w.lists {
		for j := range w.lists[i].Movies {
			w.lists[i].Movies[j].Propensity = 0
		}
	}
	if notes := strings.Join(analyse(t, w, split(1, 1), opts).Notes, "; "); strings.Contains(notes, "explored") {
		t.Errorf("notes are %q, want none of exploration", notes)
	}
}
