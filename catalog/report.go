package catalog

import (
	"fmt"
)

// MaxFaults is how many faults a [Report] keeps in full; the rest are counted.
const MaxFaults = 1000

// A Fault is one row that could not be taken as it was.
type Fault struct {
	File   string `json:"file,omitempty"`
	Line   int    `json:"line,omitempty"` // from 1; 0 if the source has no lines
	Reason string `json:"reason"`
}

// String returns "file:line: reason".
func (f Fault) String() string {
	switch {
	case f.File == "":
		return f.Reason
	case f.Line == 0:
		return fmt.Sprintf("%s: %s", f.File, f.Reason)
	}
	return fmt.Sprintf("%s:%d: %s", f.File, f.Line, f.Reason)
}

// A Report says what an import did. New, Changed and Same count rows that went
// in: importing twice gives the same store and a report with only Same.
type Report struct {
	Movies  Tally   `json:"movies"`
	Users   Tally   `json:"users"`
	Ratings Tally   `json:"ratings"`
	Watches Tally   `json:"watches"`
	Refused int     `json:"refused"`          // rows left out
	Mended  int     `json:"mended"`           // rows taken after something was cut or dropped
	Faults  []Fault `json:"faults,omitempty"` // the first MaxFaults of both
}

// A Tally counts the rows of one kind.
type Tally struct {
	New     int `json:"new"`
	Changed int `json:"changed"`
	Same    int `json:"same"`
}

// Add adds u to t.
func (t *Tally) Add(u Tally) {
	t.New += u.New
	t.Changed += u.Changed
	t.Same += u.Same
}

// Total returns how many rows went in.
func (t Tally) Total() int { return t.New + t.Changed + t.Same }

// Refuse counts a row that was left out.
func (r *Report) Refuse(file string, line int, reason string) {
	r.Refused++
	r.fault(file, line, reason)
}

// Mend counts a row that was taken after something in it was cut or dropped.
func (r *Report) Mend(file string, line int, reason string) {
	r.Mended++
	r.fault(file, line, reason)
}

func (r *Report) fault(file string, line int, reason string) {
	if len(r.Faults) < MaxFaults {
		r.Faults = append(r.Faults, Fault{File: file, Line: line, Reason: reason})
	}
}
