package vec_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"marquee/embedder/vec"
)

// lengths are 0 to 70, and those about the vectors in use.
func lengths() []int {
	var ns []int
	for n := range 71 {
		ns = append(ns, n)
	}
	return append(ns, 127, 128, 129, 255, 256, 257, 383, 384, 385, 767, 768, 1000)
}

func wantDot(t *testing.T, a, b []float32, got float32) {
	t.Helper()
	var want, size float64
	for i, v := range a {
		want += float64(v) * float64(b[i])
		size += math.Abs(float64(v) * float64(b[i]))
	}
	if d := math.Abs(float64(got) - want); !(d <= 1e-6*size) {
		t.Errorf("%d values: got %v, want %v", len(a), got, want)
	}
}

// The values around the operands are NaN: a read of one too many shows.
func TestDotEveryLength(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 2))
		for _, n := range lengths() {
			a, b := between(random(r, n)), between(random(r, n))
			got := vec.Dot(a, b)
			wantDot(t, a, b, got)
			if back := vec.Dot(b, a); back != got {
				t.Errorf("%d values: %v one way, %v the other", n, got, back)
			}
		}
	})
}

// between returns x with NaN before and behind.
func between(x []float32) []float32 {
	nan := float32(math.NaN())
	all := slices.Repeat([]float32{nan}, len(x)+2)
	copy(all[1:], x)
	return all[1 : len(x)+1]
}

func TestDot4IsFourDots(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(3, 4))
		for _, n := range lengths() {
			q := between(random(r, n))
			var rows [4][]float32
			var got, want [4]float32
			for i := range rows {
				rows[i] = between(random(r, n))
				want[i] = vec.Dot(q, rows[i])
			}
			got[0], got[1], got[2], got[3] = vec.Dot4(q, rows[0], rows[1], rows[2], rows[3])
			if got != want {
				t.Errorf("%d values: Dot4 gives %v, Dot %v", n, got, want)
			}
		}
	})
}

func TestDotRowsAreDots(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(3, 4))
		for _, n := range lengths() {
			for count := range 10 {
				q, rows := between(random(r, n)), between(random(r, n*count))
				got := slices.Repeat([]float32{guard}, count+2)
				vec.DotRows(got[1:count+1], q, rows)
				want := []float32{guard}
				for i := range count {
					want = append(want, vec.Dot(q, rows[i*n:(i+1)*n]))
				}
				if want = append(want, guard); !slices.Equal(got, want) {
					t.Errorf("%d rows of %d: DotRows gives %v, Dot %v", count, n, got, want)
				}
			}
		}
	})
}

func TestDotPicksAreDots(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(5, 6))
		const held = 11
		for _, n := range lengths() {
			q, rows := between(random(r, n)), between(random(r, n*held))
			for count := range 14 {
				picks, want := make([]uint32, count), []float32{guard}
				for i := range picks {
					p := r.IntN(held)
					picks[i] = uint32(p)
					want = append(want, vec.Dot(q, rows[p*n:(p+1)*n]))
				}
				got := slices.Repeat([]float32{guard}, count+2)
				vec.DotPicks(got[1:count+1], q, rows, picks)
				if want = append(want, guard); !slices.Equal(got, want) {
					t.Errorf("rows %v of %d values: DotPicks gives %v, Dot %v", picks, n, got, want)
				}
			}
		}
	})
}

// Any values, not only those near 1: every path is near the sum in float64.
func TestDotProperty(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		rapid.Check(t, func(rt *rapid.T) {
			a := rapid.SliceOfN(rapid.Float32Range(-1e6, 1e6), 0, 200).Draw(rt, "a")
			b := rapid.SliceOfN(rapid.Float32Range(-1e-6, 1e-6), len(a), len(a)).Draw(rt, "b")
			var want, size float64
			for i, v := range a {
				want += float64(v) * float64(b[i])
				size += math.Abs(float64(v) * float64(b[i]))
			}
			if d := math.Abs(float64(vec.Dot(a, b)) - want); !(d <= 1e-6*size+1e-30) {
				rt.Errorf("got %v, want %v", vec.Dot(a, b), want)
			}
		})
	})
}

func TestAxpyEveryLength(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(5, 6))
		for _, n := range lengths() {
			x := between(random(r, n))
			before := random(r, n)
			all := slices.Repeat([]float32{guard}, n+2)
			y := all[1 : n+1]
			copy(y, before)
			vec.Axpy(-1.5, x, y)
			for i, v := range y {
				want := float64(before[i]) - 1.5*float64(x[i])
				if d := math.Abs(float64(v) - want); !(d <= 3e-7) {
					t.Errorf("%d values: y[%d] is %v, want %v", n, i, v, want)
				}
			}
			if all[0] != guard || all[n+1] != guard {
				t.Errorf("%d values: a value beside y was overwritten", n)
			}
		}
	})
}

