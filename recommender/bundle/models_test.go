package bundle

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/recommender/column"
	"marquee/recommender/model"
	"marquee/recommender/model/precomputed"
	"marquee/recommender/rank"
)

// plain scores what it was made with, for everybody.
type plain []float32

func (p plain) Len() int { return len(p) }
func (p plain) Score(_ model.Query, scores []float32) model.Basis {
	copy(scores, p)
	return model.Everyone
}
func (p plain) WriteTo(w io.Writer) (int64, error) {
	var e column.Encoder
	e.Float32s(p)
	n, err := w.Write(e.Data)
	return int64(n), err
}

// sum adds up the models that were read before it, and keeps nothing but how many.
type sum struct{ parts []model.Named }

func (s sum) Len() int { return s.parts[0].Model.Len() }
func (s sum) Score(q model.Query, scores []float32) model.Basis {
	clear(scores)
	one := make([]float32, s.Len())
	for _, p := range s.parts {
		p.Model.Score(q, one)
		for i, v := range one {
			scores[i] += v
		}
	}
	return model.Everyone
}
func (s sum) WriteTo(w io.Writer) (int64, error) {
	n, err := w.Write([]byte{byte(len(s.parts))})
	return int64(n), err
}

// withKinds reads the models of these tests too.
var withKinds = Opener{Index: openIndex, Kinds: []model.Kind{
	{Name: "plain", Read: func(stored []byte, base *model.Base) (model.Model, error) {
		d := column.NewDecoder(stored)
		p := plain(d.Float32s())
		return p, d.Finish()
	}},
	{Name: "sum", Read: func(stored []byte, base *model.Base) (model.Model, error) {
		if len(stored) != 1 || int(stored[0]) != len(base.Models) || base.Histories.Len() == 0 || len(base.Vectors) == 0 || base.Table == nil {
			return nil, fmt.Errorf("%d bytes, %d models", len(stored), len(base.Models))
		}
		return sum{base.Models}, nil
	}},
	precomputed.Kind(),
}}

// modelled is the sample with two models, one of both, and lists with the model
// that serves them. The lists know u2, who has a history, and u3, who has none.
func modelled(t testing.TB) *Bundle {
	t.Helper()
	b := counted(t)
	one, two := plain{1, 2, 3, 4}, plain{40, 30, 20, 10}
	var e column.Encoder
	column.EncodeStrings(&e, []catalog.UserID{"u2", "u3"})
	e.Uint32s([]uint32{0, 2, 3})
	e.Uint32s([]uint32{2, 0, 1})
	table, err := precomputed.Decode(e.Data, 4)
	if err != nil {
		t.Fatal(err)
	}
	b.Lists = map[string]*precomputed.Table{"two": table}
	b.Manifest.Models = []Model{
		{Name: "one", Kind: "plain", Settings: json.RawMessage(`{"a":1}`)}, {Name: "two", Kind: "plain", Lists: true},
		{Name: "both", Kind: "sum", Parts: []string{"one", "two"}}, {Name: "two-precomputed", Kind: "precomputed", Parts: []string{"two"}},
	}
	b.Models = []model.Named{{Name: "one", Model: one}, {Name: "two", Model: two}}
	b.Models = append(b.Models, model.Named{Name: "both", Model: sum{b.Models}},
		model.Named{Name: "two-precomputed", Model: precomputed.New(precomputed.Config{Lists: "two"}, b.Base(nil))})
	b.Manifest.Arm = "both"
	return b
}

// list returns the ids that an arm of b lists for u.
func list(t *testing.T, b *Bundle, arm string, u catalog.UserID) (ids []catalog.MovieID) {
	t.Helper()
	snap, err := b.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	l := snap.Recommend(rank.Request{User: catalog.User{ID: u}, Arm: arm, N: 4, Now: time.Now(), Adult: true})
	for _, i := range l.Items {
		ids = append(ids, b.Movies.IDs[i.Row])
	}
	return ids
}

