package blend

import (
	"math"
	"slices"

	"marquee/embedder/vec"
	"marquee/recommender/model"
)

// An asked is a blend that took one query in, and its working memory.
type asked struct {
	m      *Model
	q      model.Query
	parts  []askedPart // those that have something to say
	closed bool        // the parts gave back what they borrowed; their scales are left
	rows   []uint32    // of the last ScoreRows
	values []float32   // [parts x step], the first of each being those of rows, on the common scale; NaN where a part knows nothing
	step   int
	known  []float32   // [rows], the weights of the parts that know each
	asking []uint32    // what a part is asked for: rows, and then those of the history
	dense  [][]float32 // scores of parts that are no askers, for the next of them
}

// An askedPart is a part that took the query in. Its score x is on the common scale as
// asinh((x - centre) * unit).
type askedPart struct {
	at           int
	asked        model.Asked // nil of a part that scores all movies at once
	all          []float32   // its scores, then
	weight       float32
	centre, unit float32
}

// Ask implements [model.Asker]. Parts that are no askers score all movies. It takes
// each part's time to take the history in, and to score the movies of it.
func (m *Model) Ask(q model.Query) (model.Asked, model.Basis) {
	a := m.begin(q)
	return a.ended(a.take(nil, nil, nil))
}

// AskRows implements [model.RowAsker]: no two parts hold working memory at a time, and
// each scores the rows and the history at once.
func (m *Model) AskRows(q model.Query, rows []uint32, scores []float32) (model.Asked, model.Basis) {
	a := m.begin(q)
	a.closed = true
	a.known = grown(a.known, len(rows))
	scores, known := scores[:len(rows)], a.known
	clear(scores)
	clear(known)
	basis := a.take(rows, scores, known)
	if basis != model.None {
		a.finish(rows, scores)
	}
	return a.ended(basis)
}

func (m *Model) begin(q model.Query) *asked {
	a := m.asked.Get().(*asked)
	a.m, a.q = m, q
	return a
}

// ended returns a if it has something to say.
func (a *asked) ended(basis model.Basis) (model.Asked, model.Basis) {
	if basis == model.None {
		a.Close()
		return nil, basis
	}
	return a, basis
}

// take asks all parts, and keeps those that have something to say. What they say of rows
// is added to scores, and their weights to known. With a closed, each is closed at once.
func (a *asked) take(rows []uint32, scores, known []float32) model.Basis {
	n := len(rows)
	a.rows, a.asking = rows, append(a.asking[:0], rows...)
	for _, s := range a.q.Seen {
		if int(s.Movie) < a.m.trained {
			a.asking = append(a.asking, s.Movie)
		}
	}
	a.step = len(a.asking)
	a.values = grown(a.values, len(a.m.parts)*a.step)
	basis := model.None
	for i, weight := range a.m.weights {
		if weight == 0 {
			continue
		}
		part, values := askedPart{at: i, weight: weight}, a.values[len(a.parts)*a.step:][:a.step]
		said := a.open(&part)
		if said == model.None {
			continue
		}
		part.score(a.asking, values)
		scaled := part.scale(a.m.trained, values[n:])
		if a.closed || !scaled {
			a.close(&part)
		}
		if scaled {
			a.parts = append(a.parts, part)
			vec.Mix(scores, known, values[:n], part.centre, part.unit, weight)
			basis = max(basis, said)
		}
	}
	return basis
}

// open asks a part.
func (a *asked) open(part *askedPart) (basis model.Basis) {
	if asker := a.m.askers[part.at]; asker != nil {
		if part.asked, basis = asker.Ask(a.q); basis == model.None {
			part.asked = nil
		}
		return basis
	}
	if n := len(a.dense); n > 0 {
		part.all, a.dense = a.dense[n-1], a.dense[:n-1]
	}
	p := a.m.parts[part.at]
	part.all = grown(part.all, p.Len())
	if basis = p.Score(a.q, part.all); basis == model.None {
		a.close(part)
	}
	return basis
}

// close gives back what a part borrowed.
func (a *asked) close(part *askedPart) {
	if part.asked != nil {
		part.asked.Close()
	}
	if part.all != nil {
		a.dense = append(a.dense, part.all)
	}
	part.asked, part.all = nil, nil
}

