package linear

import (
	"runtime"
	"sync"
	"sync/atomic"

	"marquee/embedder/vec"
	"marquee/recommender/model"
	"marquee/recommender/model/pages"
)

// A Table is what a model that is asked reads of its movies: their rows, as bytes along
// the axes that hold most of their spread, and their biases beside them, so that a movie
// is one to two lines of memory. Scores of it are near to those of the rows that it was
// made of: see [vec.Packed]. Beside a matrix of float32 it takes a third as much memory again.
type Table struct {
	Dims int

	axes  []float32 // [Dims x Dims], an axis a row; nil if rows lie as they came
	mean  []float32 // [PackedBytes(Dims)], of rows, along the axes; zeros behind
	rows  vec.Packed
	stats *Statistics // of the rows that were there at first; nil if none were asked for
}

// Plain returns a table of rows, [? x dims], as they lie, without biases. It serves to
// add rows up.
func Plain(rows []float32, dims int) *Table {
	t := &Table{Dims: dims, mean: make([]float32, vec.PackedBytes(dims))}
	t.append(vec.NewPacked(nil, dims), rows, nil)
	return t
}

// Plain is [Plain] of rows along the axes of t.
func (t *Table) Plain(rows []float32) *Table {
	x := &Table{Dims: t.Dims, axes: t.axes, mean: make([]float32, len(t.mean))}
	x.append(vec.NewPacked(nil, t.Dims), rows, nil)
	return x
}

// Turned returns a table of rows, [len(biases) x dims], along their own axes. A movie
// whose bias is NaN has no score, and does not count for its moments. It takes dims
// operations a value of rows twice, and those of an eigenvalue problem of dims.
func Turned(rows []float32, dims int, biases []float32) *Table {
	stats := Measure(rows, dims, biases)
	axes, values := Axes(stats.spread, dims)
	return newTable(rows, biases, axes, stats.turn(axes, values))
}

// Along is [Turned] with axes, [dims x dims] and orthonormal, an axis a row, those of
// most spread first; nil leaves rows as they lie.
func Along(rows []float32, dims int, biases, axes []float32) *Table {
	return newTable(rows, biases, axes, Measure(rows, dims, biases).turn(axes, nil))
}

func newTable(rows, biases, axes []float32, stats *Statistics) *Table {
	dims := len(stats.mean)
	t := &Table{Dims: dims, axes: axes, mean: make([]float32, vec.PackedBytes(dims)), stats: stats}
	copy(t.mean, stats.mean)
	t.append(vec.NewPacked(nil, dims), rows, biases)
	return t
}

// Extend returns a table with rows, and biases if t has any, behind those of t. Moments
// stay those of the rows that t began with.
func (t *Table) Extend(rows, biases []float32) *Table {
	x := *t
	x.append(t.rows, rows, biases)
	return &x
}

// packBlock is how many rows are packed at a time.
const packBlock = 512

// append makes t's rows a copy of before, with rows behind, on all processors.
func (t *Table) append(before vec.Packed, rows, biases []float32) {
	n, old := len(rows)/t.Dims, before.Len()
	memory := pages.Make[uint8]((old + n) * vec.PackedBytes(t.Dims))
	copy(memory, before.Bytes())
	t.rows = vec.NewPacked(memory, t.Dims)
	var panels []float32
	if t.axes != nil {
		panels = vec.PackPanels(t.axes, t.Dims, t.Dims)
	}
	var next atomic.Int64
	var wait sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), (n+packBlock-1)/packBlock) {
		wait.Go(func() {
			scratch := make([]float32, packBlock*t.Dims)
			for {
				from := int(next.Add(packBlock)) - packBlock
				if from >= n {
					return
				}
				to := min(n, from+packBlock)
				t.pack(scratch, rows[from*t.Dims:to*t.Dims], biases, from, old, panels)
			}
		})
	}
	wait.Wait()
}

// pack packs rows, of the movies from from on of those behind old.
func (t *Table) pack(scratch, rows, biases []float32, from, old int, panels []float32) {
	d := t.Dims
	scratch = scratch[:len(rows)]
	if panels != nil {
		vec.MulPanels(scratch, d, rows, d, panels, nil, len(rows)/d, d, d)
	} else {
		copy(scratch, rows)
	}
	for i := range len(rows) / d {
		row, bias := scratch[i*d:(i+1)*d], float32(0)
		if biases != nil {
			bias = biases[from+i]
		}
		vec.Axpy(-1, t.mean[:d], row)
		t.rows.Set(old+from+i, row, bias)
	}
}

// Len returns the number of rows.
func (t *Table) Len() int { return t.rows.Len() }

// Turn writes x, [Dims], along the axes to out. out overlaps not x.
func (t *Table) Turn(out, x []float32) {
	if t.axes == nil {
		copy(out, x)
		return
	}
	vec.DotRows(out, x, t.axes)
}

// Bias returns the bias of a movie.
func (t *Table) Bias(movie uint32) float32 { return t.rows.Bias(movie) }

// Add adds rows of t that lie as they came ([Plain]), each times its weight, to the
// first Dims values of sum. sum has room for [Table.Room]; what is behind them is
// scratch.
func (t *Table) Add(sum []float32, movies []uint32, weights []float32) {
	t.rows.Add(sum, movies, weights)
}

// Room returns how many values [Table.Add] wants.
func (t *Table) Room() int { return len(t.mean) }

// one is the weight of a row that is read.
var one = []float32{1}

// Read returns rows along the axes, [len(movies) x Dims], in the memory of to if there
// is enough.
func (t *Table) Read(to []float32, movies []uint32) []float32 {
	room := len(t.mean) // a row is written with what lies behind it, which the next one covers
	if need := len(movies)*t.Dims + room; cap(to) < need {
		to = make([]float32, need+need/2)
	}
	to = to[:cap(to)]
	for i := range movies {
		row := to[i*t.Dims:][:room]
		copy(row, t.mean)
		t.rows.Add(row, movies[i:i+1], one)
	}
	return to[:len(movies)*t.Dims]
}

// A Person is who a table is asked for. It is used by one goroutine at a time.
type Person struct {
	table   *Table
	query   vec.PackedQuery
	x       []float32 // [Dims], times unit
	shift   float64
	scratch []float32
}

// Make makes p the person of the numbers x, [Dims], along the axes: the score of a
// movie is unit*(x·row) + bias + shift.
func (p *Person) Make(t *Table, x []float32, unit, shift float64) {
	p.table, p.shift = t, shift
	if len(p.x) != t.Dims {
		p.x, p.scratch = make([]float32, t.Dims), make([]float32, t.Dims)
	}
	clear(p.x)
	vec.Axpy(float32(unit), x, p.x)
	t.rows.Query(&p.query, p.x)
}

// ScoreRows writes the scores of movies to scores, [len(movies)]: NaN for those whose
// bias is.
func (p *Person) ScoreRows(movies []uint32, scores []float32) {
	t := p.table
	t.rows.Dots(scores, &p.query, movies, float32(p.shift+float64(vec.Dot(p.x, t.mean[:t.Dims]))))
}

// Moments are those of all scores, exactly but for rounding: of rows that were not
// packed.
func (p *Person) Moments() model.Moments { return p.table.stats.Of(p.x, p.shift, p.scratch) }
