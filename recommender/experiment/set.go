package experiment

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"marquee/catalog"
)

// MaxLayers is how many layers may have experiments at once, the holdback's included.
const MaxLayers = 8

// A Set assigns people to experiments. It never changes but for what it remembers, and
// any number of goroutines may use it.
//
// A layer splits people by their place in it ([Place]), and an experiment takes those
// from From to below To. The arm of those is drawn by another place, under the
// experiment's own salt, in proportion to the weights. So experiments of one layer share
// nobody, and those of different layers share people by chance alone.
type Set struct {
	experiments []catalog.Experiment
	layers      []layer // the holdback's first, then ascending by name

	mu     sync.Mutex
	joined atomic.Pointer[map[combination]*Assignment] // of people in several; replaced whole
}

// A layer is all experiments that share nobody.
type layer struct {
	holdback  bool
	salt      uint64
	running   []running
	overrides map[catalog.UserID][]override
}

// A running is one experiment.
type running struct {
	catalog.Experiment
	salt   uint64     // of arms
	below  []float64  // arm -> the place below which it is drawn; ascending to 1
	alone  []*outcome // arm -> its lists are served
	shared *outcome   // everybody's; nil of a split
}

// An override is the arm of a tester.
type override struct {
	of  *running
	arm *outcome
}

// An outcome is what one experiment says of a person.
type outcome struct {
	Assignment
	held bool // no other experiment is about them
}

// A combination is what several experiments say, in the order of layers.
type combination [MaxLayers]*outcome

// maxJoined bounds what a set remembers of combinations.
const maxJoined = 1024

// NewSet returns a set of all experiments that are in order. The error tells of those
// that are not, which are left out; the set is never nil. Of two experiments of one
// layer that overlap, which [Check] does not let happen, the older one takes a person.
func NewSet(all []catalog.Experiment) (*Set, error) {
	s := &Set{}
	var errs []error
	layers := map[string]*layer{}
	all = slices.Clone(all)
	slices.SortFunc(all, func(a, b catalog.Experiment) int {
		return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(a.Name, b.Name))
	})
	for _, e := range all {
		r, err := newRunning(e)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		l := layers[e.Layer]
		if l == nil {
			l = &layer{holdback: e.Layer == Holdback, salt: saltOf(layerSalt(e.Layer))}
			layers[e.Layer] = l
		}
		l.running = append(l.running, r)
		s.experiments = append(s.experiments, e)
	}
	for _, name := range namesOf(layers) {
		layers[name].gather()
		s.layers = append(s.layers, *layers[name])
	}
	return s, errors.Join(errs...)
}

// namesOf returns the names of layers, ascending, that of the holdback before all.
func namesOf(layers map[string]*layer) []string {
	names := slices.Sorted(maps.Keys(layers))
	if i := slices.Index(names, Holdback); i > 0 {
		names = slices.Insert(slices.Delete(names, i, i+1), 0, Holdback)
	}
	return names
}

// newRunning prepares an experiment. One that is not in order is an error that wraps
// [catalog.ErrInvalid].
func newRunning(e catalog.Experiment) (running, error) {
	if err := e.Validate(); err != nil {
		return running{}, err
	}
	r := running{Experiment: e, salt: saltOf(armSalt(e))}
	total := 0.0
	for _, a := range e.Arms {
		total += a.Weight
	}
	drawn := 0.0
	var variants []Variant
	for _, a := range e.Arms {
		v, err := newVariant(e, a)
		if err != nil {
			return running{}, fmt.Errorf("experiment %q: %w", e.Name, err)
		}
		drawn += a.Weight
		r.below = append(r.below, drawn/total)
		variants = append(variants, v)
	}
	r.below[len(r.below)-1] = 1 // whatever rounding says
	r.settle(variants)
	if n := len(r.longest()); n > MaxLabelBytes {
		return running{}, fmt.Errorf("experiment %q: the label of its lists would have %d bytes, want at most %d: choose shorter names: %w", e.Name, n, MaxLabelBytes, catalog.ErrInvalid)
	}
	return r, nil
}

// settle makes the outcomes of the arms.
func (r *running) settle(variants []Variant) {
	for i, v := range variants {
		o := &outcome{Assignment: Assignment{Label: v.Name(), Served: []Variant{v}}}
		if r.Layer == Holdback { // its arms change nothing
			o.Served, o.held = nil, i == 0
		}
		r.alone = append(r.alone, o)
	}
	switch r.Mode {
	case catalog.ExperimentShadow:
		r.shared = &outcome{Assignment: Assignment{Label: variants[0].Name(), Served: variants[:1], Shadows: variants[1:]}}
	case catalog.ExperimentInterleave:
		r.shared = &outcome{Assignment: Assignment{Label: labelOf(variants[0].Name(), variants[1].Name()), Interleave: [2]Variant{variants[0], variants[1]}}}
	}
}