// Models and lists come back, in their order, with what a bundle holds anyway, and
// make the same lists.
func TestModelsRoundTrip(t *testing.T) {
	s, b := shelf(t), modelled(t)
	m := put(t, s, b)
	if m.Format != Format || len(m.Files) != 12 {
		t.Errorf("format %d, %d files; want %d and 12", m.Format, len(m.Files), Format)
	}
	got, err := s.Load(t.Context(), m.ID, withKinds)
	if err != nil {
		t.Fatal(err)
	}
	for i, x := range got.Models {
		if x.Name != b.Models[i].Name || !bytes.Equal(bytesOf(t, x.Model), bytesOf(t, b.Models[i].Model)) {
			t.Errorf("model %d is %s, want %s with the same bytes", i, x.Name, b.Models[i].Name)
		}
	}
	if !bytes.Equal(got.Lists["two"].Encode(), b.Lists["two"].Encode()) || len(got.Lists) != 1 {
		t.Error("other lists came back")
	}
	for arm, want := range map[string][]catalog.MovieID{
		"": {"a", "b", "c", "déjà+vu+2006"}, "one": {"déjà+vu+2006", "c", "b", "a"}, "two-precomputed": {"c", "a"},
	} {
		if ids := list(t, got, arm, "u2"); !slices.Equal(ids[:len(want)], want) || !slices.Equal(ids, list(t, b, arm, "u2")) {
			t.Errorf("arm %q: %v, want %v", arm, ids, want)
		}
	}
	if again := put(t, s, got); again.ID != m.ID {
		t.Errorf("put again it is %s, want %s", again.ID, m.ID)
	}
}

func bytesOf(t *testing.T, m model.Model) []byte {
	t.Helper()
	var buf bytes.Buffer
	if _, err := m.WriteTo(&buf); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// What a model or a list was made of decides the ID of the bundle.
func TestModelsAreContent(t *testing.T) {
	s := shelf(t)
	ids := map[string]bool{put(t, s, modelled(t)).ID: true}
	for _, change := range []func(b *Bundle){
		func(b *Bundle) { b.Models[0].Model.(plain)[0] = 9 },
		func(b *Bundle) { b.Manifest.Arm = "one" },
		func(b *Bundle) { b.Manifest.Models[0].Settings = json.RawMessage(`{"a":2}`) },
		func(b *Bundle) { b.Lists["two"], _ = b.Lists["two"].Without(is("u3")) },
	} {
		b := modelled(t)
		change(b)
		ids[put(t, s, b).ID] = true
	}
	if len(ids) != 5 {
		t.Errorf("%d bundles, want 5", len(ids))
	}
}

// Any flipped bit or cut of a model or of lists is noticed.
func TestTornModels(t *testing.T) {
	s := shelf(t)
	m := put(t, s, modelled(t))
	for _, name := range []string{"model-one.bin", "model-both.bin", "model-two-precomputed.bin", "lists-two.bin"} {
		path := filepath.Join(s.Dir(m.ID), name)
		good, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for at := 0; at < len(good); at += max(1, len(good)/20) {
			bad := slices.Clone(good)
			bad[at] ^= 1 << (at % 8)
			write(t, path, bad)
			if _, err := s.Load(t.Context(), m.ID, withKinds); !errors.Is(err, ErrBroken) || !strings.Contains(err.Error(), name) {
				t.Errorf("%s with a flipped bit at %d: %v, want ErrBroken", name, at, err)
			}
		}
		write(t, path, good[:len(good)-1])
		if _, err := s.Load(t.Context(), m.ID, withKinds); !errors.Is(err, ErrBroken) {
			t.Errorf("%s without its last byte: %v, want ErrBroken", name, err)
		}
		write(t, path, good)
	}
}

// A bundle whose checksums are good and whose models are not what the manifest says
// is broken, and the error says of what.
func TestManifestOfOtherModels(t *testing.T) {
	for name, c := range map[string]struct {
		change func(m *Manifest)
		files  func(files []content) []content
		want   string
	}{
		"unknown kind": {change: func(m *Manifest) { m.Models[0].Kind = "svd3000" }, want: `model one: kind "svd3000" is not known to this program`},
		"path":         {change: func(m *Manifest) { m.Models[0].Name = "../../x" }, want: `"../../x"`},
		"slash":        {change: func(m *Manifest) { m.Models[1].Name = "a/b" }, want: `"a/b"`},
		"no name":      {change: func(m *Manifest) { m.Models[1].Name = "" }, want: `""`},
		"long name":    {change: func(m *Manifest) { m.Models[1].Name = strings.Repeat("x", 41) }, want: "xxx"},
		"twice":        {change: func(m *Manifest) { m.Models[1].Name = "one" }, want: `"one"`},
		"taken":        {change: func(m *Manifest) { m.Models[1].Name = rank.ArmFeatures }, want: rank.ArmFeatures},
		"no file":      {change: func(m *Manifest) { m.Models[0].Name = "three" }, want: "the bundle has no model-three.bin"},
		"no lists":     {change: func(m *Manifest) { m.Models[0].Lists = true }, want: "lists-one.bin"},
		"order":        {change: func(m *Manifest) { m.Models[0], m.Models[2] = m.Models[2], m.Models[0] }, want: "model-both.bin"},
		"length": {files: func(files []content) []content {
			return replaced(files, "model-one.bin", bytesOf(t, plain{1, 2, 3}))
		}, want: "scores 3 movies, want 4"},
		"rubbish": {files: func(files []content) []content { return replaced(files, "model-one.bin", []byte("rubbish")) }, want: "model-one.bin"},
		"lists of other movies": {files: func(files []content) []content {
			return replaced(files, "lists-two.bin", slices.Replace(modelled(t).Lists["two"].Encode(), 56, 57, 200))
		}, want: "lists-two.bin"},
	} {
		s, b := shelf(t), modelled(t)
		m, files := b.Manifest, b.contents()
		m.Format, m.Models = Format, slices.Clone(m.Models)
		if c.change != nil {
			c.change(&m)
		}
		if c.files != nil {
			files = c.files(files)
		}
		m, err := s.write(t.Context(), m, files)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Load(t.Context(), m.ID, withKinds); !errors.Is(err, ErrBroken) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want ErrBroken and %q", name, err, c.want)
		}
	}
}

