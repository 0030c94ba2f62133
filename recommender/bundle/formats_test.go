package bundle

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/recommender/overlay"
)

// update writes the fixture of this format anew: see the package comment.
var update = flag.Bool("update", false, "write testdata/format"+fmt.Sprint(Format)+" anew")

// fixture returns a copy of a shelf in testdata.
func fixture(t *testing.T, name string) *Shelf {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "bundles")
	fatal(t, os.CopyFS(dir, os.DirFS(filepath.Join("testdata", name))))
	s, err := OpenShelf(dir)
	fatal(t, err)
	return s
}

// served checks what the bundle of the fixtures since format 2 lists.
func served(t *testing.T, b *Bundle, hidden ...catalog.MovieID) {
	t.Helper()
	for arm, want := range map[string][]catalog.MovieID{
		"": {"a", "b", "c", "déjà+vu+2006"}, "one": {"déjà+vu+2006", "c", "b", "a"}, "two-precomputed": {"c", "a"},
	} {
		want = slices.DeleteFunc(want, func(id catalog.MovieID) bool { return slices.Contains(hidden, id) })
		if got := list(t, b, arm, "u2"); len(got) < len(want) || !slices.Equal(got[:len(want)], want) {
			t.Errorf("bundle %s: arm %q lists %v, want %v", b.Manifest.ID, arm, got, want)
		}
	}
	taste, known := b.Histories.Of("u1")
	if !known || len(taste.Watched) != 2 || taste.Seen[0].Movie != 2 || taste.Seen[0].Rating != 5 || string(b.Fitted) != "fitted" {
		t.Errorf("bundle %s: history of u1: %+v, fitted %q", b.Manifest.ID, taste, b.Fitted)
	}
}

// testdata/format2 was written by the program of before there were patches, genres and
// hashes of documents.
func TestFormat2(t *testing.T) {
	s := fixture(t, "format2")
	id, err := s.Live()
	fatal(t, err)
	b, err := s.Load(t.Context(), id, withKinds)
	fatal(t, err)
	if m := b.Manifest; id != "3d660ecb270467c6" || m.Format != 2 || m.Sequence != 7 || len(b.Models) != 4 || b.Lists["two"].Len() != 2 || b.Movies.Genres != nil {
		t.Errorf("bundle %s: manifest %+v", id, m)
	}
	served(t, b)
	anew := put(t, s, b)
	if anew.Format != Format || anew.ID == id {
		t.Errorf("put anew it is %s of format %d", anew.ID, anew.Format)
	}
	if b, err = s.Load(t.Context(), anew.ID, withKinds); err != nil || b.Movies.Documents != nil {
		t.Fatalf("%v; documents %v, which nobody knows", err, b.Movies.Documents)
	}
	served(t, b)
	laid, err := s.PutPatch(t.Context(), id, fixturePatch(), nil)
	fatal(t, err)
	if b, err = s.Load(t.Context(), laid.ID, withKinds); err != nil || b.Movies.Len() != 5 || laid.Format != Format {
		t.Fatalf("with a patch: %v, %+v", err, laid)
	}
	served(t, b, "b")
	done, unread, err := s.Forget(t.Context(), is("u1"))
	if err != nil || len(done) != 3 || len(unread) != 0 {
		t.Fatalf("forget: %+v, %v, %v", done, unread, err)
	}
	inNoFile(t, s, "u1")
	for _, r := range done {
		b, err := s.Load(t.Context(), r.New, withKinds)
		if err != nil || r.Old == id && b.Manifest.Format != 2 {
			t.Errorf("after forgetting: format %d, %v; want 2", b.Manifest.Format, err)
		}
	}
}

