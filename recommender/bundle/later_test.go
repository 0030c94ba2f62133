package bundle

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"marquee/catalog"
	"marquee/indexer"
	"marquee/recommender/column"
	"marquee/recommender/model"
	"marquee/recommender/model/precomputed"
	"marquee/recommender/overlay"
)

// groundwork is a shelf with one build of ten movies on it.
func groundwork(t testing.TB) (*Shelf, *Bundle, Manifest) {
	t.Helper()
	s := shelf(t)
	s.disk = unsynced{}
	b := built(t, rand.New(rand.NewPCG(7, 7)), 10)
	m := put(t, s, b)
	publish(t, s, m.ID)
	return s, b, m
}

// coming is a movie that comes later.
func coming(id catalog.MovieID) overlay.Added {
	r := rand.New(rand.NewPCG(uint64(id[len(id)-1]), 9))
	a := overlay.Added{Movie: film(r, id), Vector: []float32{0, 0.6, 0.8, 0}}
	a.Movie.Adult = false
	return a
}

// smallPatch adds one movie, edits one, removes one, hides one and corrects one.
func smallPatch() Patch {
	return Patch{
		Added: []overlay.Added{coming("x1"), coming("m03")}, Removed: []catalog.MovieID{"m05"}, Hidden: []catalog.MovieID{"m06"},
		Corrections: []catalog.Correction{{Movie: "m00", Other: "x1", Kind: catalog.Pin, At: time.Unix(5, 0).UTC(), Note: "why"}},
	}
}

func patched(t testing.TB, s *Shelf, base string, p Patch) Manifest {
	t.Helper()
	m, err := s.PutPatch(t.Context(), base, p, nil)
	fatal(t, err)
	return m
}

func loaded(t testing.TB, s *Shelf, id string) *Bundle {
	t.Helper()
	b, err := s.Load(t.Context(), id, world)
	fatal(t, err)
	return b
}

// A patch writes what came later and nothing else: the other files are those of the
// build.
func TestPatchSharesFiles(t *testing.T) {
	s, _, base := groundwork(t)
	m := patched(t, s, base.ID, smallPatch())
	if m.Format != Format || m.Counts.Movies != 10 || *m.Later != (Later{Base: base.ID, Rows: 11, Added: 1, Changed: 1, Removed: 1}) {
		t.Errorf("manifest %+v, %+v", m, m.Later)
	}
	shared := 0
	for _, f := range m.Files {
		own, err := os.Stat(filepath.Join(s.Dir(m.ID), f.Name))
		fatal(t, err)
		old, err := os.Stat(filepath.Join(s.Dir(base.ID), f.Name))
		if err == nil && os.SameFile(own, old) {
			shared++
		} else if f.Name != fileLater && f.Name != fileEditorial || f.Bytes > 1000 {
			t.Errorf("%s of %d bytes was written", f.Name, f.Bytes)
		}
	}
	if shared != len(base.Files) {
		t.Errorf("%d files shared, want all %d", shared, len(base.Files))
	}
	b := loaded(t, s, m.ID)
	if !slices.Equal(b.Hidden, []catalog.MovieID{"m06"}) || len(b.Corrections) != 1 || b.Corrections[0] != smallPatch().Corrections[0] {
		t.Errorf("hidden %v, corrections %+v", b.Hidden, b.Corrections)
	}
	snap, err := b.Snapshot()
	fatal(t, err)
	row, _ := b.Movies.Row("m06")
	if gone, _ := b.Movies.Row("m05"); !snap.Hidden(row) || !snap.Hidden(gone) || snap.Hidden(0) {
		t.Error("what was hidden and what left is listed")
	}
	if x1, _ := b.Movies.Row("x1"); snap.Table.Of(0)[0].Row != x1 || b.Table.Of(0)[0] == snap.Table.Of(0)[0] {
		t.Errorf("neighbours %v with corrections and %v without", snap.Table.Of(0), b.Table.Of(0))
	}
}