// A value of y has the same bits wherever it stands.
func TestAxpyPlace(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		const n = 100
		x, y := slices.Repeat([]float32{0.1}, n), slices.Repeat([]float32{0.7}, n)
		vec.Axpy(0.3, x, y)
		for i, v := range y {
			if v != y[0] {
				t.Errorf("y[%d] is %v, y[0] %v", i, v, y[0])
			}
		}
	})
}

func TestDotI8EveryLength(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(7, 8))
		for _, n := range append(lengths(), vec.MaxI8) {
			for _, extreme := range []bool{false, true} {
				a, b := make([]uint8, n), make([]int8, n)
				var want int32
				for i := range a {
					a[i], b[i] = uint8(r.IntN(256)), int8(r.IntN(256)-128)
					if extreme { // what a 16-bit sum of two cannot hold
						a[i], b[i] = 255, -128
					}
					want += int32(a[i]) * int32(b[i])
				}
				if got := vec.DotI8(a, b); got != want {
					t.Errorf("%d values, extreme %v: got %d, want %d", n, extreme, got, want)
				}
			}
		}
	})
}

func TestDotI8RowsAreDotI8s(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(3, 4))
		for _, n := range lengths() {
			for count := range 10 {
				q, rows := make([]uint8, n), make([]int8, n*count)
				for i := range q {
					q[i] = uint8(r.IntN(256))
				}
				for i := range rows {
					rows[i] = int8(r.IntN(256) - 128)
				}
				got := slices.Repeat([]int32{-7}, count+2)
				vec.DotI8Rows(got[1:count+1], q, rows)
				want := []int32{-7}
				for i := range count {
					want = append(want, vec.DotI8(q, rows[i*n:(i+1)*n]))
				}
				if want = append(want, -7); !slices.Equal(got, want) {
					t.Errorf("%d rows of %d: DotI8Rows gives %v, DotI8 %v", count, n, got, want)
				}
			}
		}
	})
}

func TestNormalize(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	for _, c := range []struct {
		name string
		x    []float32
		norm float32
		unit bool // or left as it was
	}{
		{"3 4", []float32{3, -4}, 5, true},
		{"unit", []float32{0, 1, 0}, 1, true},
		{"none", nil, 0, false},
		{"zeros", []float32{0, 0, 0}, 0, false},
		{"squares vanish", []float32{3e-30, 4e-30}, 5e-30, true},
		{"subnormal", []float32{3e-42, 4e-42}, 5e-42, true},
		{"squares overflow", []float32{3e30, 4e30}, 5e30, true},
		{"greatest", []float32{math.MaxFloat32, 0}, math.MaxFloat32, true},
		{"nan", []float32{1, nan}, nan, false},
		{"infinity", []float32{1, -inf}, inf, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := slices.Clone(c.x)
			norm := vec.Normalize(x)
			if d := math.Abs(float64(norm-c.norm)) / math.Max(float64(c.norm), 1e-45); norm != c.norm && !(d < 1e-2) &&
				!(math.IsNaN(float64(c.norm)) && math.IsNaN(float64(norm))) {
				t.Errorf("length %v, want %v", norm, c.norm)
			}
			if length := math.Sqrt(float64(vec.Dot(x, x))); c.unit && math.Abs(length-1) > 1e-6 {
				t.Errorf("got %v, length %v, want 1", x, length)
			}
			if !c.unit && fmt.Sprint(x) != fmt.Sprint(c.x) {
				t.Errorf("got %v, want it left as %v", x, c.x)
			}
		})
	}
}

func TestAtLeast(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(9, 10))
		for _, n := range lengths() {
			x, floors := between(random(r, n)), between(random(r, n))
			for i := range x {
				switch r.IntN(8) {
				case 0:
					floors[i] = x[i] // equal reaches
				case 1:
					x[i] = float32(math.NaN())
				case 2:
					floors[i] = float32(math.Inf(-1))
				}
			}
			const floor = 0.25
			got, want := masks(n), masks(n)
			gotEach, wantEach := masks(n), masks(n)
			words := (n + 63) / 64
			clear(want[:words])
			clear(wantEach[:words])
			for i, v := range x {
				if v >= floor {
					want[i/64] |= 1 << (i % 64)
				}
				if v >= floors[i] {
					wantEach[i/64] |= 1 << (i % 64)
				}
			}
			vec.AtLeast(got, x, floor)
			vec.AtLeastEach(gotEach, x, floors)
			reached := 0
			for _, v := range x {
				if v >= floor {
					reached++
				}
			}
			if n := vec.Ones(got[:words]); n != reached {
				t.Errorf("%d values reach the floor, %d counted", reached, n)
			}
			if !slices.Equal(got, want) {
				t.Errorf("%d values: AtLeast gives %x, want %x", n, got, want)
			}
			if !slices.Equal(gotEach, wantEach) {
				t.Errorf("%d values: AtLeastEach gives %x, want %x", n, gotEach, wantEach)
			}
		}
	})
}

