package main

import (
	"fmt"
	"io"

	"marquee/catalog"
)

// writeRemoval writes what was removed of a person, or by age and number.
func writeRemoval(w io.Writer, r catalog.Removal) {
	fmt.Fprintf(w, "%d rows removed\n", r.Total())
	var rows [][]string
	for _, t := range []struct {
		name string
		n    int64
	}{
		{"histories", r.Seen}, {"people", r.Users}, {"accounts", r.Accounts}, {"quarantine", r.Quarantine}, {"exposures", r.Exposures},
		{"changes", r.Changes}, {"facts as they were", r.Versions}, {"intake", r.Intake}, {"posts", r.Offsets}, {"unknown ids", r.UnknownIDs},
		{"feedback", r.Feedback}, {"opinions", r.Opinions}, {"preferences", r.Preferences}, {"overrides of experiments", r.Overrides},
		{"hourly counts of lists", r.Rates},
	} {
		if t.n > 0 {
			rows = append(rows, []string{"  " + t.name, fmt.Sprint(t.n)})
		}
	}
	columns(w, rows...)
}
