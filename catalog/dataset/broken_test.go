package dataset

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"
)

// No bit of any file can flip unseen, nor can a file be cut, go, or be another's.
func TestFlippedBits(t *testing.T) {
	s := newShelf(t)
	m := mustWrite(t, s, sample(), "", day)
	tried := 0
	refused := func(what string) {
		t.Helper()
		if tried++; tried%5 == 0 { // which decodes what is not broken
			if _, err := s.Verify(t.Context(), m.Version, nil); !errors.Is(err, ErrBroken) {
				t.Errorf("%s: verify says %v", what, err)
			}
		}
		snap, err := s.Open(t.Context(), m.Version, nil)
		if !errors.Is(err, ErrBroken) {
			t.Errorf("%s: open says %v", what, err)
		}
		if err == nil {
			snap.Close()
		}
	}
	for name, text := range files(t, s.Dir(m.Version)) {
		path := s.Dir(m.Version) + name
		restore := func() {
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		for i := 0; i < len(text); i += 1 + len(text)/50 {
			flipped := []byte(text)
			flipped[i] ^= 1 << (i % 8)
			if err := os.WriteFile(path, flipped, 0o644); err != nil {
				t.Fatal(err)
			}
			if filepath.Base(name) == manifestName && sameManifest(flipped, text) {
				continue // a blank between two fields says nothing
			}
			refused(fmt.Sprintf("%s with bit %d flipped", name, i))
		}
		if err := os.WriteFile(path, []byte(text[:len(text)-1]), 0o644); err != nil {
			t.Fatal(err)
		}
		if filepath.Base(name) != manifestName { // whose last byte is a newline
			refused(name + " cut")
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		refused(name + " gone")
		restore()
	}
	if _, err := s.Verify(t.Context(), m.Version, nil); err != nil {
		t.Fatalf("restored: %v", err)
	}
	// A whole snapshot under the name of another is not that other.
	wrong := s.Dir(m.Version[:31] + other(m.Version[31]))
	if err := os.Rename(s.Dir(m.Version), wrong); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Open(t.Context(), filepath.Base(wrong), nil); !errors.Is(err, ErrBroken) {
		t.Errorf("wrong name: %v", err)
	}
}

// A broken snapshot is replaced when the same rows are written again.
func TestWriteMends(t *testing.T) {
	s := newShelf(t)
	m := mustWrite(t, s, sample(), "", day)
	if err := os.WriteFile(filepath.Join(s.Dir(m.Version), "seen.parquet"), []byte("PAR1"), 0o644); err != nil {
		t.Fatal(err)
	}
	mustWrite(t, s, sample(), "", day)
	if _, err := s.Verify(t.Context(), m.Version, nil); err != nil {
		t.Error(err)
	}
}

// Files that agree with their checksums but not with their rows are found.
func TestVerifyHashesRows(t *testing.T) {
	for name, change := range map[string]func(*Manifest, *rows){
		"a rating": func(_ *Manifest, r *rows) { r.seen[0].Rating = 5 },
		"a row":    func(_ *Manifest, r *rows) { r.seen = r.seen[:4] },
		"a title":  func(_ *Manifest, r *rows) { r.movies[2].Title = "Rodin" },
		"the span": func(m *Manifest, _ *rows) { m.LastEvent = m.LastEvent.Add(time.Second) },
	} {
		s := newShelf(t)
		m := mustWrite(t, s, sample(), "", day)
		forged := sample()
		change(&m, forged)
		f, _, err := s.Write(t.Context(), forged, Origin{}, day.Add(time.Hour), nil)
		if err != nil {
			t.Fatal(err)
		}
		if f.Version == m.Version {
			f = m // only the manifest is forged
		}
		for i, table := range f.Tables { // the forged files under the name of the true rows
			if err := os.Rename(filepath.Join(s.Dir(f.Version), table.File), filepath.Join(s.Dir(m.Version), table.File)); err != nil {
				t.Fatal(err)
			}
			m.Tables[i].Bytes, m.Tables[i].SHA256 = table.Bytes, table.SHA256
		}
		_, text, err := m.encode()
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(s.Dir(m.Version), manifestName), text, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Verify(t.Context(), m.Version, nil); !errors.Is(err, ErrBroken) {
			t.Errorf("%s: verify says %v, want broken", name, err)
		}
	}
}

// sameManifest reports whether a changed text still says what it said.
func sameManifest(changed []byte, text string) bool {
	var a, b Manifest
	return json.Unmarshal(changed, &a) == nil && json.Unmarshal([]byte(text), &b) == nil && reflect.DeepEqual(a, b)
}
