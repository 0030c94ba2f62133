package precomputed

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"marquee/catalog/durable"
	"marquee/recommender/column"
)

// A chunk is the lists of some people who follow one another.
type chunk struct {
	starts []uint32 // [people+1]
	rows   []uint32
}

func (c *chunk) list(i int) []uint32 { return c.rows[c.starts[i]:c.starts[i+1]] }

// An identity is a digest of all that a chunk's lists follow from, as far as the
// caller's key tells it.
type identity [sha256.Size]byte

func (p *Plan) identity(from, to int) identity {
	h := sha256.New()
	fmt.Fprintf(h, "lists 1 %q n=%d movies=%d from=%d\n", p.Key, p.N, p.Model.Len(), from)
	for _, u := range p.Users[from:to] {
		fmt.Fprintf(h, "%q\n", u)
	}
	return identity(h.Sum(nil))
}

func chunkName(dir string, number int) string {
	return filepath.Join(dir, fmt.Sprintf("chunk-%07d.lists", number))
}

// encode returns the chunk, its identity first and a digest of all that last.
func (c *chunk) encode(id identity) []byte {
	var e column.Encoder
	e.Bytes(id[:])
	e.Uint32s(c.starts)
	e.Uint32s(c.rows)
	sum := sha256.Sum256(e.Data)
	return append(e.Data, sum[:]...)
}

// errOther reports a file that is whole, but of something else.
var errOther = errors.New("chunk of other lists")

// decodeChunk returns the lists of people people, on a catalog of movies movies.
func decodeChunk(data []byte, id identity, people, movies int) (*chunk, error) {
	n := len(data) - sha256.Size
	if n < 0 {
		return nil, column.ErrBroken
	}
	if sum := sha256.Sum256(data[:n]); !bytes.Equal(sum[:], data[n:]) {
		return nil, column.ErrBroken
	}
	d := column.NewDecoder(data[:n])
	if !bytes.Equal(d.Bytes(), id[:]) {
		return nil, errOther
	}
	c := &chunk{starts: d.Uint32s(), rows: d.Uint32s()}
	if err := d.Finish(); err != nil {
		return nil, err
	}
	if len(c.starts) != people+1 || c.starts[0] != 0 || int(c.starts[people]) != len(c.rows) {
		return nil, column.ErrBroken
	}
	for i := range people {
		if c.starts[i] > c.starts[i+1] {
			return nil, column.ErrBroken
		}
	}
	for _, r := range c.rows {
		if int(r) >= movies {
			return nil, column.ErrBroken
		}
	}
	return c, nil
}

const unfinished = "unfinished-*"

// save writes the file of a chunk beside its place, syncs it and moves it there.
func (c *chunk) save(dir string, number int, id identity) error {
	f, err := os.CreateTemp(dir, unfinished)
	if err != nil {
		return err
	}
	if err := durable.WriteAll(f, c.encode(id)); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	if err := os.Rename(f.Name(), chunkName(dir, number)); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return durable.SyncDir(dir)
}

// sweep removes what a run that was killed left half written.
func sweep(dir string) error {
	names, err := filepath.Glob(filepath.Join(dir, unfinished))
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}
