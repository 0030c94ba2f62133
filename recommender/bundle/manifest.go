package bundle

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"marquee/catalog"
	"marquee/embedder"
	"marquee/indexer"
	"marquee/recommender/rank"
)

// Format is the version of the layout that this program writes. It reads all
// versions from 1: version 2 added models, arms and lists; version 3 genres, languages
// and hashes of documents, what was changed after a build, and what gates measured; version 4
// collections and license costs, the knobs of ranking, and what blends suggest.
const Format = 4

// ErrBroken reports a bundle that is not whole or not what it says it is.
var ErrBroken = errors.New("bundle is broken")

// A Manifest says what a bundle is, where it came from, and what its files are.
type Manifest struct {
	Format   int       `json:"format"`
	ID       string    `json:"id"` // the first 16 hex digits of the content's digest
	Created  time.Time `json:"created"`
	Parent   string    `json:"parent,omitempty"`   // the bundle that was live when this one was built
	Replaces string    `json:"replaces,omitempty"` // the bundle of which this one is a copy without people who were forgotten

	// Predecessors are what Replaces replaced in its turn, newest first.
	Predecessors []string `json:"predecessors,omitempty"`

	DataVersion string        `json:"data_version"`       // digest of the facts and histories it was built from
	Sequence    int64         `json:"sequence,omitempty"` // every change up to this number is in the bundle; 0 if that is not known
	Embedder    embedder.ID   `json:"embedder"`
	Index       Index         `json:"index"`
	Ranking     rank.Config   `json:"ranking"`
	Scale       catalog.Scale `json:"rating_scale"`
	Prior       rank.Prior    `json:"prior,omitzero"` // what the quality of a movie that comes later starts from
	Counts      Counts        `json:"counts"`
	Models      []Model       `json:"models,omitempty"`   // in the order in which they are read: parts before what is made of them
	Arm         string        `json:"arm,omitempty"`      // the default arm; "" is rank.ArmFeatures
	Features    *Offline      `json:"features,omitempty"` // how rank.ArmFeatures did; nil if that was not asked
	Program     Program       `json:"program"`
	Seed        uint64        `json:"seed"`
	Later       *Later        `json:"later,omitempty"` // what "marquee reindex" laid over a build; nil for a build as it was made
	Gates       []Gate        `json:"gates,omitempty"` // what was asked of the bundle before it could go live
	Files       []File        `json:"files"`
	Sum         string        `json:"sum"` // SHA-256 of the manifest without this line, so that no bit of it can flip
}

// An Index says which backend holds the vectors and how well it does.
type Index struct {
	Kind     string           `json:"kind"`
	Settings json.RawMessage  `json:"settings,omitempty"`
	Measured indexer.Measured `json:"measured"`
}

// A Model says what a trained model is.
type Model struct {
	Name     string          `json:"name"`
	Kind     string          `json:"kind"`
	Settings json.RawMessage `json:"settings,omitempty"`
	Parts    []string        `json:"parts,omitempty"` // of a composite
	Lists    bool            `json:"lists,omitempty"` // lists were precomputed with it

	// Rows is how many movies the file of the model knows, if those are fewer than the
	// bundle has; the rest is told to it when it is read, by their vectors.
	Rows    int                `json:"rows,omitempty"`
	Weights map[string]float64 `json:"weights,omitempty"` // of the parts of a blend
	Offline *Offline           `json:"offline,omitempty"` // how it did on what it had not seen; nil if that was not asked
}

// Offline is how a model does on the newest part of each history, after it was
// trained on the older part.
type Offline struct {
	Held     float64 `json:"held"`             // share of each history held out, its newest
	Lot      bool    `json:"by_lot,omitempty"` // it was drawn by lot instead: the histories have no order
	People   int     `json:"people"`           // asked for
	NDCG     float64 `json:"ndcg_20"`          // mean over people
	NDCGLow  float64 `json:"ndcg_low"`         // of its 95% interval
	NDCGHigh float64 `json:"ndcg_high"`
	Hit      float64 `json:"hit_20"`
	Recall   float64 `json:"recall_20"`
	Coverage float64 `json:"coverage_20"` // share of the catalog in the lists of those people
}

// Later says what was laid over a build without building anew.
type Later struct {
	Base    string `json:"base"`    // ID of the build, whose files the bundle has as they are; it need not be on the shelf any more
	Rows    int    `json:"rows"`    // movies of the build and those behind them, whatever left
	Added   int    `json:"added"`   // movies that the build does not have
	Changed int    `json:"changed"` // movies whose facts or text are not those of the build
	Removed int    `json:"removed"` // movies of the build that left the catalog

	// Measured is what the index finds for the movies that came later, those nearest to
	// them and to movies that left, and others; nil if the index is exact or no vector is
	// another.
	Measured *indexer.Measured `json:"measured,omitempty"`
}

