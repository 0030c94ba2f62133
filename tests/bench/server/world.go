package server

import (
	"bufio"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// A world is what the server serves: movies and people that are invented, with tastes in
// them, so that models have something to learn and lists differ.
type world struct {
	movies, people int
	watched        int // by each person
}

const tastes = 40

var words = strings.Fields(`anchor badger canyon dagger ember falcon glacier harbour island jungle kernel lantern meadow nectar orchid pepper
quarry raven saddle temple umbrella valley willow yonder zephyr archive balcony cellar dungeon engine furnace garden hammer icicle jacket kettle ladder
mirror needle oracle`)

// write writes movies and ratings to dir.
func (w world) write(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	rng := rand.New(rand.NewPCG(1, 2))
	err := lines(filepath.Join(dir, "movies.jsonl"), func(out *bufio.Writer) {
		for i := range w.movies {
			a := words[i%tastes]
			fmt.Fprintf(out, `{"id":"m%d","title":"The %s of %d","year":%d,"genres":["%s"],"overview":"A %s and a %s meet by the %s; there is a %s."}`+"\n",
				i, a, i, 1930+rng.IntN(95), a, a, words[rng.IntN(len(words))], a, words[rng.IntN(len(words))])
		}
	})
	if err != nil {
		return err
	}
	return lines(filepath.Join(dir, "ratings.csv"), func(out *bufio.Writer) {
		fmt.Fprintln(out, "user,movie,rating,at")
		began := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
		for u := range w.people {
			seen := map[int]bool{}
			for k := 0; k < w.watched; k++ {
				m := w.pick(rng, u%tastes)
				if seen[m] {
					continue
				}
				seen[m] = true
				fmt.Fprintf(out, "%d,m%d,%d,%s\n", u, m, 1+rng.IntN(5), began.Add(time.Duration(k)*time.Hour+time.Duration(rng.IntN(3600))*time.Second).Format(time.RFC3339))
			}
		}
	})
}

// pick draws a movie: mostly of the person's taste, few of them often.
func (w world) pick(rng *rand.Rand, taste int) int {
	rank := int(math.Pow(rng.Float64(), 3) * float64(w.movies/tastes))
	if rng.IntN(4) == 0 {
		taste = rng.IntN(tastes)
	}
	return min(rank*tastes+taste, w.movies-1)
}

func lines(path string, fill func(*bufio.Writer)) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(f)
	fill(out)
	if err := out.Flush(); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

// build makes a home with the world's store and a bundle that blends every model.
func (w world) build(ctx context.Context, marquee, dir string) (home string, err error) {
	home = filepath.Join(dir, "home")
	if _, err := os.Stat(filepath.Join(home, "bundles")); err == nil {
		return home, nil // of an earlier run
	}
	if err := w.write(filepath.Join(dir, "facts")); err != nil {
		return "", err
	}
	for _, args := range append(w.facts(dir), w.buildArgs()) {
		c := exec.CommandContext(ctx, marquee, append([]string{"--home", home, "--quiet"}, args...)...)
		began := time.Now()
		if out, err := c.CombinedOutput(); err != nil {
			return "", fmt.Errorf("marquee %s: %w: %s", strings.Join(args, " "), err, out)
		}
		fmt.Printf("  %-13s %.0f s\n", strings.Join(args[:min(2, len(args))], " "), time.Since(began).Seconds())
	}
	return home, nil
}

// buildArgs returns the command that trains every model of the default blend, with fewer
// rounds than in earnest: rounds change weights, and not what an answer takes.
func (w world) buildArgs() []string {
	return []string{"build", "--embedder", "lsa", "--lsa-rank", "64", "--no-evaluate",
		"--models", "als,ease,itemknn,userknn,neural,svd,svdpp,rating,content,popular,blend", "--arm", "blend",
		"--set", "als.sweeps=2", "--set", "ease.movies=2000", "--set", "neural.epochs=1", "--set", "svd.epochs=1", "--set", "svdpp.epochs=1", "--set", "rating.sweeps=1",
		"--set", "blend.parts=als,ease,itemknn,userknn,neural,svd,svdpp,rating,content,popular", "--set", "blend.weights=2,2,1,1,2,0.2,0.2,0.2,0.5,1"}
}

// facts returns the commands that bring the world into a store.
func (w world) facts(dir string) [][]string {
	return [][]string{
		{"import", "jsonl", filepath.Join(dir, "facts", "movies.jsonl")},
		{"import", "csv", filepath.Join(dir, "facts", "ratings.csv"), "--kind", "ratings"},
	}
}