// masks returns the words for n values, and one to stay as it is, all set.
func masks(n int) []uint64 { return slices.Repeat([]uint64{math.MaxUint64}, (n+63)/64+1) }

func TestDotI8PicksAreDotI8s(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(5, 6))
		const held = 11
		for _, n := range lengths() {
			q, rows := make([]int8, n), make([]uint8, n*held)
			for i := range q {
				q[i] = int8(r.IntN(256) - 128)
			}
			for i := range rows {
				rows[i] = uint8(r.IntN(256))
			}
			for count := range 14 {
				picks, want := make([]uint32, count), []int32{-7}
				for i := range picks {
					p := r.IntN(held)
					picks[i] = uint32(p)
					want = append(want, vec.DotI8(rows[p*n:(p+1)*n], q))
				}
				got := slices.Repeat([]int32{-7}, count+2)
				vec.DotI8Picks(got[1:count+1], q, rows, picks)
				if want = append(want, -7); !slices.Equal(got, want) {
					t.Errorf("rows %v of %d values: DotI8Picks gives %v, DotI8 %v", picks, n, got, want)
				}
			}
		}
	})
}

func TestUnequalLengthsPanic(t *testing.T) {
	x, y := make([]float32, 4), make([]float32, 5)
	for name, f := range map[string]func(){
		"Dot":                func() { vec.Dot(x, y) },
		"Dot4":               func() { vec.Dot4(x, x, x, x, y) },
		"DotRows":            func() { vec.DotRows(x, x, x) },
		"DotPicks":           func() { vec.DotPicks(x[:2], x, make([]float32, 20), []uint32{1, 2, 3}) },
		"DotPicks outside":   func() { vec.DotPicks(x[:2], x, make([]float32, 19), []uint32{4, 1}) },
		"DotI8Rows":          func() { vec.DotI8Rows(make([]int32, 2), make([]uint8, 2), make([]int8, 3)) },
		"DotI8Picks":         func() { vec.DotI8Picks(make([]int32, 2), make([]int8, 2), make([]uint8, 4), make([]uint32, 1)) },
		"DotI8Picks outside": func() { vec.DotI8Picks(make([]int32, 2), make([]int8, 2), make([]uint8, 5), []uint32{2, 1}) },
		"Axpy":               func() { vec.Axpy(1, x, y) },
		"DotI8":              func() { vec.DotI8(make([]uint8, 3), make([]int8, 2)) },
		"DotI8 too long":     func() { vec.DotI8(make([]uint8, vec.MaxI8+1), make([]int8, vec.MaxI8+1)) },
		"AtLeast":            func() { vec.AtLeast(nil, x, 0) },
		"NarrowNth":          func() { vec.NarrowNth(nil, x, 1, 1, 1) },
		"AtLeastEach mask":   func() { vec.AtLeastEach(nil, x, x) },
		"AtLeastEach floors": func() { vec.AtLeastEach(make([]uint64, 1), x, y) },
	} {
		if !panics(f) {
			t.Errorf("%s: no panic", name)
		}
	}
}

func TestUse(t *testing.T) {
	paths := vec.Paths()
	best := paths[len(paths)-1]
	if vec.Path() != best {
		t.Errorf("path is %s, want the best of %v", vec.Path(), paths)
	}
	if paths[0] != "go" {
		t.Errorf("paths are %v, want go among them, first", paths)
	}
	defer use(t, best)
	for _, p := range paths {
		use(t, p)
		if vec.Path() != p {
			t.Errorf("path is %s after Use(%s)", vec.Path(), p)
		}
	}
	for _, p := range []string{"", "AVX2", "avx1024"} {
		if err := vec.Use(p); !errors.Is(err, vec.ErrPath) {
			t.Errorf("Use(%q): %v, want ErrPath", p, err)
		}
	}
	if vec.Path() != best {
		t.Errorf("path is %s after Use of an unknown name, want %s still", vec.Path(), best)
	}
}
