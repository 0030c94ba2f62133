package model

import (
	"io"
	"slices"

	"marquee/catalog"
	"marquee/indexer"
)

// A Query is the person for whom movies are scored: all that is known now. Any
// field may be empty.
type Query struct {
	User catalog.User
	Seen []Seen // newest first, each movie once; must not be changed
}

// A Basis says what scores rest on.
type Basis uint8

// The bases, from nothing to the person's own history.
const (
	None     Basis = iota // the model can say nothing; the scores mean nothing
	Everyone              // what all people did
	Group                 // what people of this age, gender or occupation did
	Personal              // what this person did
)

// A Model scores movies. Nothing writes to it once it is made, so any number of
// goroutines may ask it at once.
type Model interface {
	// Len returns the number of movies, a row each.
	Len() int

	// Score writes to scores, [Len], how well each movie suits q, larger is
	// better, and says what the scores rest on. A movie of which the model knows
	// nothing gets NaN; every other score is finite. Movies of q.Seen get scores
	// too: leaving them out is the caller's. Scores of two models, or for two
	// people, cannot be compared.
	Score(q Query, scores []float32) Basis

	// WriterTo writes what Kind.Read needs beside a [Base].
	io.WriterTo
}

// A Predictor is a model that also predicts ratings.
type Predictor interface {
	Model
	// Predict writes to ratings, [len(movies)], the rating that q would give each
	// of movies, within the scale. It always has an answer, at worst the mean of
	// all ratings.
	Predict(q Query, movies []uint32, ratings []float32)
}

// An Extender is a model that takes in movies which came after it was trained.
type Extender interface {
	Model
	// Extend returns a model of Len plus len(rows)/dims movies, which stand behind
	// the others in order; rows are their vectors. The receiver stays as it is.
	Extend(rows []float32, dims int) (Model, error)
}

// A Composite is a model made of others, such as a blend.
type Composite interface {
	Model
	// Parts returns the names of the parts, in order.
	Parts() []string
	// Explain is Score, and writes to parts, [len(Parts()) x Len], what each part
	// contributed to each score: for every row they add up to its score, or are
	// all NaN.
	Explain(q Query, scores, parts []float32) Basis
}

// Base is what a bundle holds anyway, so that models need not keep it again.
type Base struct {
	Scale     catalog.Scale
	Movies    int
	Vectors   []float32 // [Movies x Dims]; nil if there are none
	Dims      int
	Table     *indexer.Table // each movie's nearest; nil if there is none
	Histories Histories
	Lists     map[string]Lists // precomputed lists, by the name of the model they were made with
	Models    []Named          // the models that were read before this one
}

// Model returns a model that was read before, or nil.
func (b *Base) Model(name string) Model {
	if i := slices.IndexFunc(b.Models, func(n Named) bool { return n.Name == name }); i >= 0 {
		return b.Models[i].Model
	}
	return nil
}

// Histories are what people watched, without who they are.
type Histories struct {
	Starts      []uint32 // [people+1]: of the person i the entries Starts[i] to Starts[i+1]
	Rows        []uint32 // movie rows, newest first within a person
	Preferences []uint8  // ten times the [Preference] of each, 10 to 50
}

// Len returns the number of people.
func (h Histories) Len() int { return max(0, len(h.Starts)-1) }

// PackPreference returns p, 1 to 5, in tenths.
func PackPreference(p float64) uint8 { return uint8(min(5, max(1, p))*10 + 0.5) }

// Histories returns those of d as a bundle keeps them.
func (d *Data) Histories() Histories {
	h := Histories{Starts: make([]uint32, 1, len(d.Starts)), Rows: make([]uint32, len(d.Seen)), Preferences: make([]uint8, len(d.Seen))}
	for i, s := range d.Seen {
		h.Rows[i], h.Preferences[i] = s.Movie, PackPreference(s.Preference(d.Scale))
	}
	for _, end := range d.Starts[1:] {
		h.Starts = append(h.Starts, uint32(end))
	}
	return h
}

// Lists are lists made beforehand, by person.
type Lists interface {
	// Of returns the movies for u, best first, and whether there is a list.
	Of(u catalog.UserID) ([]uint32, bool)
}

// A Named is a model with the name it is served by.
type Named struct {
	Name  string
	Model Model
}