// fixturePatch is laid over the bundle of fixtures: a movie that is new, one that was
// edited, one that left, one that is hidden, and a correction of each kind.
func fixturePatch() Patch {
	at := time.Date(2020, 2, 3, 4, 5, 6, 7, time.UTC)
	return Patch{
		Added: []overlay.Added{
			{Movie: catalog.Movie{ID: "late", Title: "Late", Year: 2019, Genres: []string{"Drama", "War"}, Language: "fr", Collection: "Late", CostUSD: 2.5, Overview: "It came later.", VoteAverage: 7, VoteCount: 90}, Vector: []float32{0.8, 0.6}},
			{Movie: catalog.Movie{ID: "a", Title: "A, edited", Year: 1999}, Vector: []float32{1, 0}},
		},
		Hidden: []catalog.MovieID{"b", "unknown"},
		Corrections: []catalog.Correction{
			{Movie: "c", Other: "late", Kind: catalog.Block, At: at}, {Movie: "a", Other: "c", Kind: catalog.Pin, At: at, Note: "a series"},
		},
	}
}

// writeFixture writes a shelf with the bundle of fixtures, and that with a patch, which
// is live.
func writeFixture(t *testing.T, s *Shelf) []string {
	t.Helper()
	b := modelled(t)
	b.Manifest.Sequence = 7
	b.Hidden = []catalog.MovieID{"c"}
	b.Corrections = fixturePatch().Corrections[1:]
	whole := put(t, s, b)
	p := fixturePatch()
	laid, err := s.PutPatch(t.Context(), whole.ID, Patch{Added: p.Added[:1], Removed: []catalog.MovieID{"déjà+vu+2006"}}, nil)
	fatal(t, err)
	p.Added = p.Added[1:]
	laid, err = s.PutPatch(t.Context(), laid.ID, p, func(m *Manifest) { m.Sequence = 9 })
	fatal(t, err)
	fatal(t, s.Publish(t.Context(), Publication{ID: laid.ID, At: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), By: "fixture"}))
	return []string{whole.ID, laid.ID}
}

// testdata/format3 was written by the program of before there were collections, costs
// and knobs: a whole bundle, and the same with a patch, which is live.
func TestFormat3(t *testing.T) {
	ids := []string{"07e96d65b88b5c33", "4531fc9ff480cc93"}
	s := fixture(t, "format3")
	if live, err := s.Live(); err != nil || live != ids[1] {
		t.Fatalf("live is %s, %v; want %s", live, err, ids[1])
	}
	whole, err := s.Load(t.Context(), ids[0], withKinds)
	fatal(t, err)
	served(t, whole, "c")
	if m := whole.Manifest; m.Format != 3 || m.Later != nil || !slices.Equal(whole.Hidden, []catalog.MovieID{"c"}) || len(whole.Corrections) != 1 || whole.Movies.Documents == nil {
		t.Errorf("manifest %+v, hidden %v, corrections %v", m, whole.Hidden, whole.Corrections)
	}
	laid, err := s.Load(t.Context(), ids[1], withKinds)
	fatal(t, err)
	served(t, laid, "b", "déjà+vu+2006")
	if m := laid.Manifest; m.Format != 3 || m.Later.Base != ids[0] || m.Later.Rows != 5 || m.Later.Added != 1 || m.Later.Changed != 1 || m.Later.Removed != 1 || m.Counts.Movies != 4 || m.Sequence != 9 {
		t.Errorf("manifest %+v, %+v", m, m.Later)
	}
	row, known := laid.Movies.Row("late")
	if !known || row != 4 || laid.Movies.Titles[0] != "A, edited" || laid.Movies.Languages[row] != "fr" || !slices.Equal(laid.Movies.Genres[row], []string{"Drama", "War"}) ||
		fmt.Sprintf("%x", laid.Movies.Documents[row][:4]) != "e5d39cda" || !slices.Equal(laid.Vector(row), []float32{0.8, 0.6}) {
		t.Errorf("movie %d: %q, %x", row, laid.Movies.Titles, laid.Movies.Documents[row])
	}
	if !slices.Equal(laid.Hidden, []catalog.MovieID{"b", "unknown"}) || len(laid.Corrections) != 2 || laid.Corrections[0] != fixturePatch().Corrections[1] {
		t.Errorf("hidden %v, corrections %v", laid.Hidden, laid.Corrections)
	}
	for _, b := range []*Bundle{whole, laid} {
		if anew := put(t, s, b); anew.Format != Format || anew.ID == b.Manifest.ID {
			t.Errorf("put anew %s is %s of format %d", b.Manifest.ID, anew.ID, anew.Format)
		}
	}
}

