package rank

import (
	"errors"
	"fmt"
	"slices"

	"marquee/recommender/model"
)

// ArmFeatures is the arm that every snapshot has: similarity, quality and
// popularity, weighted by the configuration, without a model.
const ArmFeatures = "content-ratings-popularity"

// ErrArm reports an arm that a snapshot does not have.
var ErrArm = errors.New("no such arm")

// Arms are the ways to make lists that a snapshot has beside [ArmFeatures]: one
// for each model, by its name.
type Arms struct {
	Models  []model.Named
	Default string // the arm of a request that names none; "" is ArmFeatures
}

// Names returns the names of all arms, the default first.
func (a Arms) Names() []string {
	first := a.named("")
	names := []string{first}
	for _, m := range a.Models {
		if m.Name != first {
			names = append(names, m.Name)
		}
	}
	if first != ArmFeatures {
		names = append(names, ArmFeatures)
	}
	return names
}

// has reports whether there is an arm of this name.
func (a Arms) has(name string) bool { return name == ArmFeatures || a.model(name) != nil }

// Check returns an error that wraps [ErrArm] and lists the arms unless a has one
// of this name. The empty name is the default.
func (a Arms) Check(name string) error {
	if name == "" || a.has(name) {
		return nil
	}
	return fmt.Errorf("arm %q, want one of %q: %w", name, a.Names(), ErrArm)
}

// named returns the name of the arm that answers a request for name.
func (a Arms) named(name string) string {
	switch {
	case name != "" && a.has(name):
		return name
	case a.Default != "":
		return a.Default
	}
	return ArmFeatures
}

// Neighbours reports whether the arm that answers a request for name lists the
// neighbours of what was watched, and so asks for them.
func (a Arms) Neighbours(name string) bool { return a.named(name) == ArmFeatures }

// model returns the model of an arm, or nil.
func (a Arms) model(name string) model.Model {
	for _, m := range a.Models {
		if m.Name == name {
			return m.Model
		}
	}
	return nil
}

// WithArms returns a snapshot of the same parts with these arms in place of its
// own. Models must score its movies, each under a name of its own. A default that
// is none of them is an error that wraps [ErrArm].
func (s *Snapshot) WithArms(a Arms) (*Snapshot, error) {
	next, err := NewSnapshot(s.Movies, s.Table, s.Stats, s.Scale, s.Config)
	if err != nil {
		return nil, err
	}
	if err := a.fit(s.Movies.Len()); err != nil {
		return nil, err
	}
	next.hidden = s.hidden
	next.serve(a)
	return next, nil
}

// A served is a model with what requests would else ask of it each time.
type served struct {
	name      string
	model     model.Model
	composite model.Composite // nil of one that is none
	suggester model.Suggester // likewise
	sources   []string        // names of the bits of a [Source]
	scaled    bool            // scores are on the common scale
}

// serve takes on arms.
func (s *Snapshot) serve(a Arms) {
	s.Arms, s.served = a, make([]served, len(a.Models))
	for i, m := range a.Models {
		v := served{name: m.Name, model: m.Model, sources: []string{m.Name}}
		if c, ok := m.Model.(model.Composite); ok {
			v.composite, v.sources = c, slices.Clone(c.Parts())
		}
		if x, ok := m.Model.(model.Suggester); ok {
			v.suggester, v.sources = x, append(v.sources, brought...)
			s.later = len(s.Movies.later)
		}
		_, v.scaled = m.Model.(model.Scaled)
		s.served[i] = v
	}
	if slices.ContainsFunc(s.served, func(v served) bool { return v.suggester != nil }) {
		s.fresh = freshest(s.Movies, s.later)
	}
}

// maxParts is how many bits of a [Source] the parts of a model may take: others are
// left for what brought candidates, and the popular movies behind them.
const maxParts = 27

// fit returns an error unless a are arms of as many movies.
func (a Arms) fit(movies int) error {
	names := map[string]bool{"": true, ArmFeatures: true}
	for _, m := range a.Models {
		if names[m.Name] {
			return fmt.Errorf("arm %q is there twice or has a name that is taken", m.Name)
		}
		names[m.Name] = true
		if m.Model.Len() != movies {
			return fmt.Errorf("model %s scores %d movies, want %d", m.Name, m.Model.Len(), movies)
		}
		if c, ok := m.Model.(model.Composite); ok && len(c.Parts()) > maxParts {
			return fmt.Errorf("model %s is made of %d parts, want at most %d", m.Name, len(c.Parts()), maxParts)
		}
	}
	return a.Check(a.Default)
}

