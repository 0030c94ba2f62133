package quality

import (
	"fmt"
	"strings"
	"time"

	"marquee/catalog/report"
	"marquee/catalog/stats"
)

// MaxOffenders is how many failing rows of a check are named.
const MaxOffenders = 10

// An Outcome is what came of one check.
type Outcome struct {
	Check     `json:"check"`
	Line      int        `json:"line"` // of the schema
	Passed    bool       `json:"passed"`
	Nothing   bool       `json:"nothing,omitempty"`    // there was nothing to check; it passes
	Rows      int64      `json:"rows"`                 // that were checked (lines, of the intake)
	Failing   int64      `json:"failing"`              // of them
	Share     float64    `json:"share"`                // of them
	ShareLow  float64    `json:"share_low,omitempty"`  // the 95% interval of the share,
	ShareHigh float64    `json:"share_high,omitempty"` // if rows are seen as a sample
	Observed  string     `json:"observed"`
	Wanted    string     `json:"wanted"`
	Offenders []Offender `json:"offenders,omitempty"` // the first ones, at most MaxOffenders
	Hidden    bool       `json:"hidden,omitempty"`    // what names a person was left out of Offenders
}

// An Offender is a failing row.
type Offender struct {
	Row   string `json:"row,omitempty"`   // its key; left out if it names a person
	Value string `json:"value,omitempty"` // likewise
}

// String returns the offender for a reader.
func (o Offender) String() string {
	switch {
	case o.Row == "":
		return o.Value
	case o.Value == "" || strings.Contains(o.Row, o.Value):
		return o.Row
	}
	return o.Row + ": " + o.Value
}

// subject names what a check looks at: "movies.year".
func (c Check) subject() string {
	if c.Column == "" {
		return c.Table
	}
	return c.Table + "." + c.Column
}

// shareOutcome is that of a check of rows.
func (o *Outcome) shareOutcome(failing, rows int64, what string) {
	o.Rows, o.Failing, o.Share = rows, failing, share(failing, rows)
	o.Nothing = rows == 0
	o.Passed = o.Nothing || o.Share <= o.MaxShare
	o.Wanted = what
	if o.MaxShare > 0 {
		o.Wanted += fmt.Sprintf(", but for at most %s of the rows", report.Percent(o.MaxShare))
	}
	if o.Nothing {
		o.Observed = "nothing to check"
		return
	}
	o.ShareLow, o.ShareHigh = stats.ShareInterval(float64(failing), float64(rows), 0.95)
	o.Observed = fmt.Sprintf("%s of %s fail (%s)", report.Count(failing), report.Count(rows), report.Percent(o.Share))
}

// rowsOutcome is that of a check of how many rows there are.
func (o *Outcome) rowsOutcome(rows int64) {
	o.Rows, o.Observed = rows, report.Count(rows)+" rows"
	if o.Kind == MinRows {
		o.Passed, o.Wanted = rows >= o.Check.Rows, report.Count(o.Check.Rows)+" rows or more"
	} else {
		o.Passed, o.Wanted = rows <= o.Check.Rows, report.Count(o.Check.Rows)+" rows or fewer"
	}
}

// freshOutcome is that of a check of the newest time.
func (o *Outcome) freshOutcome(newest *time.Time, now time.Time) {
	o.Wanted = fmt.Sprintf("at most %s hours old", report.Number(o.Hours))
	if newest == nil {
		o.Passed, o.Nothing, o.Observed = true, true, "nothing to check"
		return
	}
	age := now.Sub(*newest)
	o.Passed = age.Hours() <= o.Hours
	o.Observed = fmt.Sprintf("newest is %s, %s hours old", clock(*newest), report.Number(float64(int(age.Hours()*10))/10))
}

// driftOutcome is that of a check of the drift.
func (o *Outcome) driftOutcome(d Drift) {
	o.Wanted = "no drift that is " + string(DriftLarge)
	if o.Level == DriftModerate {
		o.Wanted = "no drift that is moderate or large"
	}
	var moved []string
	for _, f := range d.Features {
		if o.Column != "*" && o.Column != f.Name {
			continue
		}
		if f.Verdict.compared() {
			o.Rows++
		}
		if f.Verdict == DriftLarge || f.Verdict == DriftModerate && o.Level == DriftModerate {
			moved = append(moved, fmt.Sprintf("%s (%s)", f.Name, f.Verdict))
			o.Offenders = append(o.Offenders, Offender{Row: f.Name, Value: f.Why})
		}
	}
	o.Failing, o.Share = int64(len(moved)), share(int64(len(moved)), o.Rows)
	o.Passed, o.Nothing = len(moved) == 0, o.Rows == 0
	switch {
	case o.Nothing:
		o.Observed = "nothing to compare"
	case o.Passed:
		o.Observed = fmt.Sprintf("none of %d features", o.Rows)
	default:
		o.Observed = strings.Join(moved, ", ")
	}
}
