package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"marquee/catalog"
)

// print writes a result: v as JSON, or what text writes.
func (e *env) print(v any, text func(w io.Writer)) error {
	if e.json() {
		enc := json.NewEncoder(e.stdout)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		return enc.Encode(v)
	}
	text(e.stdout)
	return nil
}

// columns writes rows with columns aligned; the first row is the header.
func columns(w io.Writer, rows ...[]string) {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, r := range rows {
		fmt.Fprintln(tw, strings.Join(r, "\t"))
	}
	tw.Flush()
}

// shownFaults is how many faults of an import are written to a terminal.
const shownFaults = 10

// printReport writes what an import did. That every row was refused is an error:
// the file is probably not what the command took it for.
func (e *env) printReport(r catalog.Report) error {
	if err := e.writeReport(r); err != nil {
		return err
	}
	taken := r.Movies.Total() + r.Users.Total() + r.Ratings.Total() + r.Watches.Total()
	if taken == 0 && r.Refused > 0 {
		return fmt.Errorf("all %d rows were refused; is the file of the --kind that was said?", r.Refused)
	}
	return nil
}

func (e *env) writeReport(r catalog.Report) error {
	return e.print(r, func(w io.Writer) { writeTallies(w, r) })
}

// writeTallies writes what an import did, and its first faults.
func writeTallies(w io.Writer, r catalog.Report) {
	rows := [][]string{{"", "new", "changed", "same"}}
	for _, t := range []struct {
		name  string
		tally catalog.Tally
	}{{"movies", r.Movies}, {"people", r.Users}, {"ratings", r.Ratings}, {"watches", r.Watches}} {
		if t.tally.Total() > 0 {
			rows = append(rows, []string{t.name, fmt.Sprint(t.tally.New), fmt.Sprint(t.tally.Changed), fmt.Sprint(t.tally.Same)})
		}
	}
	columns(w, rows...)
	fmt.Fprintf(w, "%d rows refused, %d taken after mending\n", r.Refused, r.Mended)
	for _, f := range r.Faults[:min(shownFaults, len(r.Faults))] {
		fmt.Fprintf(w, "  %s\n", f)
	}
	if hidden := r.Refused + r.Mended - shownFaults; hidden > 0 && len(r.Faults) > shownFaults {
		fmt.Fprintf(w, "  and %d more; --output json lists up to %d\n", hidden, catalog.MaxFaults)
	}
}
