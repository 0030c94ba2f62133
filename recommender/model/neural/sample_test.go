package neural

import (
	"math"
	"testing"

	"marquee/catalog"
	"marquee/recommender/model"
)

func oneHistory(n int) *model.Data {
	d := &model.Data{Scale: catalog.Scale5, Starts: []int64{0, int64(n)}, Users: make([]catalog.User, 1), Movies: make([]catalog.Movie, n)}
	for i := range n {
		d.Seen = append(d.Seen, model.Seen{Movie: uint32(i), At: int64(n - i), Rated: true, Rating: float32(1 + i%5)})
	}
	return d
}

// TestSampleAhead: what is to be found is newer than all that is shown, without a
// gap, and every time of the history is asked for.
func TestSampleAhead(t *testing.T) {
	c := DefaultConfig()
	c.Ahead, c.Dropout = 1, 0.3
	const n = 40
	s, out, from := sampler{d: oneHistory(n), c: c}, sample{}, map[uint32]int{}
	for epoch := range 2000 {
		s.sample(epoch, 0, &out)
		first := out.hidden[0].movie
		from[first]++
		left := n - int(first)
		if len(out.hidden)+len(out.shown) != left || len(out.watched) != n || len(out.hidden) > 1+int(0.3*float64(left)) {
			t.Fatalf("%d to find and %d shown of the %d from movie %d on", len(out.hidden), len(out.shown), left, first)
		}
		for i, e := range append(append([]cell{}, out.hidden...), out.shown...) {
			if e.movie != first+uint32(i) {
				t.Fatalf("movie %d at place %d after %d: not in the order of time", e.movie, i, first)
			}
		}
	}
	if len(from) != n {
		t.Errorf("%d times of the history were asked for, want all %d", len(from), n)
	}
}

// TestSampleAtRandom: every movie is hidden as often as is asked for, and weights
// are what their settings say.
func TestSampleAtRandom(t *testing.T) {
	c := DefaultConfig()
	c.Ahead, c.Dropout, c.Recency, c.InputRating, c.TargetRating, c.PersonPower = 0, 0.3, 0.5, 0.5, 1, 0.5
	const n, draws = 20, 3000
	s, out, hidden := sampler{d: oneHistory(n), c: c}, sample{}, [n]int{}
	for epoch := range draws {
		s.sample(epoch, 0, &out)
		var square, sum float64
		for place, e := range out.shown {
			square += float64(e.weight) * float64(e.weight)
			liked := float64(e.movie%5) - 2
			want := (1 + 0.25*liked) / math.Sqrt(float64(place+1)) / ((1 + 0.25*(float64(out.shown[0].movie%5)-2)) / float64(out.shown[0].weight))
			if math.Abs(float64(e.weight)-want) > 1e-5 {
				t.Fatalf("movie %d at place %d counts %v, want %v", e.movie, place, e.weight, want)
			}
		}
		for _, e := range out.hidden {
			hidden[e.movie]++
			sum += float64(e.weight)
		}
		if len(out.shown) > 0 && math.Abs(square-1) > 1e-5 || out.weight > 0 && math.Abs(sum-1) > 1e-5 {
			t.Fatalf("what is shown has length %v, what is hidden sums up to %v; want one each", math.Sqrt(square), sum)
		}
		if want := math.Sqrt(float64(len(out.hidden))); out.weight > 0 && math.Abs(float64(out.weight)-want) > 1e-5 {
			t.Fatalf("the person counts %v for %d movies, want %v", out.weight, len(out.hidden), want)
		}
	}
	for m, k := range hidden {
		if math.Abs(float64(k)/draws-0.3) > 0.05 {
			t.Errorf("movie %d was hidden in %d of %d", m, k, draws)
		}
	}
}

// TestGuess recovers weights that do follow from vectors.
func TestGuess(t *testing.T) {
	const movies, width, dims = 400, 6, 5
	w, samples := newWeights(movies, width), make([]float32, (2*width+1)*dims)
	for i := range samples {
		samples[i] = float32(math.Sin(float64(3*i + 1)))
	}
	d := &model.Data{Dims: dims, Movies: make([]catalog.Movie, movies), Vectors: make([]float32, movies*dims)}
	watchers := make([]uint32, movies)
	for m := range movies {
		v := d.Vector(uint32(m))
		var norm float64
		for j := range v {
			v[j] = float32(math.Cos(float64(7*m*(j+1) + j)))
			norm += float64(v[j]) * float64(v[j])
		}
		for j := range v {
			v[j] /= float32(math.Sqrt(norm))
		}
		watchers[m] = 1000
		for k := range 2*width + 1 {
			var sum float32 = 0.5
			for j := range v {
				sum += samples[k*dims+j] * v[j]
			}
			switch {
			case k < width:
				w.inRow(uint32(m))[k] = sum
			case k < 2*width:
				w.outRow(uint32(m))[k-width] = sum
			default:
				w.bias[m] = sum
			}
		}
	}
	g, err := learn(d, w, watchers)
	if err != nil {
		t.Fatal(err)
	}
	got := newWeights(movies, width)
	g.fill(got, 0, d.Vectors)
	for name, pair := range map[string][2][]float32{"in": {w.in, got.in}, "out": {w.out, got.out}, "bias": {w.bias, got.bias}} {
		for i := range pair[0] {
			if math.Abs(float64(pair[0][i]-pair[1][i])) > 0.15 {
				t.Fatalf("%s %d is guessed as %v, want %v", name, i, pair[1][i], pair[0][i])
			}
		}
	}
}