// scale finds the centre and the unit of the first rows without what was watched, which
// has the scores seen, and reports whether there are such.
func (p *askedPart) scale(rows int, seen []float32) (ok bool) {
	var moments model.Moments
	if p.asked != nil {
		moments = p.asked.Moments()
	} else {
		moments = momentsOf(p.all[:rows], nil)
	}
	for _, v := range seen {
		forget(&moments, v)
	}
	p.centre, p.unit, ok = scaleOf(moments)
	return ok
}

// ScoreRows implements [model.Asked]: what it writes is what [Model.Score] does but for
// rounding, and for what the parts leave out.
func (a *asked) ScoreRows(rows []uint32, scores []float32) {
	if a.closed {
		a.closed = false
		for i := range a.parts {
			a.open(&a.parts[i])
		}
	}
	n := len(rows)
	a.rows, a.step = rows, n
	a.values, a.known = grown(a.values, len(a.parts)*n), grown(a.known, n)
	scores = scores[:n]
	clear(scores)
	clear(a.known)
	for i := range a.parts {
		p, values := &a.parts[i], a.values[i*n:(i+1)*n]
		p.score(rows, values)
		vec.Mix(scores, a.known, values, p.centre, p.unit, p.weight)
	}
	a.finish(rows, scores)
}

// finish turns sums into means and adds what rarity gains.
func (a *asked) finish(rows []uint32, scores []float32) {
	for i, row := range rows {
		if w := a.known[i]; w == 0 {
			scores[i] = nan
		} else {
			scores[i] = scores[i]/w + a.m.tail*a.m.rare[row]
		}
	}
}

func (p *askedPart) score(rows []uint32, scores []float32) {
	if p.asked != nil {
		p.asked.ScoreRows(rows, scores)
		return
	}
	for j, row := range rows {
		scores[j] = p.all[row]
	}
}

// Explain implements [model.Explainer].
func (a *asked) Explain(at int, parts []float32) {
	clear(parts)
	known := a.known[at]
	if known == 0 {
		for i := range parts {
			parts[i] = nan
		}
		return
	}
	for i, p := range a.parts {
		if v := a.values[i*a.step+at]; v == v {
			parts[p.at] = p.weight * v / known
		}
	}
	if a.m.tail > 0 {
		parts[len(a.m.parts)] = a.m.tail * a.m.rare[a.rows[at]]
	}
}

// Moments implements [model.Asked]. Nobody needs them of a blend, whose scores are on the
// common scale; so they are made by scoring all movies.
func (a *asked) Moments() model.Moments {
	b := a.m.boards.Get().(*board) // Score takes another
	defer a.m.boards.Put(b)
	a.m.Score(a.q, b.part)
	return momentsOf(b.part[:a.m.trained], nil)
}

// Close implements [model.Asked].
func (a *asked) Close() {
	for i := range a.parts {
		a.close(&a.parts[i])
	}
	a.parts, a.closed = a.parts[:0], false
	m := a.m
	a.m, a.q, a.rows = nil, model.Query{}, nil
	m.asked.Put(a)
}

// Scaled implements [model.Scaled].
func (m *Model) Scaled() {}

// grown returns n values in the memory of s, if it has room for them.
func grown(s []float32, n int) []float32 {
	return slices.Grow(s[:0], n)[:n]
}

// momentsOf returns those of scores without what was seen.
func momentsOf(scores []float32, seen []model.Seen) model.Moments {
	var m model.Moments
	for _, v := range scores {
		if v == v {
			x := float64(v)
			m.N++
			m.Sum += x
			m.Squares += x * x
		}
	}
	for _, s := range seen {
		if int(s.Movie) < len(scores) {
			forget(&m, scores[s.Movie])
		}
	}
	return m
}

// forget takes one score out of m.
func forget(m *model.Moments, v float32) {
	if v == v {
		x := float64(v)
		m.N--
		m.Sum -= x
		m.Squares -= x * x
	}
}

// scaleOf returns the mean, and one by the deviation. It reports false if there are
// too few scores or they are all alike.
func scaleOf(m model.Moments) (centre, unit float32, ok bool) {
	if m.N < 2 {
		return 0, 0, false
	}
	mean := m.Sum / m.N
	deviation := math.Sqrt(max(0, m.Squares/m.N-mean*mean))
	if !(deviation > 1e-9*math.Abs(mean)) {
		return 0, 0, false
	}
	return float32(mean), float32(1 / deviation), true
}
