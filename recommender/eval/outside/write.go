package outside

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"marquee/catalog"
	"marquee/catalog/durable"
	"marquee/recommender/eval"
)

// The files of a folder that [WriteSplit] wrote.
const (
	TrainFile    = "train.tsv"  // user, item, rating, time under a header
	TestFile     = "test.tsv"   // likewise
	MoviesFile   = "movies.txt" // all movies that can be listed, an id a line
	ManifestFile = "manifest.json"
)

// A Manifest says what a folder with a split holds.
type Manifest struct {
	Protocol string        `json:"protocol"`
	Seed     uint64        `json:"seed"`
	Scale    catalog.Scale `json:"scale"`
	Columns  []string      `json:"columns"`
	Users    int           `json:"users"`
	Movies   int           `json:"movies"`
	Train    Part          `json:"train"`
	Test     Part          `json:"test"`
	Catalog  Part          `json:"catalog"`
	Notes    []string      `json:"notes"`
}

// A Part is a file of the folder.
type Part struct {
	File   string `json:"file"`
	Rows   int    `json:"rows"`
	Users  int    `json:"users,omitempty"`
	SHA256 string `json:"sha256"`
}

var notes = []string{
	"Learn from train.tsv alone. Rank all movies of movies.txt that the user has not in train.tsv; nothing is sampled.",
	"rating is empty for a movie that was watched and not rated; time is in Unix seconds.",
	"Write lists as user, tab, item, tab, rank, best first, and judge them by the same truth.",
}

// WriteSplit writes s to the folder dir, which it makes if need be, so that
// another program can be judged on the very same parts: see [TrainFile] and the
// rest. The manifest is written last, and every file appears whole or not at
// all. How much of a movie was watched is not kept. scale may be zero.
func WriteSplit(dir string, s *eval.Split, scale catalog.Scale, seed uint64) (*Manifest, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("write split: %w", err)
	}
	m := &Manifest{
		Protocol: s.Protocol, Seed: seed, Scale: scale, Columns: []string{"user", "item", "rating", "time"},
		Users: len(s.Train.Users), Movies: len(s.Train.Movies), Notes: notes,
	}
	for _, f := range []struct {
		part *Part
		name string
		rows func(*bufio.Writer, *Part)
	}{
		{&m.Train, TrainFile, func(w *bufio.Writer, p *Part) {
			writeRows(w, p, s.Train, func(i int) []eval.Seen { return s.Train.Users[i].Seen })
		}},
		{&m.Test, TestFile, func(w *bufio.Writer, p *Part) {
			writeRows(w, p, s.Train, func(i int) []eval.Seen { return s.Truth[i] })
		}},
		{&m.Catalog, MoviesFile, func(w *bufio.Writer, p *Part) {
			for _, id := range s.Train.Movies {
				w.WriteString(string(id) + "\n")
				p.Rows++
			}
		}},
	} {
		f.part.File = f.name
		if err := writePart(dir, f.part, f.rows); err != nil {
			return nil, fmt.Errorf("write split: %w", err)
		}
	}
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write split: %w", err)
	}
	if err := writeFile(filepath.Join(dir, ManifestFile), func(w io.Writer) error {
		_, err := w.Write(append(text, '\n'))
		return err
	}); err != nil {
		return nil, fmt.Errorf("write split: %w", err)
	}
	return m, durable.SyncDir(dir)
}

func writeRows(w *bufio.Writer, p *Part, d *eval.Data, of func(i int) []eval.Seen) {
	w.WriteString("user\titem\trating\ttime\n")
	var line []byte
	for i, u := range d.Users {
		seen := of(i)
		if len(seen) > 0 {
			p.Users++
		}
		for _, s := range seen {
			line = append(line[:0], u.User...)
			line = append(append(line, '\t'), d.Movies[s.Movie]...)
			line = append(line, '\t')
			if s.Rated {
				line = strconv.AppendFloat(line, float64(s.Rating), 'g', -1, 32)
			}
			line = appendTime(append(line, '\t'), s.At)
			_, _ = w.Write(append(line, '\n')) // Flush has the error
			p.Rows++
		}
	}
}

// appendTime writes microseconds as seconds, with a fraction if there is one.
func appendTime(to []byte, micros int64) []byte {
	if micros < 0 {
		to, micros = append(to, '-'), -micros
	}
	to = strconv.AppendInt(to, micros/1e6, 10)
	if rest := micros % 1e6; rest != 0 {
		to = append(to, bytes.TrimRight(fmt.Appendf(nil, ".%06d", rest), "0")...)
	}
	return to
}

func writePart(dir string, p *Part, rows func(*bufio.Writer, *Part)) error {
	sum := sha256.New()
	err := writeFile(filepath.Join(dir, p.File), func(w io.Writer) error {
		out := bufio.NewWriter(io.MultiWriter(w, sum))
		rows(out, p)
		return out.Flush()
	})
	p.SHA256 = hex.EncodeToString(sum.Sum(nil))
	return err
}

// writeFile writes a file under another name and gives it its own when it is
// whole and synced.
func writeFile(name string, write func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(name), ".draft-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // of a draft that stayed one
	if err = f.Chmod(0o644); err == nil {
		err = write(f)
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}
