package eval

import (
	"encoding/json"
	"fmt"
	"math"
)

// An Estimate is a figure with its interval at [Level]. A Value of NaN means
// that nothing could be measured; ends of NaN mean that there is no interval,
// since the figure is exact or too few people were judged.
type Estimate struct {
	Value, Low, High float64
}

// exact returns an estimate that needs no interval.
func exact(value float64) Estimate { return Estimate{Value: value, Low: math.NaN(), High: math.NaN()} }

// Interval reports whether e has one.
func (e Estimate) Interval() bool { return !math.IsNaN(e.Low) && !math.IsNaN(e.High) }

// String returns "0.123 [0.110, 0.136]", "0.123" without an interval, or "-".
func (e Estimate) String() string {
	switch {
	case math.IsNaN(e.Value):
		return "-"
	case !e.Interval():
		return fmt.Sprintf("%.3f", e.Value)
	}
	return fmt.Sprintf("%.3f [%.3f, %.3f]", e.Value, e.Low, e.High)
}

// An estimateJSON has null for a value of NaN and leaves out ends of NaN, which
// JSON cannot say otherwise.
type estimateJSON struct {
	Value *float64 `json:"value"`
	Low   *float64 `json:"low,omitempty"`
	High  *float64 `json:"high,omitempty"`
}

// MarshalJSON writes {"value":0.1,"low":0.09,"high":0.11}.
func (e Estimate) MarshalJSON() ([]byte, error) {
	return json.Marshal(estimateJSON{known(e.Value), known(e.Low), known(e.High)})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (e *Estimate) UnmarshalJSON(text []byte) error {
	var in estimateJSON
	if err := json.Unmarshal(text, &in); err != nil {
		return err
	}
	e.Value, e.Low, e.High = orNaN(in.Value), orNaN(in.Low), orNaN(in.High)
	return nil
}

func known(x float64) *float64 {
	if math.IsNaN(x) {
		return nil
	}
	return &x
}

func orNaN(x *float64) float64 {
	if x == nil {
		return math.NaN()
	}
	return *x
}

type differenceJSON struct {
	estimateJSON
	Helped *float64 `json:"helped"`
	Hurt   *float64 `json:"hurt"`
	P      *float64 `json:"p,omitempty"`
	PHolm  *float64 `json:"p_holm,omitempty"`
	PAll   *float64 `json:"p_all,omitempty"`
}

// MarshalJSON writes what [Estimate.MarshalJSON] does, and the other fields.
func (d Difference) MarshalJSON() ([]byte, error) {
	return json.Marshal(differenceJSON{
		estimateJSON: estimateJSON{known(d.Value), known(d.Low), known(d.High)},
		Helped:       known(d.Helped), Hurt: known(d.Hurt), P: known(d.P), PHolm: known(d.PHolm), PAll: known(d.PAll),
	})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (d *Difference) UnmarshalJSON(text []byte) error {
	var in differenceJSON
	if err := json.Unmarshal(text, &in); err != nil {
		return err
	}
	d.Value, d.Low, d.High = orNaN(in.Value), orNaN(in.Low), orNaN(in.High)
	d.Helped, d.Hurt = orNaN(in.Helped), orNaN(in.Hurt)
	d.P, d.PHolm, d.PAll = orNaN(in.P), orNaN(in.PHolm), orNaN(in.PAll)
	return nil
}