// testdata/format4 has a whole bundle, and the same with a patch, which is live. A
// program that writes other bytes, or digests them otherwise, gives them other IDs, and
// needs a format of its own.
func TestFormat4(t *testing.T) {
	ids := []string{"0f36e3bb658efaa7", "d6e91d4263a229ca"} // as -update tells
	if dir := filepath.Join("testdata", fmt.Sprintf("format%d", Format)); *update {
		s := shelf(t)
		ids = writeFixture(t, s)
		t.Logf("wrote %s: %q", dir, ids)
		keepFixture(t, s, ids, dir)
	}
	s := fixture(t, "format4")
	if live, err := s.Live(); err != nil || live != ids[1] {
		t.Fatalf("live is %s, %v; want %s", live, err, ids[1])
	}
	if Format == 4 {
		if now := writeFixture(t, shelf(t)); !slices.Equal(now, ids) {
			t.Errorf("the program writes %q, want %q", now, ids)
		}
	}
	whole, err := s.Load(t.Context(), ids[0], withKinds)
	fatal(t, err)
	served(t, whole, "c")
	if m := whole.Manifest; m.Format != 4 || m.Later != nil || !slices.Equal(whole.Hidden, []catalog.MovieID{"c"}) || len(whole.Corrections) != 1 || whole.Movies.Documents == nil {
		t.Errorf("manifest %+v, hidden %v, corrections %v", m, whole.Hidden, whole.Corrections)
	}
	laid, err := s.Load(t.Context(), ids[1], withKinds)
	fatal(t, err)
	served(t, laid, "b", "déjà+vu+2006")
	if m := laid.Manifest; m.Format != 4 || m.Later.Base != ids[0] || m.Later.Rows != 5 || m.Later.Added != 1 || m.Later.Changed != 1 || m.Later.Removed != 1 || m.Counts.Movies != 4 || m.Sequence != 9 {
		t.Errorf("manifest %+v, %+v", m, m.Later)
	}
	row, known := laid.Movies.Row("late")
	if !known || row != 4 || laid.Movies.Titles[0] != "A, edited" || laid.Movies.Languages[row] != "fr" || !slices.Equal(laid.Movies.Genres[row], []string{"Drama", "War"}) ||
		fmt.Sprintf("%x", laid.Movies.Documents[row][:4]) != "e5d39cda" || !slices.Equal(laid.Vector(row), []float32{0.8, 0.6}) {
		t.Errorf("movie %d: %q, %x", row, laid.Movies.Titles, laid.Movies.Documents[row])
	}
	if !slices.Equal(laid.Hidden, []catalog.MovieID{"b", "unknown"}) || len(laid.Corrections) != 2 || laid.Corrections[0] != fixturePatch().Corrections[1] {
		t.Errorf("hidden %v, corrections %v", laid.Hidden, laid.Corrections)
	}
	for _, b := range []*Bundle{whole, laid} {
		if anew := put(t, s, b); Format == 4 && anew.ID != b.Manifest.ID {
			t.Errorf("put anew %s is %s", b.Manifest.ID, anew.ID)
		}
	}
}

// keepFixture copies bundles of s, and the pointer, to dir.
func keepFixture(t *testing.T, s *Shelf, ids []string, dir string) {
	t.Helper()
	fatal(t, os.RemoveAll(dir))
	for _, id := range ids {
		fatal(t, os.CopyFS(filepath.Join(dir, id), os.DirFS(s.Dir(id))))
	}
	text, err := os.ReadFile(filepath.Join(s.dir, pointerName))
	fatal(t, err)
	write(t, filepath.Join(dir, pointerName), text)
}