// Where files cannot have two names they are copied; another error is the caller's.
func TestPatchWithoutLinks(t *testing.T) {
	for _, refusal := range []error{syscall.EXDEV, syscall.EPERM, syscall.EMLINK, syscall.ENOTSUP} {
		s, _, base := groundwork(t)
		linked := patched(t, s, base.ID, smallPatch())
		fatal(t, os.RemoveAll(s.Dir(linked.ID)))
		s.disk = unlinked{unsynced{}, &os.LinkError{Op: "link", Old: "a", New: "b", Err: refusal}}
		m := patched(t, s, base.ID, smallPatch())
		if m.ID != linked.ID {
			t.Errorf("%v: %s, want %s", refusal, m.ID, linked.ID)
		}
		write(t, filepath.Join(s.Dir(base.ID), fileVectors), []byte("rubbish"))
		loaded(t, s, m.ID)
	}
	s, _, base := groundwork(t)
	s.disk = unlinked{unsynced{}, syscall.ENOSPC}
	if _, err := s.PutPatch(t.Context(), base.ID, smallPatch(), nil); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("%v, want the disk's error", err)
	}
	leftovers(t, s)
}

// An unlinked disk gives no file a second name.
type unlinked struct {
	unsynced
	err error
}

func (d unlinked) Link(string, string) error { return d.err }

