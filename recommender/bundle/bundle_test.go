package bundle

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/embedder"
	"marquee/indexer"
	"marquee/recommender/rank"
)

// exact is the simplest index there is.
type exact struct {
	vecs []float32
	dims int
}

func (x exact) Len() int  { return len(x.vecs) / x.dims }
func (x exact) Dims() int { return x.dims }
func (x exact) Search(context.Context, []float32, int, indexer.Keep) ([]indexer.Hit, error) {
	return nil, nil
}

// open reads every index as an exact one.
var open = Opener{Index: openIndex}

func openIndex(kind string, vecs []float32, dims int, _ []byte) (indexer.Index, error) {
	if kind != "exact" {
		return nil, fmt.Errorf("index %q is not known", kind)
	}
	return exact{vecs, dims}, nil
}

// sample returns a bundle of four movies.
func sample(t testing.TB) *Bundle {
	t.Helper()
	movies := []catalog.Movie{{ID: "a", Title: "A", Year: 1999}, {ID: "b", Adult: true}, {ID: "c", ReleaseDate: "2001-02-03"}, {ID: "déjà+vu+2006", Title: "Déjà Vu"}}
	vecs := []float32{1, 0, 0, 1, 0.6, 0.8, 0, 0}
	rows, err := rank.NewMovies(movies)
	if err != nil {
		t.Fatal(err)
	}
	table, err := indexer.Neighbours(t.Context(), vecs, 2, 3, nil)
	if err != nil {
		t.Fatal(err)
	}
	cfg := rank.DefaultConfig()
	cfg.Knobs = rank.Knobs{Disliked: 0.5, Dismissed: 0.2, Neighbours: 100, Suggested: 300, Popular: 50, Fresh: 10} // of the fixtures, whatever the default is now
	stats, err := rank.NewStats(movies, rows, func(func(catalog.UserSeen, error) bool) {}, catalog.Scale5, cfg)
	if err != nil {
		t.Fatal(err)
	}
	h := &Histories{Scale: catalog.Scale5}
	h.Add("u1", rank.Taste{Watched: []rank.Watched{{Row: 2, Preference: 50}, {Row: 0, Preference: 10}}})
	h.Add("u2", rank.Taste{Watched: []rank.Watched{{Row: 1, Preference: 30}}})
	return &Bundle{
		Manifest: Manifest{
			Created: time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC), DataVersion: "d", Scale: catalog.Scale5, Ranking: cfg, Seed: 1,
			Embedder: embedder.ID{Model: "test", Revision: "1", Dims: 2, Precision: "f32"}, Index: Index{Kind: "exact"},
			Program: Program{Version: "v", Go: "go", Kernel: "go"},
		},
		Movies: rows, Vectors: vecs, Table: table, Stats: stats, Histories: h, Index: exact{vecs, 2}, Fitted: []byte("fitted"),
	}
}

