package vec_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"marquee/embedder/vec"
)

// distinct draws rows below n, in any order, each once; of some lengths none, of others
// more than a vector's.
func distinct(t *rapid.T, n int) []uint32 {
	order := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "order"), 1)).Perm(n)
	rows := make([]uint32, rapid.IntRange(0, min(n, 70)).Draw(t, "rows"))
	for i := range rows {
		rows[i] = uint32(order[i])
	}
	return rows
}

func floats(t *rapid.T, name string, n int, low, high float32) []float32 {
	return rapid.SliceOfN(rapid.Float32Range(low, high), n, n).Draw(t, name)
}

func near(t *rapid.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Fatalf("%s is %v, want %v", what, got, want)
	}
}

// sameTally checks t against the points that it was told of.
func sameTally(t *rapid.T, tally *vec.Tally, points []float32) {
	t.Helper()
	sum, squares := 0.0, 0.0
	for _, p := range points {
		sum, squares = sum+float64(p), squares+float64(p)*float64(p)
	}
	near(t, "sum", tally.Sum(), sum, 1e-3)
	near(t, "sum of squares", tally.Squares(), squares, 1e-3*(1+squares))
}

// AddAt adds the values down to the floor and nothing else, tells the tally, and goes by
// rows of both widths alike.
func TestAddAt(t *testing.T) {
	onPaths(t, func(t *testing.T) {
		rapid.Check(t, func(r *rapid.T) {
			n := rapid.SampledFrom([]int{1, 16, 100, 5000}).Draw(r, "points")
			points, check := guarded(n)
			narrow := make([]float32, n)
			clear(points)
			want := make([]float64, n)
			var wide, thin vec.Tally
			for range rapid.IntRange(1, 4).Draw(r, "lists") {
				rows := distinct(r, n)
				values := floats(r, "values", len(rows), -3, 5)
				times, floor := rapid.Float32Range(-2, 3).Draw(r, "times"), float32(math.Inf(-1))
				if rapid.Bool().Draw(r, "floor") {
					slices.SortFunc(values, func(a, b float32) int { return int(math.Copysign(1, float64(b-a))) })
					floor = rapid.Float32Range(-4, 6).Draw(r, "floor")
				}
				taken := 0
				for taken < len(rows) && values[taken] >= floor {
					want[rows[taken]] += float64(times) * float64(values[taken])
					taken++
				}
				thinRows := make([]uint16, len(rows))
				for i, row := range rows {
					thinRows[i] = uint16(row)
				}
				if a, b := vec.AddAt(&wide, points, rows, values, times, floor), vec.AddAt(&thin, narrow, thinRows, values, times, floor); a != taken || b != taken {
					r.Fatalf("%d and %d values taken, want %d", a, b, taken)
				}
			}
			check(t)
			for i, w := range want {
				near(r, fmt.Sprint("point ", i), float64(points[i]), w, 1e-4)
			}
			if !slices.Equal(points, narrow) || wide != thin {
				r.Fatal("rows of 16 bits and of 32 give different points")
			}
			sameTally(r, &wide, points)
		})
	})
}

// Values that do not descend end at the first below the floor all the same.
func TestAddAtEnds(t *testing.T) {
	onPaths(t, func(t *testing.T) {
		for at := range 40 {
			rows, values, points := make([]uint32, 40), make([]float32, 40), make([]float32, 40)
			for i := range rows {
				rows[i], values[i] = uint32(i), 1
			}
			values[at] = 0.5
			var tally vec.Tally
			if got := vec.AddAt(&tally, points, rows, values, 2, 0.75); got != at || tally.Sum() != float64(2*at) || slices.Contains(points[at:], 2) {
				t.Fatalf("%d values taken, sum %v, of %d", got, tally.Sum(), at)
			}
		}
	})
}