// longest returns the longest label of r.
func (r *running) longest() string {
	if r.shared != nil && r.Mode == catalog.ExperimentInterleave {
		return r.shared.Label
	}
	long := ""
	for _, o := range r.alone {
		if len(o.Label) > len(long) {
			long = o.Label
		}
	}
	return long
}

// labelOf joins the names of variants.
func labelOf(names ...string) string {
	slices.Sort(names)
	return strings.Join(names, ",")
}

// gather fills in the overrides of all experiments of l, which are all there by now.
func (l *layer) gather() {
	for i := range l.running {
		r := &l.running[i]
		for u, arm := range r.Overrides {
			if l.overrides == nil {
				l.overrides = map[catalog.UserID][]override{}
			}
			at := slices.IndexFunc(r.Arms, func(a catalog.ExperimentArm) bool { return a.Name == arm })
			l.overrides[u] = append(l.overrides[u], override{r, r.alone[at]})
		}
	}
}

// told returns the outcome of a tester; nil of everybody else.
func (l *layer) told(u catalog.UserID, at time.Time) *outcome {
	if l.overrides == nil {
		return nil
	}
	for _, o := range l.overrides[u] {
		if o.of.Running(at) {
			return o.arm
		}
	}
	return nil
}

// drawn returns the outcome of a person; nil if no experiment of l takes them.
func (l *layer) drawn(person uint64, at time.Time) *outcome {
	where := place(l.salt, person)
	for i := range l.running {
		r := &l.running[i]
		if where < r.From || where >= r.To || !r.Running(at) {
			continue
		}
		if r.shared != nil {
			return r.shared
		}
		p := place(r.salt, person)
		arm := 0
		for p >= r.below[arm] { // the last is 1, and p is below
			arm++
		}
		return r.alone[arm]
	}
	return nil
}

// Assign implements [Assigner]. What it returns must not be changed. It takes a hash of
// u and two more for each layer; it allocates nothing for a person in one experiment or
// none, nor for any combination of experiments that it has met before.
func (s *Set) Assign(u catalog.UserID, at time.Time) Assignment {
	if len(s.layers) == 0 {
		return Assignment{}
	}
	var first [MaxLayers]*outcome
	found := s.outcomes(first[:0], u, at)
	switch len(found) {
	case 0:
		return Assignment{}
	case 1:
		return found[0].Assignment
	}
	return s.join(found)
}

// outcomes appends what the layers say of u to found.
func (s *Set) outcomes(found []*outcome, u catalog.UserID, at time.Time) []*outcome {
	person := personOf(u)
	held := false
	for i := range s.layers {
		l := &s.layers[i]
		o := l.told(u, at)
		if o == nil && !held {
			o = l.drawn(person, at)
		}
		if o != nil {
			found = append(found, o)
			held = held || o.held
		}
	}
	return found
}

// join returns what several experiments say together.
func (s *Set) join(found []*outcome) Assignment {
	var key combination
	copy(key[:], found)
	if len(found) > len(key) {
		return *joinAll(found)
	}
	if known := s.joined.Load(); known != nil {
		if a := (*known)[key]; a != nil {
			return *a
		}
	}
	a := joinAll(key[:len(found)])
	s.remember(key, a)
	return *a
}

// joinAll makes one assignment of several. What would make the label too long, and a
// second experiment that interleaves, takes no part.
func joinAll(found []*outcome) *Assignment {
	a := &Assignment{}
	var names []string
	long := -1
	for _, o := range found {
		if long+1+len(o.Label) > MaxLabelBytes || o.Interleave[0] != nil && a.Interleave[0] != nil {
			continue
		}
		long += 1 + len(o.Label)
		names = append(names, strings.Split(o.Label, ",")...)
		a.Served = append(a.Served, o.Served...)
		a.Shadows = append(a.Shadows, o.Shadows...)
		if o.Interleave[0] != nil {
			a.Interleave = o.Interleave
		}
	}
	a.Label = labelOf(names...)
	return a
}

// remember keeps what a combination comes to.
func (s *Set) remember(key combination, a *Assignment) {
	s.mu.Lock()
	defer s.mu.Unlock()
	known := map[combination]*Assignment{}
	if old := s.joined.Load(); old != nil {
		if len(*old) >= maxJoined {
			return
		}
		known = maps.Clone(*old)
	}
	known[key] = a
	s.joined.Store(&known)
}

// Experiments returns all of s, by start.
func (s *Set) Experiments() []catalog.Experiment { return s.experiments }
