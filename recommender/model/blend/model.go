package blend

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"sync"

	"marquee/catalog"
	"marquee/embedder/vec"
	"marquee/recommender/column"
	"marquee/recommender/model"
)

// A Model is a weighted mean of its parts.
type Model struct {
	names   []string
	weights []float32 // of each part, 0 or more, adding up to 1
	tail    float32   // what a movie gains for each unit of rarity
	parts   []model.Model
	askers  []model.Asker // parts; nil of one that is none
	rare    []float32     // row -> rarity
	trained int           // rows that were there when the parts were trained; the rest came later
	told    []string      // see Parts
	watched []bool        // row -> somebody watched it
	scale   catalog.Scale
	boards  sync.Pool // of *board
	asked   sync.Pool // of *asked
}

// New returns the blend of parts, which score the movies that people of histories
// watched. Weights are 0 or more, one above 0; tail, 0 or more, is what a movie
// gains for being little watched.
func New(names []string, weights []float64, tail float64, parts []model.Model, histories model.Histories) (*Model, error) {
	if len(names) == 0 || len(names) > maxParts || len(weights) != len(names) || len(parts) != len(names) {
		return nil, fmt.Errorf("%d names, %d weights and %d parts, want as many of each, 1 to %d: %w", len(names), len(weights), len(parts), maxParts, catalog.ErrInvalid)
	}
	if !(tail >= 0 && tail <= maxTail) {
		return nil, fmt.Errorf("tail is %v, want 0 to %d: %w", tail, maxTail, catalog.ErrInvalid)
	}
	sum := 0.0
	for i, w := range weights {
		if !(w >= 0) || math.IsInf(w, 0) {
			return nil, fmt.Errorf("weight of %s is %v, want 0 or more: %w", names[i], w, catalog.ErrInvalid)
		}
		if parts[i].Len() != parts[0].Len() {
			return nil, fmt.Errorf("%s scores %d movies and %s %d: %w", names[0], parts[0].Len(), names[i], parts[i].Len(), catalog.ErrInvalid)
		}
		sum += w
	}
	if !(sum > 0) || math.IsInf(sum, 0) {
		return nil, fmt.Errorf("weights are %v, want one above 0: %w", weights, catalog.ErrInvalid)
	}
	exact := make([]float32, len(weights))
	for i, w := range weights {
		exact[i] = float32(w / sum)
	}
	n := parts[0].Len()
	watched := make([]bool, n)
	for _, row := range histories.Rows {
		if int(row) < n {
			watched[row] = true
		}
	}
	return assemble(&Model{names: names, weights: exact, tail: float32(tail), parts: parts, rare: rarity(histories, n), watched: watched, trained: n, scale: catalog.Scale5}), nil
}

// assemble makes what a model derives from its fields.
func assemble(m *Model) *Model {
	names, rare := m.names, m.rare
	m.told = names
	if m.tail > 0 {
		m.told = append(slices.Clone(names), Tail)
	}
	m.askers = make([]model.Asker, len(m.parts))
	for i, p := range m.parts {
		m.askers[i], _ = p.(model.Asker)
	}
	m.boards.New = func() any { return &board{make([]float32, len(rare)), make([]float32, len(rare))} }
	m.asked.New = func() any { return &asked{} }
	return m
}

// A board is the working memory of one request.
type board struct {
	part  []float32 // the scores of one part
	known []float32 // row -> the weights of the parts that know it
}

// Tail is the name by which [Model.Parts] calls what a movie gains for being little
// watched.
const Tail = "long-tail"

// maxTail is more than any fit needs: at 1 a list holds what nobody watched.
const maxTail = 10

// Len returns the number of movies.
func (m *Model) Len() int { return len(m.rare) }

// Parts returns the names of the parts, and [Tail] if rarity counts.
func (m *Model) Parts() []string { return m.told }

// Weights returns the weight of each of [Model.Parts]; those of models add up to 1.
func (m *Model) Weights() []float32 {
	if m.tail > 0 {
		return append(slices.Clone(m.weights), m.tail)
	}
	return slices.Clone(m.weights)
}

// Score implements [model.Model]. It takes the time of the parts' scores and two
// passes over each.
func (m *Model) Score(q model.Query, scores []float32) model.Basis {
	b := m.boards.Get().(*board)
	defer m.boards.Put(b)
	basis := m.sum(q, scores, b.known, func(int) []float32 { return b.part })
	if basis != model.None {
		m.finish(scores, b.known)
	}
	return basis
}

// Explain implements [model.Composite].
func (m *Model) Explain(q model.Query, scores, parts []float32) model.Basis {
	b := m.boards.Get().(*board)
	defer m.boards.Put(b)
	n := m.Len()
	basis := m.sum(q, scores, b.known, func(i int) []float32 { return parts[i*n : (i+1)*n] })
	if basis == model.None {
		return basis
	}
	for i := range m.parts {
		for row, v := range parts[i*n : (i+1)*n] {
			if v != v {
				v = 0 // others share its weight
			}
			parts[i*n+row] = m.weights[i] * v / b.known[row] // not a number where no part knows the row
		}
	}
	m.finish(scores, b.known)
	if m.tail > 0 {
		for row, r := range m.rare {
			parts[len(m.parts)*n+row] = m.tail * r
			if scores[row] != scores[row] {
				parts[len(m.parts)*n+row] = nan
			}
		}
	}
	return basis
}