func TestAddCodedAt(t *testing.T) {
	onPaths(t, func(t *testing.T) {
		rapid.Check(t, func(r *rapid.T) {
			points, check := guarded(300)
			clear(points)
			values := [vec.Codes]float32(floats(r, "values", vec.Codes, -1, 2))
			want := make([]float64, len(points))
			var tally vec.Tally
			for range rapid.IntRange(1, 4).Draw(r, "lists") {
				rows := distinct(r, len(points))
				codes := rapid.SliceOfN(rapid.Byte(), len(rows), len(rows)).Draw(r, "codes")
				times := rapid.Float32Range(-2, 3).Draw(r, "times")
				for i, row := range rows {
					want[row] += float64(times) * float64(values[codes[i]%vec.Codes])
				}
				vec.AddCodedAt(&tally, points, rows, codes, &values, times)
			}
			check(t)
			for i, w := range want {
				near(r, fmt.Sprint("point ", i), float64(points[i]), w, 1e-4)
			}
			sameTally(r, &tally, points)
		})
	})
}

// What was met is told once, and TakeAt gives its sums by counts and leaves zeros.
func TestMeetAt(t *testing.T) {
	onPaths(t, func(t *testing.T) {
		rapid.Check(t, func(r *rapid.T) {
			const people = 400
			words, sums, counts := make([]vec.Word, people), make([]float64, people), make([]int, people)
			var touched []uint32
			lists := rapid.IntRange(0, vec.MostMeetings).Draw(r, "lists")
			for range lists {
				rows := distinct(r, people)
				values := floats(r, "values", len(rows), 0, 1)
				times := rapid.Float32Range(0, 1/float32(lists)).Draw(r, "times")
				for i, row := range rows {
					sums[row] += float64(times) * float64(values[i])
					counts[row]++
				}
				at := len(touched)
				touched = slices.Grow(touched, vec.MeetRoom(len(rows)))[:at+vec.MeetRoom(len(rows))]
				touched = touched[:at+vec.MeetAt(words, rows, values, touched[at:], times)]
			}
			var factors [vec.MostMeetings + 1]float32
			for i := range factors {
				factors[i] = float32(i)
			}
			values := make([]float32, len(touched))
			most := vec.TakeAt(words, touched, values, &factors)
			for i, row := range touched {
				near(r, fmt.Sprint("value of ", row), float64(values[i]), sums[row]*float64(counts[row]), 1e-6*float64(counts[row]))
				counts[row] = 0
			}
			for row, n := range counts {
				if n != 0 || words[row] != 0 {
					r.Fatalf("%d was met %d times more than it was told, its word is %d", row, n, words[row])
				}
			}
			if len(values) > 0 && most != slices.Max(values) || len(values) == 0 && most != 0 {
				r.Fatalf("the largest of %v is %v", values, most)
			}
		})
	})
}

// Rows beyond the points, and lengths that do not fit, are faults of the program.
func TestScatterRefuses(t *testing.T) {
	onPaths(t, func(t *testing.T) {
		var tally vec.Tally
		var codes [vec.Codes]float32
		var factors [vec.MostMeetings + 1]float32
		for i := range 20 {
			rows, values, some := make([]uint32, 20), make([]float32, 20), make([]uint16, 20)
			for j := range rows {
				rows[j], some[j] = uint32(j), uint16(j)
			}
			rows[i], some[i] = 20+uint32(i)<<24, 20+uint16(i)<<8
			for name, f := range map[string]func(){
				"AddAt":                     func() { vec.AddAt(&tally, values, rows, values, 1, -1) },
				"AddAt of 16 bits":          func() { vec.AddAt(&tally, values, some, values, 1, -1) },
				"AddCodedAt":                func() { vec.AddCodedAt(&tally, values, rows, make([]uint8, 20), &codes, 1) },
				"MeetAt":                    func() { vec.MeetAt(make([]vec.Word, 20), rows, values, make([]uint32, 50), 1) },
				"TakeAt":                    func() { vec.TakeAt(make([]vec.Word, 20), rows, values, &factors) },
				"AddAt of no points":        func() { vec.AddAt(&tally, nil, rows, values, 1, -1) },
				"AddAt of fewer values":     func() { vec.AddAt(&tally, values, rows, values[:19], 1, -1) },
				"AddCodedAt of fewer codes": func() { vec.AddCodedAt(&tally, values, rows, make([]uint8, 19), &codes, 1) },
				"MeetAt without room":       func() { vec.MeetAt(make([]vec.Word, 20), rows[:0], values[:0], make([]uint32, 15), 1) },
				"TakeAt of fewer values":    func() { vec.TakeAt(make([]vec.Word, 20), rows[:0], values, &factors) },
			} {
				if !panics(f) {
					t.Fatalf("%s took row %d of 20", name, rows[i])
				}
			}
		}
	})
}

