package ledger

import (
	"fmt"
	"strings"
)

// A Fault says in which way a store differs from the book.
type Fault string

// The faults.
const (
	Missing Fault = "MISSING" // an event of the stream that is not in the store
	Double  Fault = "DOUBLE"  // an event that was applied more than once
	Phantom Fault = "PHANTOM" // something in the store that no event said
)

// A Finding is one difference.
type Finding struct {
	Fault Fault
	What  string // what was found, what was wanted, and the line that says so
}

// String returns the finding on one line.
func (f Finding) String() string { return string(f.Fault) + " " + f.What }

// Findings are the differences between a store and a book; none is what is
// wanted.
type Findings []Finding

func (f *Findings) add(fault Fault, format string, args ...any) {
	*f = append(*f, Finding{Fault: fault, What: fmt.Sprintf(format, args...)})
}

// Count returns how many findings are of a fault.
func (f Findings) Count(fault Fault) int {
	n := 0
	for _, one := range f {
		if one.Fault == fault {
			n++
		}
	}
	return n
}

// shown bounds a message.
const shown = 12

// String returns how many findings there are of each fault and the first of
// them.
func (f Findings) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d missing, %d double, %d phantom", f.Count(Missing), f.Count(Double), f.Count(Phantom))
	for i, one := range f {
		if i == shown {
			fmt.Fprintf(&b, "\n  and %d more", len(f)-shown)
			break
		}
		b.WriteString("\n  " + one.String())
	}
	return b.String()
}