// What cannot be laid over a build is refused, and nothing is written.
func TestPatchRefuses(t *testing.T) {
	s, _, base := groundwork(t)
	long := coming("x1")
	long.Movie.Title = strings.Repeat("x", catalog.MaxTextBytes+1)
	short, crooked := coming("x1"), coming("x1")
	short.Vector, crooked.Vector = short.Vector[:3], []float32{1, 1, 0, 0}
	for name, c := range map[string]struct {
		patch Patch
		want  error
	}{
		"both":       {Patch{Added: []overlay.Added{coming("x1")}, Removed: []catalog.MovieID{"x1"}}, catalog.ErrInvalid},
		"no id":      {Patch{Added: []overlay.Added{{Vector: make([]float32, worldDims)}}}, catalog.ErrInvalid},
		"short":      {Patch{Added: []overlay.Added{short}}, indexer.ErrDims},
		"crooked":    {Patch{Added: []overlay.Added{crooked}}, indexer.ErrRow},
		"long":       {Patch{Added: []overlay.Added{long}}, catalog.ErrInvalid},
		"hidden":     {Patch{Hidden: []catalog.MovieID{""}}, catalog.ErrInvalid},
		"correction": {Patch{Corrections: []catalog.Correction{{Movie: "m00", Other: "m01", Kind: "praise"}}}, catalog.ErrInvalid},
	} {
		if _, err := s.PutPatch(t.Context(), base.ID, c.patch, nil); !errors.Is(err, c.want) || !errors.Is(err, catalog.ErrInvalid) || isBroken(err) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if _, err := s.PutPatch(t.Context(), "0123456789abcdef", smallPatch(), nil); !errors.Is(err, catalog.ErrNotFound) {
		t.Errorf("over no bundle: %v, want not found", err)
	}
	write(t, filepath.Join(s.Dir(base.ID), fileMovies), []byte("rubbish"))
	if _, err := s.PutPatch(t.Context(), base.ID, smallPatch(), nil); !errors.Is(err, ErrBroken) {
		t.Errorf("over a broken bundle: %v, want broken", err)
	}
	if list, err := s.List(); err != nil || len(list) != 1 {
		t.Errorf("%d bundles on the shelf, %v", len(list), err)
	}
	leftovers(t, s)
}

// What edit says stands, but for what PutPatch knows better.
func TestPatchIsEdited(t *testing.T) {
	s, _, base := groundwork(t)
	at := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	m, err := s.PutPatch(t.Context(), base.ID, smallPatch(), func(m *Manifest) {
		m.Created, m.Sequence, m.DataVersion, m.Gates = at, 99, "other", []Gate{{Name: "recall", Passed: true}}
		m.Later.Base, m.Later.Measured = "nonsense", &indexer.Measured{K: 20}
	})
	fatal(t, err)
	b := loaded(t, s, m.ID)
	if x := b.Manifest; !x.Created.Equal(at) || x.Sequence != 99 || x.DataVersion != "other" || len(x.Gates) != 1 || x.Later.Base != base.ID || x.Later.Measured.K != 20 || x.Parent != base.ID {
		t.Errorf("manifest %+v, %+v", x, x.Later)
	}
	if base.Gates != nil || base.Models[0].Rows != 0 {
		t.Error("the manifest of the base has changed")
	}
}

// Movies without a text are counted by their documents.
func TestPatchCountsEmptyDocuments(t *testing.T) {
	s, _, base := groundwork(t)
	mute := overlay.Added{Movie: catalog.Movie{ID: "x2", Year: 1999}, Vector: make([]float32, worldDims)}
	silent := mute
	silent.Movie.ID = "m01"
	m := patched(t, s, base.ID, Patch{Added: []overlay.Added{mute, silent}})
	if m.Counts.Empty != 2 {
		t.Errorf("%d movies without a text, want 2", m.Counts.Empty)
	}
	m = patched(t, s, m.ID, Patch{Added: []overlay.Added{coming("m01")}, Removed: []catalog.MovieID{"x2"}})
	if m.Counts.Empty != 0 {
		t.Errorf("%d movies without a text, want none", m.Counts.Empty)
	}
}

// Lists that were made of a bundle with a patch name later movies. They stay with
// their movies whatever is laid over it next, and a movie that left has its row still.
func TestListsOfPatchedBundle(t *testing.T) {
	s, _, base := groundwork(t)
	first := patched(t, s, base.ID, Patch{Added: []overlay.Added{coming("x1"), coming("x2")}})
	b := loaded(t, s, first.ID)
	x2, _ := b.Movies.Row("x2")
	made, err := precomputed.Decode(listsOf("u0", x2, 0), b.Movies.Len())
	fatal(t, err)
	b.Lists = map[string]*precomputed.Table{"near": made}
	b.Models = slices.Clone(b.Models)
	b.Models[3].Model = precomputed.New(precomputed.Config{Lists: "near"}, b.Base(nil))
	listed := put(t, s, b)
	if listed.Later == nil || listed.Later.Rows != 12 || listed.Models[3].Rows != 0 || listed.Models[0].Rows != 10 {
		t.Fatalf("manifest %+v, %+v", listed.Later, listed.Models)
	}
	again := patched(t, s, listed.ID, Patch{Removed: []catalog.MovieID{"x1"}, Added: []overlay.Added{coming("x3")}})
	if again.Later.Rows != 13 || again.Later.Added != 2 || again.Later.Removed != 0 || again.Counts.Movies != 12 || again.Models[3].Rows != 0 || again.Models[0].Rows != 10 {
		t.Fatalf("manifest %+v, %+v, %+v", again.Later, again.Counts, again.Models)
	}
	for _, id := range []string{listed.ID, again.ID} {
		if got := list(t, loaded(t, s, id), "near-precomputed", "u0"); !slices.Equal(got[:2], []catalog.MovieID{"x2", "m00"}) {
			t.Errorf("bundle %s lists %v, want x2 and m00", id, got)
		}
	}
	if got := put(t, s, loaded(t, s, again.ID)); got.ID != again.ID {
		t.Errorf("put again it is %s, want %s", got.ID, again.ID)
	}
}

// listsOf returns the lists of one person.
func listsOf(u catalog.UserID, rows ...uint32) []byte {
	var e column.Encoder
	column.EncodeStrings(&e, []catalog.UserID{u})
	e.Uint32s([]uint32{0, uint32(len(rows))})
	e.Uint32s(rows)
	return e.Data
}

// The parts that a patch is laid over cannot be changed, and movies that left cannot
// be written but with a patch.
func TestPutRefusesOtherGround(t *testing.T) {
	s, build, base := groundwork(t)
	m := patched(t, s, base.ID, smallPatch())
	for name, change := range map[string]func(b *Bundle){
		"movies":     func(b *Bundle) { b.Movies = build.Movies },
		"table":      func(b *Bundle) { b.Table = build.Table },
		"statistics": func(b *Bundle) { b.Stats = build.Stats },
		"hidden":     func(b *Bundle) { b.Hidden = []catalog.MovieID{""} },
		"whole":      func(b *Bundle) { b.laid = nil },
	} {
		b := loaded(t, s, m.ID)
		change(b)
		if _, err := s.Put(t.Context(), b); !errors.Is(err, catalog.ErrInvalid) {
			t.Errorf("%s: %v, want invalid", name, err)
		}
	}
}

// Who asks for no models gets all else, and whether models are whole does not matter.
func TestLoadWithoutModels(t *testing.T) {
	for _, lay := range []bool{false, true} {
		s, _, m := groundwork(t)
		if lay {
			m = patched(t, s, m.ID, smallPatch())
		}
		want := loaded(t, s, m.ID)
		for _, f := range m.Files {
			if ofModels(f.Name) {
				write(t, filepath.Join(s.Dir(m.ID), f.Name), []byte("rubbish"))
			}
		}
		got, err := s.Load(t.Context(), m.ID, Opener{Index: world.Index, NoModels: true})
		fatal(t, err)
		if len(got.Models) != 0 || len(got.Lists) != 0 || len(got.Manifest.Models) != 4 || !slices.Equal(got.Vectors, want.Vectors) || !slices.Equal(got.Movies.IDs, want.Movies.IDs) {
			t.Errorf("patch %v: %d models, %d lists, %d movies", lay, len(got.Models), len(got.Lists), got.Movies.Len())
		}
		snap, err := got.Snapshot()
		if err != nil || len(snap.Arms.Models) != 0 {
			t.Errorf("arms %v, %v", snap.Arms.Names(), err)
		}
		if _, err := s.Put(t.Context(), got); !errors.Is(err, catalog.ErrInvalid) {
			t.Errorf("put without its models: %v, want invalid", err)
		}
	}
}

// Whichever step of laying a patch fails, and wherever the disk is full, the build is
// whole, the patched bundle is whole or not there, and a second call does the work.
func TestEveryStepOfPutPatchMayFail(t *testing.T) {
	if testing.Short() {
		t.Skip("-short does not fail every step; \"make test-all\" does")
	}
	t.Parallel()
	began, _, base := groundwork(t)
	want := patched(t, copied(t, began), base.ID, smallPatch())
	try := func(d *faulty) {
		s := copied(t, began)
		s.disk = d
		at := fmt.Sprintf("step %d, room %d", d.fail, d.room)
		m, err := s.PutPatch(t.Context(), base.ID, smallPatch(), nil)
		s.disk = unsynced{}
		if err != nil && !errors.Is(err, errDisk) && !errors.Is(err, syscall.ENOSPC) {
			t.Fatalf("%s: %v, want the disk's error", at, err)
		}
		if err == nil && m.ID != want.ID {
			t.Fatalf("%s: %s, want %s", at, m.ID, want.ID)
		}
		allWhole(t, s, at)
		if m, err := s.PutPatch(t.Context(), base.ID, smallPatch(), nil); err != nil || m.ID != want.ID {
			t.Fatalf("%s: the second call: %s, %v", at, m.ID, err)
		}
		loaded(t, s, want.ID)
		_, _, err = s.Prune(t.Context(), Keep{Newest: 100}, later(), false)
		fatal(t, err)
		leftovers(t, s)
	}
	steps := 0
	for n := 1; ; n++ {
		d := &faulty{fail: n, room: -1}
		if try(d); d.steps < n {
			break
		}
		steps++
	}
	if steps < len(base.Files)+8 { // a link each, two files, the manifest, and so on
		t.Errorf("%d steps, want the whole of it", steps)
	}
	for room := 0; ; room += 97 {
		d := &faulty{room: room}
		if try(d); d.room > 0 {
			return
		}
	}
}

// A flipped bit or a missing half of any file of a bundle with a patch is noticed; in a
// file that both have, in both.
func TestTornPatch(t *testing.T) {
	t.Parallel()
	s, _, base := groundwork(t)
	m := patched(t, s, base.ID, smallPatch())
	shared := map[string]bool{}
	for _, f := range base.Files {
		shared[f.Name] = true
	}
	names := []string{fileManifest}
	for _, f := range m.Files {
		names = append(names, f.Name)
	}
	for _, name := range names {
		path := filepath.Join(s.Dir(m.ID), name)
		good, err := os.ReadFile(path)
		fatal(t, err)
		for at := 0; at <= len(good); at += max(1, len(good)/25) {
			bad := slices.Clone(good)
			if at < len(good) {
				bad[at] ^= 1 << (at % 8)
			} else {
				bad = bad[:len(bad)/2]
			}
			write(t, path, bad)
			b, err := s.Load(t.Context(), m.ID, world)
			taken := err == nil && (name != fileManifest || !sameManifest(b.Manifest, m))
			if taken || err != nil && (!errors.Is(err, ErrBroken) || name != fileManifest && !strings.Contains(err.Error(), name)) {
				t.Errorf("%s torn at %d: %v, want ErrBroken", name, at, err)
			}
			if _, err := s.Load(t.Context(), base.ID, world); (err != nil) != shared[name] {
				t.Errorf("%s torn at %d: the build: %v", name, at, err)
			}
		}
		write(t, path, good)
	}
	loaded(t, s, m.ID)
}

func sameManifest(a, b Manifest) bool {
	x, xerr := json.Marshal(a)
	y, yerr := json.Marshal(b)
	return xerr == nil && yerr == nil && bytes.Equal(x, y)
}

// Good checksums over what does not fit are refused all the same.
func TestPatchThatDoesNotFit(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(m *Manifest)
		file   func(l *changes)
		want   string
	}{
		"rows":         {change: func(m *Manifest) { m.Later.Rows++ }, want: "makes it 11 movies, want 12"},
		"no patch":     {change: func(m *Manifest) { m.Later = nil }, want: "later.bin"},
		"model":        {change: func(m *Manifest) { m.Models[1].Rows = 12 }, want: "knows 12 movies of 11"},
		"lesser model": {change: func(m *Manifest) { m.Models[1].Rows = 3 }, want: "scores 10 movies, want 3"},
		"no model":     {change: func(m *Manifest) { m.Models[1].Rows = -1 }, want: "knows -1 movies"},
		"twice":        {file: func(l *changes) { l.added[1] = l.added[0] }, want: "twice"},
		"crooked":      {file: func(l *changes) { l.added[0].vector = []float32{1, 1, 1, 1} }, want: "later.bin"},
	} {
		s, b, base := groundwork(t)
		m := patched(t, s, base.ID, smallPatch())
		next := changes{}.with(smallPatch(), func(id catalog.MovieID) bool { _, ok := b.Movies.Row(id); return ok }, false)
		if c.file != nil {
			c.file(&next)
		}
		files := append(b.contents(), next.content())
		m.Models = slices.Clone(m.Models[:2]) // which are no composites
		if c.change != nil {
			c.change(&m)
		}
		m, err := s.write(t.Context(), m, files)
		fatal(t, err)
		if _, err := s.Load(t.Context(), m.ID, world); !errors.Is(err, ErrBroken) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want ErrBroken and %q", name, err, c.want)
		}
	}
}