// byModel makes a list from the scores of a model. It reports false if the model
// can say nothing of this person, or knows no movie that they may be shown.
func (s *Snapshot) byModel(a *served, r Request, n int) (List, bool) {
	if a.suggester != nil {
		return s.bySuggester(a, r, n)
	}
	w := s.board(a)
	defer s.boards.Put(w)
	q := model.Query{User: r.User, Seen: r.Taste.Seen}
	var basis model.Basis
	if a.composite != nil {
		basis = a.composite.Explain(q, w.scores, w.parts)
	} else {
		basis = a.model.Score(q, w.scores)
	}
	if basis == model.None {
		return List{}, false
	}
	list := List{Arm: a.name, Sources: a.sources, Tier: tierOf(basis)}
	s.place(&list, s.fill(w, a, r, s.depth(r, n)), r, n)
	if len(list.Items) == 0 {
		return List{}, false
	}
	s.addLast(&list, r, n)
	return list, true
}

// tierOf returns the tier of scores that rest on basis.
func tierOf(basis model.Basis) Tier {
	switch basis {
	case model.Personal:
		return TierPersonal
	case model.Group:
		return TierGroup
	}
	return TierPopular
}

// fill returns the n best, best first.
func (s *Snapshot) fill(w *board, a *served, r Request, n int) []Item {
	scale := s.scaleOf(a, w.scores, r.Taste.Watched)
	w.top = w.top[:0]
	for row, score := range w.scores {
		if score-score == 0 && s.allowed(uint32(row), r) { // neither NaN nor infinite
			w.top = push(w.top, scored{score: score, row: uint32(row)}, n)
		}
	}
	sortBest(w.top)
	items := make([]Item, 0, len(w.top))
	for _, t := range w.top {
		item := s.item(t.row, scale.unit(t.score))
		item.Source = w.sources(t.row)
		items = append(items, item)
	}
	return items
}

// addLast fills a list that is too short with popular movies, which score 0.
func (s *Snapshot) addLast(list *List, r Request, n int) {
	if len(list.Items) == n {
		return
	}
	out := make(map[uint32]bool, n+len(r.Taste.Watched))
	for _, m := range r.Taste.Watched {
		out[m.Row] = true
	}
	for _, row := range r.Exclude {
		out[row] = true
	}
	for _, i := range list.Items {
		out[i.Row] = true
	}
	list.Sources = append(slices.Clone(list.Sources), sourcePopular)
	for _, row := range s.Stats.Order {
		if len(list.Items) == n {
			return
		}
		if !out[row] && s.allowed(row, r) {
			item := s.item(row, 0)
			item.Source = 1 << (len(list.Sources) - 1)
			list.Items = append(list.Items, item)
		}
	}
}

// A board is the working memory of one request to a model.
type board struct {
	scores []float32
	parts  []float32 // [parts x movies] of a composite
	top    []scored
}

// board returns one that is large enough for a.
func (s *Snapshot) board(a *served) *board {
	w, _ := s.boards.Get().(*board)
	if w == nil {
		w = &board{scores: make([]float32, s.Movies.Len())}
	}
	if a.composite != nil {
		need := len(a.sources) * s.Movies.Len()
		w.parts = slices.Grow(w.parts[:0], need)[:need]
	} else {
		w.parts = w.parts[:0]
	}
	return w
}

// ofMost is the share of the largest contribution from which a part counts as a
// source of a movie.
const ofMost = 0.5

// sources returns the parts that contributed most to a row, a bit each: one at
// least, even where all contributions count against it.
func (w *board) sources(row uint32) Source {
	n := len(w.scores)
	if len(w.parts) == 0 {
		return 1
	}
	least := leastSource(w.parts[row:], n)
	var s Source
	for i := int(row); i < len(w.parts); i += n {
		if w.parts[i] >= least {
			s |= 1 << (i / n)
		}
	}
	return s
}

// leastSource returns from which contribution on a part is a source, of those in parts
// at 0, step, and so on.
func leastSource(parts []float32, step int) float32 {
	most := parts[0]
	for i := step; i < len(parts); i += step {
		most = max(most, parts[i])
	}
	if most > 0 {
		return ofMost * most
	}
	return most
}
