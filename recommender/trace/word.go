package trace

import (
	"encoding/json"
	"fmt"

	"marquee/catalog"
	"marquee/recommender/overlay"
)

// A word is the hidden movies and the corrections at one moment.
type word struct {
	hidden      map[catalog.MovieID]bool
	corrections map[[2]catalog.MovieID]catalog.Correction
}

func editorial(hidden []catalog.MovieID, corrections []catalog.Correction) word {
	w := word{make(map[catalog.MovieID]bool), make(map[[2]catalog.MovieID]catalog.Correction)}
	for _, id := range hidden {
		w.hidden[id] = true
	}
	for _, c := range corrections {
		w.corrections[[2]catalog.MovieID{c.Movie, c.Other}] = c
	}
	return w
}

// apply takes in one change.
func (w word) apply(c catalog.Change) error {
	switch c.Kind {
	case catalog.ChangeHide:
		w.hidden[catalog.MovieID(c.Subject)] = true
	case catalog.ChangeUnhide:
		delete(w.hidden, catalog.MovieID(c.Subject))
	case catalog.ChangeCorrect:
		var x catalog.Correction
		if err := json.Unmarshal(c.Detail, &x); err != nil {
			return fmt.Errorf("change %d does not say what was corrected: %w", c.Seq, ErrLost)
		}
		pair := [2]catalog.MovieID{x.Movie, x.Other}
		if x.Kind == "" {
			delete(w.corrections, pair)
		} else {
			w.corrections[pair] = x
		}
	}
	return nil
}

// ofEditors reports whether a change is of what editors say.
func ofEditors(c catalog.Change) bool {
	return c.Kind == catalog.ChangeHide || c.Kind == catalog.ChangeUnhide || c.Kind == catalog.ChangeCorrect
}

// on returns s with w in place of what editors said.
func (w word) on(s *overlay.State) (*overlay.State, error) {
	s, err := s.Hide(w.ids())
	if err != nil {
		return nil, err
	}
	return s.Correct(w.all())
}

func (w word) ids() []catalog.MovieID {
	ids := make([]catalog.MovieID, 0, len(w.hidden))
	for id := range w.hidden {
		ids = append(ids, id)
	}
	return ids
}

func (w word) all() []catalog.Correction {
	all := make([]catalog.Correction, 0, len(w.corrections))
	for _, c := range w.corrections {
		all = append(all, c)
	}
	return all
}