// Patches that are laid at once do not get in each other's way, and a bundle that is
// being written makes them wait.
func TestPatchesAtOnce(t *testing.T) {
	t.Parallel()
	s, _, base := groundwork(t)
	var g errgroup.Group
	ids := make([]string, 6)
	for i := range ids {
		g.Go(func() error {
			other := &Shelf{dir: s.dir, disk: osDisk{}}
			m, err := other.PutPatch(t.Context(), base.ID, Patch{Added: []overlay.Added{coming(catalog.MovieID(fmt.Sprintf("x%d", i/2)))}}, nil)
			ids[i] = m.ID
			return err
		})
	}
	fatal(t, g.Wait())
	for i, id := range ids {
		if loaded(t, s, id); id != ids[i/2*2] {
			t.Errorf("the same patch is %s and %s", id, ids[i/2*2])
		}
	}
	unlock, err := s.lock(t.Context())
	fatal(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := s.PutPatch(ctx, base.ID, smallPatch(), nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("beside a build: %v, want it to wait", err)
	}
	unlock()
	s.disk = watched{osDisk{}, func() {
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if _, err := (&Shelf{dir: s.dir}).lock(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("while a patch is written the lock is free: %v", err)
		}
	}}
	patched(t, s, base.ID, smallPatch())
}

// A watched disk tells of each file that gets a second name.
type watched struct {
	osDisk
	linked func()
}

func (d watched) Link(from, to string) error {
	d.linked()
	return d.osDisk.Link(from, to)
}

// Who is forgotten leaves bundles with patches too; what was laid over the build stays,
// and files that hold nobody are shared still.
func TestForgetInPatchedBundles(t *testing.T) {
	s, _, base := groundwork(t)
	p := smallPatch()
	p.Removed = []catalog.MovieID{"m00", "m01", "m05"} // fewer movies than rows that people watched
	m := patched(t, s, base.ID, p)
	publish(t, s, m.ID)
	done, unread, err := s.Forget(t.Context(), is("u1"))
	if err != nil || len(done) != 2 || len(unread) != 0 {
		t.Fatalf("forget: %+v, %v, %v; want both bundles replaced", done, unread, err)
	}
	inNoFile(t, s, "u1")
	live, err := s.Live()
	fatal(t, err)
	b := loaded(t, s, live)
	if x := b.Manifest; x.Replaces != m.ID || x.Counts.Users != 4 || x.Later == nil || *x.Later != *m.Later {
		t.Errorf("manifest %+v, %+v", x, x.Later)
	}
	if _, known := b.Movies.Row("x1"); !known || len(b.Histories.Users) != 4 || !slices.Equal(b.Hidden, []catalog.MovieID{"m06"}) {
		t.Errorf("%d movies, %d people, hidden %v", b.Movies.Len(), len(b.Histories.Users), b.Hidden)
	}
	next := patched(t, s, live, Patch{Added: []overlay.Added{coming("x2")}})
	if b := loaded(t, s, next.ID); b.Movies.Len() != 12 || next.Later.Base != base.ID {
		t.Errorf("%d movies, %+v", b.Movies.Len(), next.Later)
	}
}

// What models did offline and what was laid over a build is content; what gates say
// of it is not.
func TestWhatIsContent(t *testing.T) {
	digest := func(m Manifest) string {
		id, err := m.digest()
		fatal(t, err)
		return id
	}
	_, _, m := groundwork(t)
	was := digest(m)
	gated := m
	gated.Gates = []Gate{{Name: "recall", Value: 0.99}}
	if digest(gated) != was {
		t.Error("gates change the ID")
	}
	judged := m
	judged.Models = slices.Clone(m.Models)
	judged.Models[0].Offline = &Offline{NDCG: 0.5}
	laid := m
	laid.Later = &Later{Base: m.ID}
	whole, err := gated.sum()
	fatal(t, err)
	if digest(judged) == was || digest(laid) == was || whole == m.Sum {
		t.Error("offline figures or patches leave the ID as it is, or gates the checksum")
	}
}

// Rubbish in what came later, or in what editors said, is an error, never a panic, and
// what is taken comes back the same.
func FuzzDecodeLater(f *testing.F) {
	has := func(id catalog.MovieID) bool { return id[0] == 'm' }
	f.Add(changes{}.with(smallPatch(), has, false).encode(), editorial{smallPatch().Hidden, smallPatch().Corrections}.encode())
	f.Add(changes{}.encode(), editorial{}.encode())
	f.Fuzz(func(t *testing.T, later, said []byte) {
		l, err := decodeLater(later, worldDims)
		if err != nil && !errors.Is(err, ErrBroken) {
			t.Errorf("what came later: %v, want ErrBroken", err)
		}
		if err == nil && len(l.added) > 0 {
			if again, err := decodeLater(l.encode(), worldDims); err != nil || !bytes.Equal(again.encode(), l.encode()) {
				t.Errorf("it came back different: %v", err)
			}
		}
		b := new(Bundle)
		err = decodeEditorial(said, b)
		if err != nil && !errors.Is(err, ErrBroken) {
			t.Errorf("what editors said: %v, want ErrBroken", err)
		}
		if e := (editorial{b.Hidden, b.Corrections}); err == nil && e.check() != nil {
			t.Errorf("what was taken is refused: %v", e.check())
		}
	})
}

var _ model.Extender = (*near)(nil)