// sum adds up the weighted parts in scores, and in known the weights of those that
// know each row. into is where a part's scores are to stand; those of a part that
// says nothing are zeros.
func (m *Model) sum(q model.Query, scores, known []float32, into func(i int) []float32) model.Basis {
	clear(scores)
	clear(known)
	basis := model.None
	for i, p := range m.parts {
		part, w := into(i), m.weights[i]
		said := model.None
		if w > 0 {
			said = p.Score(q, part)
		}
		if said == model.None {
			clear(part)
			continue
		}
		centre, unit, ok := scaleOf(momentsOf(part[:m.trained], q.Seen))
		if !ok {
			clear(part)
			continue
		}
		basis = max(basis, said)
		vec.Mix(scores, known, part, centre, unit, w)
	}
	return basis
}

// finish turns sums into means and adds what rarity gains.
func (m *Model) finish(scores, known []float32) {
	for row, w := range known {
		if w == 0 {
			scores[row] = nan
		} else {
			scores[row] = scores[row]/w + m.tail*m.rare[row]
		}
	}
}

var nan = float32(math.NaN())

// Extend implements [model.Extender]: parts that cannot say anything of a later
// movie leave it to the others. Nobody watched it, so it is as rare as can be.
func (m *Model) Extend(rows []float32, dims int) (model.Model, error) { return m.extend(rows, dims) }

func (m *Model) extend(rows []float32, dims int) (*Model, error) {
	parts := make([]model.Model, len(m.parts))
	for i, p := range m.parts {
		x, err := model.Extend(p, rows, dims)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m.names[i], err)
		}
		parts[i] = x
	}
	rare := slices.Clone(m.rare)
	most := float32(0)
	if len(rare) > 0 {
		most = slices.Max(rare)
	}
	for len(rare) < parts[0].Len() {
		rare = append(rare, most)
	}
	return assemble(&Model{names: m.names, weights: m.weights, tail: m.tail, parts: parts, rare: rare, watched: m.watched, trained: m.trained, scale: m.scale}), nil
}

// WriteTo writes names and weights; the parts are kept under their own names.
func (m *Model) WriteTo(w io.Writer) (int64, error) {
	n, err := w.Write(m.encode().Data)
	return int64(n), err
}

func (m *Model) encode() *column.Encoder {
	e := &column.Encoder{}
	column.EncodeStrings(e, m.names)
	e.Float32s(m.weights)
	e.Float32s([]float32{m.tail})
	return e
}

// Read reads a blend of models of base: a [Suggesting] if it was written with a table,
// which older files are not, else a [Model].
func Read(stored []byte, base *model.Base) (model.Model, error) {
	d := column.NewDecoder(stored)
	names := column.DecodeStrings[string](d)
	weights, tail := d.Float32s(), d.Float32s()
	var t *suggestions
	if d.More() {
		t = &suggestions{d.Uint32s(), d.Uint32s()}
	}
	if err := d.Finish(); err != nil {
		return nil, err
	}
	parts, err := partsOf(names, base)
	if err != nil {
		return nil, err
	}
	if len(tail) != 1 {
		return nil, fmt.Errorf("%d weights of the long tail, want one: %w", len(tail), column.ErrBroken)
	}
	exact, sum := make([]float64, len(weights)), 0.0
	for i, w := range weights {
		exact[i] = float64(w)
		sum += exact[i]
	}
	if !(math.Abs(sum-1) < 1e-3) {
		return nil, fmt.Errorf("weights add up to %v, want 1: %w", sum, column.ErrBroken)
	}
	for i, p := range parts {
		if p.Len() != base.Movies {
			return nil, fmt.Errorf("%s scores %d movies, want %d: %w", names[i], p.Len(), base.Movies, column.ErrBroken)
		}
	}
	m, err := New(names, exact, float64(tail[0]), parts, base.Histories)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", err, column.ErrBroken)
	}
	m.scale = base.Scale
	m.weights = weights // as they were written: they add up to 1 but for rounding
	if t == nil {
		return m, nil
	}
	if err := t.check(base.Movies); err != nil {
		return nil, err
	}
	return suggesting(m, t), nil
}

func partsOf(names []string, base *model.Base) ([]model.Model, error) {
	parts := make([]model.Model, len(names))
	var errs []error
	for i, n := range names {
		if parts[i] = base.Model(n); parts[i] == nil {
			errs = append(errs, fmt.Errorf("there is no model %q to blend: %w", n, catalog.ErrInvalid))
		}
	}
	return parts, errors.Join(errs...)
}