func shelf(t testing.TB) *Shelf {
	t.Helper()
	s, err := OpenShelf(filepath.Join(t.TempDir(), "bundles"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func put(t testing.TB, s *Shelf, b *Bundle) Manifest {
	t.Helper()
	m, err := s.Put(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestRoundTrip(t *testing.T) {
	s, b := shelf(t), sample(t)
	b.Manifest.Sequence = 7
	m := put(t, s, b)
	if err := s.Publish(t.Context(), Publication{ID: m.ID}); err != nil {
		t.Fatal(err)
	}
	id, err := s.Live()
	if err != nil || id != m.ID {
		t.Fatalf("live is %q, %v; want %q", id, err, m.ID)
	}
	got, err := s.Load(t.Context(), id, open)
	if err != nil {
		t.Fatal(err)
	}
	b.Manifest = m
	if m.Sequence != 7 || m.Prior.Mean != 0.5 {
		t.Errorf("sequence %d, prior %+v; want 7 and a mean of 0.5", m.Sequence, m.Prior)
	}
	for _, c := range []struct {
		name      string
		got, want any
	}{
		{"manifest", got.Manifest, b.Manifest}, {"movies", got.Movies, b.Movies}, {"vectors", got.Vectors, b.Vectors},
		{"statistics", got.Stats, b.Stats}, {"histories", got.Histories, b.Histories}, {"fitted", got.Fitted, b.Fitted},
	} {
		if !reflect.DeepEqual(c.got, c.want) {
			t.Errorf("%s came back as %+v, want %+v", c.name, c.got, c.want)
		}
	}
	for row := range uint32(4) {
		if !reflect.DeepEqual(got.Table.Of(row), b.Table.Of(row)) {
			t.Errorf("neighbours of %d: %v, want %v", row, got.Table.Of(row), b.Table.Of(row))
		}
	}
	if taste, ok := got.Histories.Of("u1"); !ok || len(taste.Watched) != 2 || taste.Watched[0].Row != 2 {
		t.Errorf("history of u1: %v %v", taste, ok)
	}
	if _, ok := got.Histories.Of("nobody"); ok {
		t.Error("nobody has a history")
	}
	if v := got.Vector(2); v[0] != 0.6 || len(v) != 2 {
		t.Errorf("vector of row 2: %v", v)
	}
}

// The same content has the same ID whenever it is built, and stands once.
func TestIDIsOfTheContent(t *testing.T) {
	s := shelf(t)
	first := put(t, s, sample(t))
	again := sample(t)
	again.Manifest.Created = time.Now()
	again.Manifest.Program.Commit = "another"
	again.Manifest.Sequence = 99
	if m := put(t, s, again); m.ID != first.ID || !m.Created.Equal(first.Created) {
		t.Errorf("built again: %s of %v, want %s of %v", m.ID, m.Created, first.ID, first.Created)
	}
	other := sample(t)
	other.Stats.Quality[0] += 0.1
	if m := put(t, s, other); m.ID == first.ID {
		t.Error("other content has the same ID")
	}
	if list, err := s.List(); err != nil || len(list) != 2 {
		t.Errorf("%d bundles on the shelf (%v), want 2", len(list), err)
	}
}

// Any flipped bit of any file is noticed.
func TestFlippedBits(t *testing.T) {
	s := shelf(t)
	m := put(t, s, sample(t))
	names := []string{fileManifest}
	for _, f := range m.Files {
		names = append(names, f.Name)
	}
	for _, name := range names {
		path := filepath.Join(s.Dir(m.ID), name)
		good, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for at := 0; at < len(good); at += max(1, len(good)/40) {
			bad := append([]byte(nil), good...)
			bad[at] ^= 1 << (at % 8)
			write(t, path, bad)
			b, err := s.Load(t.Context(), m.ID, open)
			if err == nil && !reflect.DeepEqual(b.Manifest, m) {
				t.Errorf("%s with a flipped bit at %d was taken", name, at)
			}
			if err == nil && name != fileManifest {
				t.Errorf("%s with a flipped bit at %d was taken", name, at)
			}
			if err != nil && !errors.Is(err, ErrBroken) {
				t.Errorf("%s with a flipped bit at %d: %v, want ErrBroken", name, at, err)
			}
		}
		write(t, path, good[:len(good)/2])
		if _, err := s.Load(t.Context(), m.ID, open); !errors.Is(err, ErrBroken) {
			t.Errorf("half of %s: %v, want ErrBroken", name, err)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Load(t.Context(), m.ID, open); err == nil {
			t.Errorf("a bundle without %s was taken", name)
		}
		write(t, path, good)
	}
	if _, err := s.Load(t.Context(), m.ID, open); err != nil {
		t.Errorf("mended, it is still refused: %v", err)
	}
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// A broken bundle is not published, and building it again mends it in its place.
func TestBrokenIsNotPublishedButMended(t *testing.T) {
	s := shelf(t)
	m := put(t, s, sample(t))
	write(t, filepath.Join(s.Dir(m.ID), fileVectors), []byte("rubbish"))
	if err := s.Publish(t.Context(), Publication{ID: m.ID}); !errors.Is(err, ErrBroken) {
		t.Errorf("publish a broken bundle: %v, want ErrBroken", err)
	}
	if err := s.Verify(m.ID); !errors.Is(err, ErrBroken) {
		t.Errorf("verify a broken bundle: %v, want ErrBroken", err)
	}
	put(t, s, sample(t))
	if err := s.Publish(t.Context(), Publication{ID: m.ID}); err != nil {
		t.Errorf("publish the mended bundle: %v", err)
	}
}

// failing lets the n-th step of a disk fail.
type failing struct {
	disk
	left int
}

var errDisk = errors.New("no space left on device")

func (d *failing) step() error {
	if d.left--; d.left == 0 {
		return errDisk
	}
	return nil
}

func (d *failing) MkdirTemp(dir, pattern string) (string, error) {
	if err := d.step(); err != nil {
		return "", err
	}
	return d.disk.MkdirTemp(dir, pattern)
}

func (d *failing) WriteFile(name string, data []byte) error {
	if err := d.step(); err != nil {
		_ = d.disk.WriteFile(name, data[:len(data)/2]) // torn
		return err
	}
	return d.disk.WriteFile(name, data)
}

func (d *failing) SyncDir(name string) error {
	if err := d.step(); err != nil {
		return err
	}
	return d.disk.SyncDir(name)
}

func (d *failing) Rename(from, to string) error {
	if err := d.step(); err != nil {
		return err
	}
	return d.disk.Rename(from, to)
}

// Whichever step fails, the live bundle is the old one or the new one, whole.
func TestEveryStepMayFail(t *testing.T) {
	for n := 1; ; n++ {
		s := shelf(t)
		old := put(t, s, sample(t))
		if err := s.Publish(t.Context(), Publication{ID: old.ID}); err != nil {
			t.Fatal(err)
		}
		next := sample(t)
		next.Stats.Quality[1] = 0.25
		d := &failing{disk: osDisk{}, left: n}
		s.disk = d
		m, err := s.Put(t.Context(), next)
		if err == nil {
			err = s.Publish(t.Context(), Publication{ID: m.ID})
		}
		s.disk = osDisk{}
		if err != nil && !errors.Is(err, errDisk) {
			t.Fatalf("step %d: %v, want the disk's error", n, err)
		}
		live, lerr := s.Live()
		if lerr != nil {
			t.Fatalf("step %d: %v", n, lerr)
		}
		if live != old.ID && live != m.ID {
			t.Fatalf("step %d: live is %s, want %s or %s", n, live, old.ID, m.ID)
		}
		if _, err := s.Load(t.Context(), live, open); err != nil {
			t.Fatalf("step %d: the live bundle: %v", n, err)
		}
		if d.left > 0 { // no step failed: all were tried
			if live != m.ID {
				t.Fatal("nothing failed, and the new bundle is not live")
			}
			if n < 12 {
				t.Fatalf("only %d steps, want the whole of Put and Publish", n)
			}
			break
		}
		leftovers(t, s)
	}
}

// leftovers checks that a failed build leaves no draft behind.
func leftovers(t *testing.T, s *Shelf) {
	t.Helper()
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), draftPattern) {
			t.Errorf("a failed build left %s behind", e.Name())
		}
	}
}

func TestSweep(t *testing.T) {
	s := shelf(t)
	m := put(t, s, sample(t))
	for _, name := range []string{draftPattern + "old", draftPattern + "new"} {
		if err := os.Mkdir(filepath.Join(s.dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	old := time.Now().Add(-2 * draftAge)
	if err := os.Chtimes(filepath.Join(s.dir, draftPattern+"old"), old, old); err != nil {
		t.Fatal(err)
	}
	if n, err := s.Sweep(time.Now()); n != 1 || err != nil {
		t.Errorf("swept %d (%v), want 1", n, err)
	}
	if _, err := os.Stat(s.Dir(m.ID)); err != nil {
		t.Errorf("the bundle went too: %v", err)
	}
}

func TestNoLiveBundle(t *testing.T) {
	s := shelf(t)
	if _, err := s.Live(); !errors.Is(err, catalog.ErrNotFound) || !strings.Contains(err.Error(), "marquee build") {
		t.Errorf("empty shelf: %v, want not found and what to do", err)
	}
	write(t, filepath.Join(s.dir, pointerName), []byte("../../etc/passwd\n"))
	if _, err := s.Live(); !errors.Is(err, ErrBroken) {
		t.Errorf("rubbish in the pointer: %v, want ErrBroken", err)
	}
	if _, err := s.Manifest("0123456789abcdef"); !errors.Is(err, catalog.ErrNotFound) {
		t.Errorf("unknown bundle: %v, want not found", err)
	}
	if err := s.Publish(t.Context(), Publication{ID: "../x"}); !errors.Is(err, catalog.ErrInvalid) {
		t.Errorf("publish of no ID: %v, want invalid", err)
	}
}

func TestShelfThatCannotBe(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	write(t, file, nil)
	if _, err := OpenShelf(filepath.Join(file, "bundles")); err == nil {
		t.Error("a folder within a file was made")
	}
	var missing *fs.PathError
	if _, err := OpenShelf(filepath.Join(file, "bundles")); !errors.As(err, &missing) {
		t.Errorf("error %v, want one that names the path", err)
	}
}

// Rubbish in a column file is an error, never a panic, even with good checksums.
func FuzzDecode(f *testing.F) {
	b := sample(f)
	f.Add(encodeMovies(b.Movies), encodeStats(b.Stats), b.Histories.encode())
	f.Fuzz(func(t *testing.T, movies, stats, histories []byte) {
		if m, err := decodeMovies(movies); err == nil {
			if _, err := decodeStats(stats, m.Len()); err != nil && !errors.Is(err, ErrBroken) {
				t.Errorf("statistics: %v, want ErrBroken", err)
			}
		} else if !errors.Is(err, ErrBroken) {
			t.Errorf("movies: %v, want ErrBroken", err)
		}
		if h, err := decodeHistories(histories, 4); err == nil {
			for _, u := range h.Users {
				h.Of(u)
			}
		} else if !errors.Is(err, ErrBroken) {
			t.Errorf("histories: %v, want ErrBroken", err)
		}
	})
}
