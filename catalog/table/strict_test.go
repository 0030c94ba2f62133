package table_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"marquee/catalog"
	"marquee/catalog/table"
)

// A strict import ends at the first wrong row; what stands before it is in, and is
// told.
func TestStrict(t *testing.T) {
	const text = `{"id":"a","title":"A"}` + "\n" + `{"id":"b","title":"B"}` + "\n" + `{"id":"a b"}` + "\n" + `{"id":"c","title":"C"}` + "\n"
	for _, strict := range []bool{false, true} {
		store := newFake()
		var taken []catalog.MovieID
		report, err := table.Import(t.Context(), store, write(t, text), table.Options{Strict: strict, Taken: func(id catalog.MovieID) { taken = append(taken, id) }})
		want := []catalog.MovieID{"a", "b"}
		if !strict {
			want = append(want, "c")
		}
		if slices.Sort(taken); !slices.Equal(taken, want) || len(store.movies) != len(want) || report.Movies.New != len(want) || report.Refused != 1 {
			t.Errorf("strict %v: took %q, report %+v; want %q", strict, taken, report, want)
		}
		if errors.Is(err, table.ErrRow) != strict || strict && !strings.Contains(err.Error(), ":3: ") {
			t.Errorf("strict %v: %v, want the line", strict, err)
		}
	}
}
