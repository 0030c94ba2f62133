package experiment_test

import (
	"fmt"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"

	"marquee/catalog"
	"marquee/recommender/experiment"
)

// chiSquareP returns the probability of counts at least as uneven as these if all cells
// are as likely.
func chiSquareP(counts []int) float64 {
	n := 0
	for _, c := range counts {
		n += c
	}
	want := float64(n) / float64(len(counts))
	x := 0.0
	for _, c := range counts {
		x += (float64(c) - want) * (float64(c) - want) / want
	}
	return distuv.ChiSquared{K: float64(len(counts) - 1)}.Survival(x)
}

// ids of the kinds that there are: numbers, MovieLens or a stream's; names; hex.
var idForms = []string{"%d", "user-%06d", "%016x"}

// Places are as likely as each other under any salt, for ids however alike, and a place
// under one salt tells nothing of that under another: of 40 tests none is far out, and
// the p-values are not all of one side.
func TestPlacesAreUniformAndIndependent(t *testing.T) {
	const people, cells = 20_000, 10
	var ps []float64
	for _, form := range idForms {
		for k := range 10 {
			a, b := fmt.Sprint("salt", k), fmt.Sprint("salt", k+1)
			one, both := make([]int, cells*cells), make([]int, cells*cells)
			for i := range people {
				u := catalog.UserID(fmt.Sprintf(form, i))
				p, q := experiment.Place(a, u), experiment.Place(b, u)
				if !(p >= 0 && p < 1) {
					t.Fatalf("place of %q is %v", u, p)
				}
				one[int(p*cells*cells)]++
				both[int(p*cells)*cells+int(q*cells)]++
			}
			ps = append(ps, chiSquareP(one), chiSquareP(both))
		}
	}
	low := 0
	for _, p := range ps {
		if p < 1e-4 || p > 1-1e-4 {
			t.Errorf("p = %v of %d tests, want none so far out", p, len(ps))
		}
		if p < 0.5 {
			low++
		}
	}
	if low < len(ps)/4 || low > 3*len(ps)/4 {
		t.Errorf("%d of %d p-values are below 0.5", low, len(ps))
	}
}

// Who is where must never change: people would change arms in a running experiment. The
// places are those of another program, written from the comment of Place.
func TestPlacesAreForEver(t *testing.T) {
	for _, c := range []struct {
		salt string
		user catalog.UserID
		want float64
	}{
		{"", "", 0},
		{"blend-or-als", "7", 0.013809458516917},
		{"blend-or-als", "heat+1995", 0.476025616834558},
		{"layer\x00default", "7", 0.470691196421068},
	} {
		if got := experiment.Place(c.salt, c.user); fmt.Sprintf("%.15f", got) != fmt.Sprintf("%.15f", c.want) {
			t.Errorf("place of %q under %q is %.15f, want %.15f", c.user, c.salt, got, c.want)
		}
	}
}