// replaced returns files with the content of one replaced.
func replaced(files []content, name string, data []byte) []content {
	files = slices.Clone(files)
	for i := range files {
		if files[i].name == name {
			files[i].data = func() ([]byte, error) { return data, nil }
		}
	}
	return files
}

// A bundle that would not come back as it is is not written.
func TestPutRefusesOtherModels(t *testing.T) {
	for name, change := range map[string]func(b *Bundle){
		"model missing":  func(b *Bundle) { b.Models = b.Models[:3] },
		"model too many": func(b *Bundle) { b.Manifest.Models = b.Manifest.Models[:3] },
		"order":          func(b *Bundle) { b.Models[0], b.Models[1] = b.Models[1], b.Models[0] },
		"path":           func(b *Bundle) { b.Models[0].Name, b.Manifest.Models[0].Name = "../x", "../x" },
		"lists missing":  func(b *Bundle) { b.Lists = nil },
		"lists unnamed":  func(b *Bundle) { b.Manifest.Models[1].Lists = false },
		"lists of none":  func(b *Bundle) { b.Lists["three"] = b.Lists["two"] },
		"arm":            func(b *Bundle) { b.Manifest.Arm = "three" },
	} {
		s, b := shelf(t), modelled(t)
		change(b)
		if _, err := s.Put(t.Context(), b); !errors.Is(err, catalog.ErrInvalid) {
			t.Errorf("%s: %v, want invalid", name, err)
		}
		if list, err := s.List(); err != nil || len(list) != 0 {
			t.Errorf("%s: %d bundles on the shelf, %v", name, len(list), err)
		}
	}
}