// What is refused is named, wherever among sixteen it stands.
func TestScatterNamesTheRow(t *testing.T) {
	onPaths(t, func(t *testing.T) {
		for i := range 40 {
			rows, values := make([]uint32, 40), make([]float32, 40)
			for j := range rows {
				rows[j] = uint32(j)
			}
			rows[i] = 98_765
			func() {
				defer func() {
					if text := fmt.Sprint(recover()); !strings.Contains(text, "98765") {
						t.Errorf("row 98765 at %d: %s", i, text)
					}
				}()
				vec.AddAt(new(vec.Tally), values, rows, values, 1, -1)
			}()
		}
	})
}

// BenchmarkAddAt: lists of 20, 300 and 3,000 rows of 27,000 points, and of 10,000, by each
// path; "go" is the plain loop.
func BenchmarkAddAt(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	defer vec.Use(vec.Path())
	for _, size := range [][2]int{{27_000, 20}, {27_000, 300}, {10_000, 300}, {27_000, 3000}} {
		const lists = 16
		points, rows, values := make([]float32, size[0]), make([][]uint32, lists), make([]float32, size[1])
		narrow, codes, table := make([][]uint16, lists), make([]uint8, size[1]), [vec.Codes]float32{}
		for i := range rows {
			for _, row := range rng.Perm(size[0])[:size[1]] {
				rows[i], narrow[i] = append(rows[i], uint32(row)), append(narrow[i], uint16(row))
			}
		}
		var tally vec.Tally
		words, touched := make([]vec.Word, size[0]), make([]uint32, vec.MeetRoom(size[1]))
		for _, kernel := range []struct {
			name string
			call func(i int)
		}{
			{"AddAt/bits=32", func(i int) { vec.AddAt(&tally, points, rows[i], values, 1, -1) }},
			{"AddAt/bits=16", func(i int) { vec.AddAt(&tally, points, narrow[i], values, 1, -1) }},
			{"AddCodedAt", func(i int) { vec.AddCodedAt(&tally, points, rows[i], codes, &table, 1) }},
			{"MeetAt", func(i int) { vec.MeetAt(words, rows[i], values, touched, 1) }},
		} {
			for _, path := range []string{"go", vec.Paths()[len(vec.Paths())-1]} {
				b.Run(fmt.Sprintf("%s/points=%d/rows=%d/path=%s", kernel.name, size[0], size[1], path), func(b *testing.B) {
					if err := vec.Use(path); err != nil {
						b.Fatal(err)
					}
					for i := 0; b.Loop(); i++ {
						kernel.call(i % lists)
					}
					b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(size[1]), "ns/row")
				})
			}
		}
	}
}

// Fetch changes nothing, wherever a slice begins and ends.
func TestFetch(t *testing.T) {
	onPaths(t, func(t *testing.T) {
		x := make([]uint8, 1000)
		for from := range 130 {
			for _, to := range []int{from, from + 1, from + 200, len(x)} {
				vec.Fetch(x[from:to])
			}
		}
		vec.Fetch[float32](nil)
		if slices.Max(x) != 0 {
			t.Fatal("values changed")
		}
	})
}
