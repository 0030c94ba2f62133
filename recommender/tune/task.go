package tune

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"marquee/catalog"
	"marquee/recommender/model"
)

// ErrJournal reports a journal that does not belong to the search, or is broken.
var ErrJournal = errors.New("unsuitable journal")

// A Rung is how much effort a trial may take.
type Rung struct {
	Index int     // from 0
	Of    int     // rungs there are
	Share float64 // of the full effort, above 0; 1 on the last rung
}

// Last reports whether trials of r are judged in full.
func (r Rung) Last() bool { return r.Index == r.Of-1 }

// An Outcome is how good settings are.
type Outcome struct {
	Score   float64   // of the task's metric
	Seconds float64   // of training; 0 for the time the trial took
	People  []float64 // what Score is the mean of, by person, the same people in every trial of a rung; may be nil
}

// Evaluate trains and judges with settings. It is called by one goroutine at a
// time, must give the same for the same settings and rung, and should end soon
// after ctx. An error is a fault of the settings and is kept with the trial.
type Evaluate func(ctx context.Context, settings json.RawMessage, rung Rung) (Outcome, error)

// A Task is what is searched.
type Task struct {
	Kind     model.Kind
	Settings json.RawMessage // changed from the kind's defaults in every candidate; nil for none
	Data     string          // version of the data and of how it is split: scores of another are of no use
	Metric   string
	Minimize bool   // the smallest score is the best, as with RMSE
	Folder   string // of journals; made if need be
	Evaluate Evaluate
}

// Progress tells how far a search has come.
type Progress struct {
	Rung      Rung
	Done      int // trials that ended
	Total     int // trials there will be if none fails
	Candidate int
	Score     float64 // of the trial that ended; NaN if it failed
	Best      float64 // on this rung so far; NaN if all failed
	Resumed   bool    // the trial was in the journal
	Err       error   // why it failed
	Elapsed   time.Duration
	Budget    time.Duration
}

// Config says how to search. Start from [DefaultConfig]: a zero field means
// zero.
type Config struct {
	Candidates int           // settings to try, those as they are among them, 2 to 10,000
	Rungs      int           // 1 to 8
	Eta        int           // one in so many goes on to the next rung, 2 to 16
	Budget     time.Duration // of wall-clock time, for this call; 0 for no end
	Seed       uint64        // of the design and of the bootstrap
	Resamples  int           // of the bootstrap, 0 for no intervals, else 100 to 100,000

	// Progress, unless nil, is told of each trial that ended.
	Progress func(Progress)
}

// DefaultConfig tries 27 settings, 9 of them with a third of the effort and 3 in
// full, which costs about 9 full trials. An eta of 3 is what Li et al.
// ("Hyperband", 2018) advise.
func DefaultConfig() Config {
	return Config{Candidates: 27, Rungs: 3, Eta: 3, Seed: 1, Resamples: 1000}
}

// Validate reports every fault in one error, which wraps [catalog.ErrInvalid].
func (c Config) Validate() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if c.Candidates < 2 || c.Candidates > 10_000 {
		bad("candidates are %d, want 2 to 10000", c.Candidates)
	}
	if c.Rungs < 1 || c.Rungs > 8 {
		bad("rungs are %d, want 1 to 8", c.Rungs)
	}
	if c.Eta < 2 || c.Eta > 16 {
		bad("eta is %d, want 2 to 16", c.Eta)
	}
	if c.Budget < 0 {
		bad("time budget is %s, want 0 or more", c.Budget)
	}
	if c.Resamples != 0 && (c.Resamples < 100 || c.Resamples > 100_000) {
		bad("resamples are %d, want 0 or 100 to 100000", c.Resamples)
	}
	return invalid(errs)
}

// rung returns the i-th rung.
func (c Config) rung(i int) Rung {
	return Rung{Index: i, Of: c.Rungs, Share: 1 / math.Pow(float64(c.Eta), float64(c.Rungs-1-i))}
}

// size returns how many candidates a rung has if none failed; one of them is
// the settings as they are.
func (c Config) size(rung, candidates int) int {
	for range rung {
		candidates /= c.Eta
	}
	return max(2, candidates)
}

// base returns the settings of candidate 0: the defaults with those of the task.
func (t Task) base() (json.RawMessage, error) {
	all := map[string]json.RawMessage{}
	if err := json.Unmarshal(t.Kind.Defaults, &all); err != nil {
		return nil, fmt.Errorf("defaults of %s: %w", t.Kind.Name, err)
	}
	if len(t.Settings) > 0 {
		var given map[string]json.RawMessage
		if err := json.Unmarshal(t.Settings, &given); err != nil {
			return nil, fmt.Errorf("settings %.200s: %w: %w", t.Settings, err, catalog.ErrInvalid)
		}
		for name, v := range given {
			if _, known := all[name]; !known {
				return nil, fmt.Errorf("setting %q is not among those of %s: %s: %w", name, t.Kind.Name, t.Kind.Defaults, catalog.ErrInvalid)
			}
			var text bytes.Buffer
			if err := json.Compact(&text, v); err != nil {
				return nil, err
			}
			all[name] = text.Bytes()
		}
	}
	return json.Marshal(all)
}

// Validate reports every fault in one error, which wraps [catalog.ErrInvalid].
func (t Task) Validate() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if t.Kind.Name == "" || t.Metric == "" || t.Data == "" || t.Folder == "" || t.Evaluate == nil {
		bad("a task needs a kind, a metric, the version of its data, a folder and a func; kind is %q, metric %q, data %q, folder %q", t.Kind.Name, t.Metric, t.Data, t.Folder)
	}
	if len(t.Kind.Space) == 0 {
		bad("kind %q has nothing to tune", t.Kind.Name)
	}
	base := map[string]json.RawMessage{}
	if text, err := t.base(); err != nil {
		errs = append(errs, err)
	} else if err := json.Unmarshal(text, &base); err != nil {
		errs = append(errs, err)
	}
	for i, p := range t.Kind.Space {
		if _, known := base[p.Name]; !known {
			bad("parameter %q is not among the settings of %s", p.Name, t.Kind.Name)
		}
		for _, other := range t.Kind.Space[:i] {
			if other.Name == p.Name {
				bad("parameter %q is there twice", p.Name)
			}
		}
		if !(p.Low <= p.High) || math.IsInf(p.Low, 0) || math.IsInf(p.High, 0) || p.Log && p.Low <= 0 ||
			p.Integer && (p.Low != math.Trunc(p.Low) || p.High != math.Trunc(p.High)) {
			bad("parameter %q goes from %v to %v, want finite ends in order, above 0 for a ratio, whole for an integer", p.Name, p.Low, p.High)
		}
	}
	return invalid(errs)
}

func invalid(errs []error) error {
	if len(errs) == 0 {
		return nil
	}
	return fmt.Errorf("%w: %w", errors.Join(errs...), catalog.ErrInvalid)
}