// Who is forgotten leaves histories and lists, whichever of them held them; models,
// which hold nobody, stay byte for byte.
func TestForgetInLists(t *testing.T) {
	for u, left := range map[catalog.UserID]int{"u1": 2, "u2": 1, "u3": 1} {
		s := shelf(t)
		old := put(t, s, modelled(t))
		before := map[string]string{}
		for _, f := range old.Files {
			before[f.Name] = f.SHA256
		}
		if err := s.Publish(t.Context(), Publication{ID: old.ID}); err != nil {
			t.Fatal(err)
		}
		done, unread, err := s.Forget(t.Context(), is(u))
		if err != nil || len(done) != 1 || len(unread) != 0 || done[0].People != 1 || !done[0].Live {
			t.Fatalf("forget %s: %+v, %v, %v; want the live bundle replaced", u, done, unread, err)
		}
		inNoFile(t, s, string(u))
		b, err := s.Load(t.Context(), done[0].New, withKinds)
		if err != nil {
			t.Fatal(err)
		}
		if n := b.Lists["two"].Len(); n != left {
			t.Errorf("%s: %d lists, want %d", u, n, left)
		}
		for _, f := range b.Manifest.Files {
			holds := f.Name == fileHistories || strings.HasPrefix(f.Name, listsPrefix)
			if !holds && f.SHA256 != before[f.Name] {
				t.Errorf("%s: %s has changed", u, f.Name)
			}
		}
		if list(t, b, "two-precomputed", u); b.Manifest.Format != Format || len(b.Models) != 4 || b.Manifest.Arm != "both" {
			t.Errorf("%s: manifest %+v", u, b.Manifest)
		}
	}
}

// testdata/format1 was written by the program of before there were models.
func TestFormat1(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "bundles")
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("testdata", "format1"))); err != nil {
		t.Fatal(err)
	}
	s, err := OpenShelf(dir)
	if err != nil {
		t.Fatal(err)
	}
	id, err := s.Live()
	if err != nil {
		t.Fatal(err)
	}
	b, err := s.Load(t.Context(), id, withKinds)
	if err != nil {
		t.Fatal(err)
	}
	if b.Manifest.Format != 1 || b.Manifest.Sequence != 7 || len(b.Models) != 0 || b.Movies.Len() != 4 || string(b.Fitted) != "fitted" {
		t.Errorf("manifest %+v, %d movies", b.Manifest, b.Movies.Len())
	}
	if got, want := list(t, b, "", "u1"), list(t, sample(t), "", "u1"); len(got) != 4 || !slices.Equal(got, want) {
		t.Errorf("list %v, want %v", got, want)
	}
	taste, known := b.Histories.Of("u1")
	if !known || len(taste.Watched) != 2 || taste.Seen[0].Movie != 2 || taste.Seen[0].Rating != 5 {
		t.Errorf("history of u1: %+v", taste)
	}
	done, unread, err := s.Forget(t.Context(), is("u1"))
	if err != nil || len(done) != 1 || len(unread) != 0 {
		t.Fatalf("forget: %+v, %v, %v", done, unread, err)
	}
	inNoFile(t, s, "u1")
	if b, err = s.Load(t.Context(), done[0].New, withKinds); err != nil || b.Manifest.Format != 1 {
		t.Errorf("after forgetting: format %d, %v; want 1", b.Manifest.Format, err)
	}
	if m := put(t, s, b); m.Format != Format {
		t.Errorf("put anew it has format %d, want %d", m.Format, Format)
	}
}

// A format that this program does not know may mean anything: it is refused.
func TestOtherFormats(t *testing.T) {
	for _, format := range []int{-1, 0, Format + 1, 1000} {
		s, b := shelf(t), modelled(t)
		m := b.Manifest
		m.Format = format
		_, err := s.write(t.Context(), m, b.contents())
		if err != nil {
			t.Fatal(err)
		}
		ids, err := s.ids()
		if err != nil || len(ids) != 1 {
			t.Fatalf("%v, %v", ids, err)
		}
		if _, err := s.Load(t.Context(), ids[0], withKinds); !errors.Is(err, ErrBroken) || !strings.Contains(err.Error(), fmt.Sprintf("format is %d, this program reads 1 to %d", format, Format)) {
			t.Errorf("format %d: %v", format, err)
		}
	}
}
