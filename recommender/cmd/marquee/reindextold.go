package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"marquee/catalog"
	"marquee/recommender/bundle"
	"marquee/recommender/pipeline"
)

// A reindexed is the result of reindex.
type reindexed struct {
	Import    *catalog.Report   `json:"import,omitempty"`
	Removed   int               `json:"removed_from_store,omitempty"` // by --whole
	Found     tally             `json:"found"`
	Preview   *pipeline.Preview `json:"preview,omitempty"` // of a dry run
	Work      pipeline.Work     `json:"work"`
	Bundle    *bundle.Manifest  `json:"bundle,omitempty"` // nil if nothing was made
	Published bool              `json:"published"`
	Seconds   float64           `json:"seconds"` // without the import
	Beside    float64           `json:"seconds_beside_embedding"`

	shown int // movies of each kind of a dry run
}

// A tally is how many movies a reindex is about.
type tally struct {
	Added    int    `json:"added"`
	Changed  int    `json:"changed"` // of another text
	Facts    int    `json:"facts"`   // of the same text, and other facts
	Removed  int    `json:"removed"`
	Compared int    `json:"compared"` // movies looked at
	How      string `json:"how"`      // changes, ids or all

	Hidden    int `json:"hidden"`    // hidden since the bundle was made, or listed again
	Corrected int `json:"corrected"` // corrections of neighbours that came or went
}

func tallyOf(f pipeline.Found, b *bundle.Bundle) tally {
	t := tally{Added: len(f.Added), Changed: len(f.Changed), Facts: len(f.Facts), Removed: len(f.Removed), Compared: f.Compared, How: f.How}
	if f.Editorial == nil {
		return t
	}
	pair := func(c catalog.Correction) [3]string {
		return [3]string{string(c.Movie), string(c.Other), fmt.Sprint(c.Kind)}
	}
	t.Hidden = differing(f.Editorial.Hidden, b.Hidden, func(id catalog.MovieID) catalog.MovieID { return id })
	t.Corrected = differing(f.Editorial.Corrections, b.Corrections, pair)
	return t
}

// differing returns how many are in only one of two lists of which key names each.
func differing[T any, K comparable](a, b []T, key func(T) K) int {
	in := make(map[K]int)
	for _, x := range a {
		in[key(x)] |= 1
	}
	for _, x := range b {
		in[key(x)] |= 2
	}
	n := 0
	for _, which := range in {
		if which != 3 {
			n++
		}
	}
	return n
}

// String returns it in words.
func (t tally) String() string {
	text := fmt.Sprintf("%d added, %d changed, %d with other facts, %d removed", t.Added, t.Changed, t.Facts, t.Removed)
	if t.Hidden > 0 {
		text += fmt.Sprintf(", %d hidden or listed again", t.Hidden)
	}
	if t.Corrected > 0 {
		text += fmt.Sprintf(", %d corrections of neighbours", t.Corrected)
	}
	return text
}

// text writes the result for people.
func (r reindexed) text(w io.Writer) {
	if r.Import != nil {
		writeTallies(w, *r.Import)
		if r.Removed > 0 {
			fmt.Fprintf(w, "%d movies that the file does not name were removed\n", r.Removed)
		}
	}
	switch {
	case r.Preview != nil:
		writePreview(w, *r.Preview, r.Found, r.shown)
		return
	case r.Bundle == nil:
		fmt.Fprintf(w, "nothing to do: the live bundle has all of it (%d movies compared, by %s)\n", r.Found.Compared, r.Found.How)
		return
	}
	fmt.Fprintf(w, "%s; %d texts embedded, %d known\n", r.Found, r.Work.Embedded, r.Work.Cached)
	fmt.Fprintf(w, "bundle %s", r.Bundle.ID)
	if l := r.Bundle.Later; l != nil {
		fmt.Fprintf(w, ", laid over build %s", l.Base)
	}
	if r.Published {
		fmt.Fprint(w, ", live now")
	} else {
		fmt.Fprintf(w, "; \"marquee bundle publish %s\" makes it live", r.Bundle.ID)
	}
	fmt.Fprintf(w, "\n%.2f s, %.2f s of it beside embedding\n", r.Seconds, r.Beside)
}

// writePreview writes what a reindex would change, with at most shown movies of a kind.
func writePreview(w io.Writer, p pipeline.Preview, found tally, shown int) {
	for _, part := range []struct {
		what   string
		movies []pipeline.Named
	}{{"would add", p.Added}, {"would change", p.Changed}, {"would take over other facts of", p.Facts}, {"would remove", p.Removed}} {
		if len(part.movies) == 0 {
			continue
		}
		fmt.Fprintf(w, "%s %d movies:\n", part.what, len(part.movies))
		for _, m := range part.movies[:min(shown, len(part.movies))] {
			fmt.Fprintf(w, "  %s (%s)\n", m.Label, m.Movie)
		}
		if more := len(part.movies) - shown; more > 0 {
			fmt.Fprintf(w, "  and %d more\n", more)
		}
	}
	if found.Hidden+found.Corrected > 0 {
		fmt.Fprintf(w, "would take in %d movies hidden or listed again, and %d corrections of neighbours\n", found.Hidden, found.Corrected)
	}
	if p.Affected == 0 {
		fmt.Fprintln(w, "no neighbours would move")
		return
	}
	fmt.Fprintf(w, "neighbours of %d movies would move; most of all those of\n", p.Affected)
	rows := [][]string{{"  movie", "the same", "goes", "comes"}}
	for _, m := range p.Moved {
		rows = append(rows, []string{"  " + m.Label, fmt.Sprintf("%.0f%%", 100*m.Overlap), without(m.Before, m.After), without(m.After, m.Before)})
	}
	columns(w, rows...)
}

// without names the first of a that are not in b.
func without(a, b []pipeline.Named) string {
	var names []string
	for _, m := range a {
		if !slices.ContainsFunc(b, func(n pipeline.Named) bool { return n.Movie == m.Movie }) {
			names = append(names, m.Label)
		}
	}
	const shown = 3
	text := strings.Join(names[:min(shown, len(names))], ", ")
	if more := len(names) - shown; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}