// rows returns how many rows the files of people and lists may name.
func (m Manifest) rows() int {
	if m.Later != nil {
		return m.Later.Rows
	}
	return m.Counts.Movies
}

// A Gate is one thing asked of a bundle before it could go live.
type Gate struct {
	Name     string  `json:"name"`               // recall, shrinkage, empty, offline
	Value    float64 `json:"value"`              // measured
	Limit    float64 `json:"limit"`              // that the value must not pass
	Passed   bool    `json:"passed"`             // or there was nothing to compare with
	Override bool    `json:"override,omitempty"` // somebody let it go live all the same
	Detail   string  `json:"detail,omitempty"`
}

// Refused reports whether a gate refused the bundle and nobody overrode it.
func (m Manifest) Refused() bool {
	return slices.ContainsFunc(m.Gates, func(g Gate) bool { return !g.Passed && !g.Override })
}

// ValidName reports whether name may be that of a model: 1 to 40 lower-case
// letters, digits and hyphens.
func ValidName(name string) bool {
	if name == "" || len(name) > 40 {
		return false
	}
	for _, c := range []byte(name) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') && c != '-' {
			return false
		}
	}
	return true
}

// checkModels returns an error unless every model has a name that may stand in a
// path, and a name of its own.
func (m Manifest) checkModels() error {
	names := map[string]bool{rank.ArmFeatures: true}
	for _, x := range m.Models {
		if !ValidName(x.Name) {
			return fmt.Errorf("model name %q, want 1 to 40 lower-case letters, digits and hyphens", x.Name)
		}
		if names[x.Name] {
			return fmt.Errorf("model name %q is there twice or stands for lists without a model", x.Name)
		}
		names[x.Name] = true
	}
	return nil
}

// Counts says how much a bundle holds.
type Counts struct {
	Movies    int `json:"movies"`
	Empty     int `json:"empty_documents"` // movies without a text, hence without neighbours
	Users     int `json:"users"`           // people with a history
	Watched   int `json:"watched"`         // pairs of a person and a movie
	Neighbour int `json:"neighbours"`      // kept for each movie
}

// Program says what built a bundle.
type Program struct {
	Version string `json:"version"`
	Commit  string `json:"commit,omitempty"`
	Go      string `json:"go"`
	Kernel  string `json:"kernel"` // the path of the vector kernels: avx512, avx2 or go
}

// A File is one file of a bundle.
type File struct {
	Name   string `json:"name"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// digest returns the bundle's ID: the digest of everything in the manifest that
// follows from data, settings and seed, what was laid over it and what models did
// offline among them. Time, parent, program, the number of the last change, what was
// replaced and what gates measured stay out; what of them matters shows in the
// digests of the files.
func (m Manifest) digest() (string, error) {
	m.ID, m.Created, m.Parent, m.Program, m.Sequence, m.Replaces, m.Predecessors, m.Gates = "", time.Time{}, "", Program{}, 0, "", nil, nil
	sum, err := m.sum()
	if err != nil {
		return "", err
	}
	return sum[:16], nil
}

// sum returns the SHA-256 of the manifest without Sum.
func (m Manifest) sum() (string, error) {
	m.Sum = ""
	text, err := json.Marshal(m)
	if err != nil {
		return "", fmt.Errorf("digest of manifest: %w", err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

// check reports whether the manifest could be one of a bundle named id.
func (m Manifest) check(id string) error {
	if m.Format < 1 || m.Format > Format {
		return fmt.Errorf("format is %d, this program reads 1 to %d: build the bundle anew or use the program that wrote it: %w", m.Format, Format, ErrBroken)
	}
	want, err := m.digest()
	if err != nil {
		return err
	}
	if m.ID != id || want != id {
		return fmt.Errorf("manifest says %q and its content is %q, want %q: %w", m.ID, want, id, ErrBroken)
	}
	sum, err := m.sum()
	if err != nil {
		return err
	}
	if sum != m.Sum {
		return fmt.Errorf("sha256 of the manifest is %s, want %s: %w", sum, m.Sum, ErrBroken)
	}
	return nil
}

// ValidID reports whether id has the form of a bundle's ID, so that it may stand
// in a path.
func ValidID(id string) bool {
	if len(id) != 16 {
		return false
	}
	for _, c := range id {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
