package dataset

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/parquet-go/parquet-go"
)

// seenNames are the columns of histories in the order of the file.
var seenNames = []string{"user_id", "movie_id", "seen_at", "rating", "share", "days"}

// A seenReader reads histories column by column, for they are the one long table:
// the library's reader of whole rows allocates four times a row, which made
// reading slower than gzipped CSV. A batch that it filled is good until the next.
type seenReader struct {
	groups  []parquet.RowGroup // that are not begun
	left    int                // rows of the current group
	columns []cursor           // of the current group
	rating  [batchRows]float64
	share   [batchRows]float64
	user    string
	movies  map[string]string // each id once
}

// internLimit bounds the ids of movies that a reader keeps.
const internLimit = 1 << 18

func openSeen(file io.ReaderAt, t Table) (_ rowReader[seenColumns], err error) {
	defer recovered(&err)
	f, err := parquet.OpenFile(file, t.Bytes, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return nil, broken(err)
	}
	var names []string
	for _, path := range f.Schema().Columns() {
		names = append(names, strings.Join(path, "."))
	}
	if !slices.Equal(names, seenNames) {
		return nil, fmt.Errorf("columns are %v, want %v: %w", names, seenNames, ErrBroken)
	}
	return &seenReader{groups: f.RowGroups(), movies: map[string]string{}}, nil
}

// next implements [rowReader].
func (r *seenReader) next(batch []seenColumns) (n int, err error) {
	defer recovered(&err)
	for r.left == 0 {
		if len(r.groups) == 0 {
			return 0, io.EOF
		}
		r.begin(r.groups[0])
		r.groups = r.groups[1:]
	}
	n = min(len(batch), r.left, batchRows)
	for i := range r.columns {
		if err := r.columns[i].read(n); err != nil {
			return 0, fmt.Errorf("column %s: %w", seenNames[i], broken(err))
		}
	}
	for i := range batch[:n] {
		r.row(i, &batch[i])
	}
	r.left -= n
	return n, nil
}

func (r *seenReader) begin(group parquet.RowGroup) {
	r.Close()
	r.left = int(group.NumRows())
	for _, chunk := range group.ColumnChunks() {
		r.columns = append(r.columns, cursor{pages: chunk.Pages()})
	}
}

// row puts the i-th values of the columns together.
func (r *seenReader) row(i int, row *seenColumns) {
	value := func(column int) *parquet.Value { return &r.columns[column].values[i] }
	if id := value(0).ByteArray(); string(id) != r.user {
		r.user = string(id)
	}
	*row = seenColumns{User: r.user, Movie: r.intern(value(1).ByteArray()), At: value(2).Int64(), Days: value(5).Int32()}
	if v := value(3); !v.IsNull() {
		r.rating[i] = v.Double()
		row.Rating = &r.rating[i]
	}
	if v := value(4); !v.IsNull() {
		r.share[i] = v.Double()
		row.Share = &r.share[i]
	}
}

func (r *seenReader) intern(id []byte) string {
	s, known := r.movies[string(id)]
	if !known {
		if len(r.movies) >= internLimit {
			clear(r.movies)
		}
		s = string(id)
		r.movies[s] = s
	}
	return s
}

// Close implements [rowReader].
func (r *seenReader) Close() error {
	for i := range r.columns {
		_ = r.columns[i].pages.Close() // was only read
	}
	r.columns = r.columns[:0]
	return nil
}

// A cursor reads one column of one row group.
type cursor struct {
	pages  parquet.Pages
	page   parquet.ValueReader // of the current page; nil before the first
	values []parquet.Value     // may point into pages, so none is given back to be used again
}

// read fills values with the next n.
func (c *cursor) read(n int) error {
	if c.values == nil {
		c.values = make([]parquet.Value, 0, batchRows)
	}
	c.values = c.values[:n]
	for filled := 0; filled < n; {
		if c.page == nil {
			page, err := c.pages.ReadPage()
			if err != nil {
				return atEnd(err)
			}
			c.page = page.Values()
		}
		k, err := c.page.ReadValues(c.values[filled:n])
		filled += k
		switch {
		case errors.Is(err, io.EOF):
			c.page = nil
		case err != nil:
			return err
		case k == 0:
			return io.ErrNoProgress
		}
	}
	return nil
}

// atEnd returns the error of a column that ends too early.
func atEnd(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
