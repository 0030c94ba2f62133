package behave

import (
	"fmt"
	"io"
	"math"
	"text/tabwriter"

	"marquee/recommender/eval"
)

// A Verdict is how a test ended.
type Verdict string

// The verdicts.
const (
	Passed  Verdict = "passed"
	Failed  Verdict = "failed"
	Skipped Verdict = "skipped"
)

// A Report is what Run found out. It marshals to JSON and back.
type Report struct {
	N        int             `json:"n"`
	Seed     uint64          `json:"seed"`
	Subjects []SubjectReport `json:"models"`
}

// A SubjectReport is what was found out about one subject.
type SubjectReport struct {
	Name    string   `json:"name"`
	Results []Result `json:"results"`
}

// A Result is one test of one subject.
type Result struct {
	Test     string        `json:"test"`
	Verdict  Verdict       `json:"verdict"`
	What     string        `json:"what"`   // what the figure is
	Figure   eval.Estimate `json:"figure"` // NaN if the test was skipped
	Bound    float64       `json:"bound"`
	AtMost   bool          `json:"at_most"` // the bound is the largest figure that passes, else the smallest
	Judged   int           `json:"judged"`  // lists or films
	Reason   string        `json:"reason"`
	Examples []string      `json:"examples,omitempty"` // of what failed
}

// Passed reports whether no test failed.
func (r *Report) Passed() bool {
	for _, s := range r.Subjects {
		for _, result := range s.Results {
			if result.Verdict == Failed {
				return false
			}
		}
	}
	return true
}

// WriteTable prints r for people. The error is that of w.
func (r *Report) WriteTable(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "model\ttest\tverdict\tfigure\tbound\tjudged\twhy")
	for _, s := range r.Subjects {
		for _, result := range s.Results {
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%d\t%s\n", s.Name, result.Test, result.Verdict, result.Figure, result.limit(), result.Judged, result.Reason)
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, s := range r.Subjects {
		for _, result := range s.Results {
			if len(result.Examples) == 0 {
				continue
			}
			if _, err := fmt.Fprintf(w, "\n%s, %s:\n", s.Name, result.Test); err != nil {
				return err
			}
			for _, e := range result.Examples {
				if _, err := fmt.Fprintf(w, "  %s\n", e); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (r Result) limit() string {
	if r.AtMost {
		return fmt.Sprintf("<= %g", r.Bound)
	}
	return fmt.Sprintf(">= %g", r.Bound)
}

// skip returns r as skipped.
func (r Result) skip(format string, args ...any) Result {
	r.Verdict, r.Reason, r.Figure = Skipped, fmt.Sprintf(format, args...), exact(math.NaN())
	return r
}

// judge sets the verdict by the figure, and drops examples of what passed.
func (r Result) judge() Result {
	r.Verdict = Failed
	if r.AtMost && r.Figure.Value <= r.Bound || !r.AtMost && r.Figure.Value >= r.Bound {
		r.Verdict, r.Examples = Passed, nil
	}
	return r
}

func exact(v float64) eval.Estimate {
	return eval.Estimate{Value: v, Low: math.NaN(), High: math.NaN()}
}
