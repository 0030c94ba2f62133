package eval

import (
	"context"
	"math"
	"slices"

	"golang.org/x/sync/errgroup"
)

// A figure is one number that a sheet gives for each model: the sum of one
// column over the sum of another. So means over people, over ratings and over
// places are all one thing, and one bootstrap serves them.
type figure struct {
	name string
	over int  // column that is summed
	by   int  // column that it is divided by; perPerson to divide by the number of people
	root bool // take the square root
	less bool // the smaller the better
}

// perPerson stands for a column of ones.
const perPerson = -1

// of returns f, given the means of all columns; NaN if there is nothing to divide by.
func (f figure) of(means []float64) float64 {
	x := means[f.over]
	if f.by != perPerson {
		if means[f.by] == 0 {
			return math.NaN()
		}
		x /= means[f.by]
	}
	if f.root {
		return math.Sqrt(x)
	}
	return x
}

// better reports whether a is better than b; false if either is NaN.
func (f figure) better(a, b float64) bool {
	if f.less {
		return a < b
	}
	return a > b
}

// A sheet is what was measured of each person: [rows x models x width] numbers,
// and the figures that are made of them.
type sheet struct {
	row           []int  // by place in run.people: row of the sheet, -1 without one
	has           []bool // by model: whether it was measured
	rows          int
	models, width int
	values        []float64
	figures       []figure
	draws         *draws // once resampled; nil if there can be no intervals
}

// newSheet makes a sheet for the models that have it, with a row for each of n
// places that belongs.
func newSheet(n int, has []bool, width int, figures []figure, belongs func(place int) bool) *sheet {
	s := &sheet{row: make([]int, n), has: has, models: len(has), width: width, figures: figures}
	for i := range s.row {
		s.row[i] = -1
		if belongs(i) {
			s.row[i] = s.rows
			s.rows++
		}
	}
	s.values = make([]float64, s.rows*s.models*width)
	return s
}

// at returns the numbers of a row for a model, [width].
func (s *sheet) at(row, model int) []float64 {
	from := (row*s.models + model) * s.width
	return s.values[from : from+s.width : from+s.width]
}

// means returns the mean of each column for a model, NaN without rows.
func (s *sheet) means(model int) []float64 {
	out := make([]float64, s.width)
	for row := range s.rows {
		for i, x := range s.at(row, model) {
			out[i] += x
		}
	}
	for i := range out {
		out[i] /= float64(s.rows)
	}
	return out
}

// cut returns a sheet of the people at places, those who have a row, with no more
// columns than figures need.
func (s *sheet) cut(places []int, figures []figure) *sheet {
	out := &sheet{has: s.has, models: s.models}
	var columns []int
	keep := func(column int) int {
		if column == perPerson {
			return perPerson
		}
		at := slices.Index(columns, column)
		if at < 0 {
			at = len(columns)
			columns = append(columns, column)
		}
		return at
	}
	for _, f := range figures {
		f.over, f.by = keep(f.over), keep(f.by)
		out.figures = append(out.figures, f)
	}
	out.width = len(columns)
	for _, place := range places {
		row := s.row[place]
		if row < 0 {
			continue
		}
		out.rows++
		for model := range s.models {
			values := s.at(row, model)
			for _, column := range columns {
				out.values = append(out.values, values[column])
			}
		}
	}
	return out
}

// draws are the means of every column of a sheet in every resample of its rows,
// [resamples x models x width].
type draws struct {
	resamples, width int // width of all models
	means            []float64
}

// resample draws the people anew, the same ones for a seed and number of rows.
func (s *sheet) resample(ctx context.Context, cfg Config) error {
	if s.rows < 2 || cfg.Resamples == 0 {
		return nil
	}
	d := &draws{resamples: cfg.Resamples, width: s.models * s.width}
	d.means = make([]float64, d.resamples*d.width)
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(cfg.Workers)
	for b := range d.resamples {
		g.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			resampleMeans(d.means[b*d.width:(b+1)*d.width], s.values, s.rows, cfg.Seed, b)
			return nil
		})
	}
	s.draws = d
	return g.Wait()
}

// replicates returns a figure of a model in every resample.
func (s *sheet) replicates(f figure, model int) []float64 {
	d := s.draws
	out := make([]float64, d.resamples)
	for b := range out {
		from := b*d.width + model*s.width
		out[b] = f.of(d.means[from : from+s.width])
	}
	return out
}

// estimates adds all figures of a model to out, by name. Those that have nothing
// to divide by are left out, but for means over people: those are NaN.
func (s *sheet) estimates(model int, out map[string]Estimate) {
	if !s.has[model] {
		return
	}
	means := s.means(model)
	for _, f := range s.figures {
		e := exact(f.of(means))
		if math.IsNaN(e.Value) && f.by != perPerson {
			continue
		}
		if s.draws != nil {
			e.Low, e.High = ends(s.replicates(f, model))
		}
		out[f.name] = e
	}
}

// difference returns model a minus model b on the same people, but for P.
func (s *sheet) difference(f figure, a, b int) Difference {
	out := noDifference()
	out.Estimate = exact(f.of(s.means(a)) - f.of(s.means(b)))
	better, worse := 0, 0
	for row := range s.rows {
		mine, theirs := f.of(s.at(row, a)), f.of(s.at(row, b))
		switch {
		case f.better(mine, theirs):
			better++
		case f.better(theirs, mine):
			worse++
		}
	}
	out.Helped, out.Hurt = float64(better)/float64(s.rows), float64(worse)/float64(s.rows)
	if s.draws != nil {
		gaps, theirs := s.replicates(f, a), s.replicates(f, b)
		for i := range gaps {
			gaps[i] -= theirs[i]
		}
		out.Low, out.High = ends(gaps)
	}
	return out
}
