package analysis

import (
	"encoding/json"
	"math"
	"time"

	"marquee/catalog"
	"marquee/recommender/eval"
)

// A Real is a number that may be unknown: NaN, which JSON has as null.
type Real float64

// Known reports whether r is known.
func (r Real) Known() bool { return known(float64(r)) }

// MarshalJSON writes the number, or null.
func (r Real) MarshalJSON() ([]byte, error) {
	if !r.Known() {
		return []byte("null"), nil
	}
	return json.Marshal(float64(r))
}

// UnmarshalJSON reads what MarshalJSON writes.
func (r *Real) UnmarshalJSON(text []byte) error {
	var x *float64
	if err := json.Unmarshal(text, &x); err != nil {
		return err
	}
	*r = Real(math.NaN())
	if x != nil {
		*r = Real(*x)
	}
	return nil
}

// A Result is what can be said of an experiment at one time.
type Result struct {
	Experiment string                 `json:"experiment"`
	Mode       catalog.ExperimentMode `json:"mode"`
	Control    string                 `json:"control"` // the first arm
	Start      time.Time              `json:"start"`
	AsOf       time.Time              `json:"as_of"`
	Window     string                 `json:"window"`
	Before     time.Time              `json:"before"` // from here to Start is the time before it that adjusts

	Valid    bool     `json:"valid"`    // the figures may be believed
	Problems []string `json:"problems"` // why not
	Notes    []string `json:"notes"`    // what to know when reading it

	Sample      Sample       `json:"sample"`
	Metrics     []Metric     `json:"metrics"` // those that there is anything of
	Arms        []Arm        `json:"arms"`
	Differences []Difference `json:"differences,omitempty"`
	Duel        *Duel        `json:"interleaving,omitempty"`
	Policies    []Offline    `json:"policies,omitempty"`
}

// A Sample tells whether the arms have the people they should.
type Sample struct {
	People   []int     `json:"people"`   // by arm, of their first list
	Expected []float64 `json:"expected"` // by the weights; none where everybody gets the same
	P        Real      `json:"p"`        // of the chi-square test
	Testers  int       `json:"testers"`  // left out: their arm was set by hand
	Crossed  int       `json:"crossed"`  // left out: they were in two arms
	TooYoung int       `json:"too_young"`
}

// An Arm is what people of one arm were shown and did.
type Arm struct {
	Name    string                   `json:"name"`
	People  int                      `json:"people"` // with a list whose window is over
	Lists   int64                    `json:"lists"`  // of those
	Metrics map[string]eval.Estimate `json:"metrics"`
}

// A Difference is an arm minus the control, in one metric.
type Difference struct {
	Arm    string `json:"arm"`
	Metric string `json:"metric"`

	// Estimate has the interval of one look whose time was set beforehand.
	Estimate eval.Estimate `json:"estimate"`
	Lift     Real          `json:"lift"` // the difference by the control's value
	P        Real          `json:"p"`
	PHolm    Real          `json:"p_holm"` // corrected for all metrics and arms

	// Sequence is the same with an interval that may be looked at daily, and Always the
	// p-value: the least of all looks.
	Sequence   eval.Estimate `json:"sequence"`
	Always     Real          `json:"p_always"`
	AlwaysHolm Real          `json:"p_always_holm"`

	Detectable Real      `json:"detectable"` // least effect that one look finds with probability Power
	Adjusted   *Adjusted `json:"adjusted,omitempty"`
	Looks      []Look    `json:"looks,omitempty"`
	Verdict    Verdict   `json:"verdict"`
}

// A Look is a difference at one time.
type Look struct {
	At       time.Time     `json:"at"`
	People   int           `json:"people"` // of both arms
	Estimate eval.Estimate `json:"estimate"`
	Sequence eval.Estimate `json:"sequence"`
	Always   Real          `json:"p_always"`
}

// A Verdict says what is decided, whenever one looks.
type Verdict string

// The verdicts.
const (
	Better    Verdict = "better"
	Worse     Verdict = "worse"
	Undecided Verdict = "undecided"
	Unmarked  Verdict = ""
)
