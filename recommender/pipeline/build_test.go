package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/catalog/dataset"
	"marquee/embedder"
	"marquee/indexer"
	"marquee/recommender/bundle"
	"marquee/recommender/pipeline"
	"marquee/recommender/rank"
)

// A store is one in memory.
type store struct {
	movies   []catalog.Movie
	users    []catalog.User
	seen     []catalog.UserSeen
	accounts []catalog.Account
	err      error
}

func (s store) Scale(context.Context) (catalog.Scale, error) { return catalog.Scale5, s.err }

func (s store) Movies(context.Context) iter.Seq2[catalog.Movie, error] { return sequence(s.movies) }

func (s store) Histories(context.Context) iter.Seq2[catalog.UserSeen, error] {
	return sequence(s.seen)
}

func (s store) Users(context.Context) iter.Seq2[catalog.User, error] { return sequence(s.users) }

func (s store) Accounts(context.Context) iter.Seq2[catalog.Account, error] {
	return sequence(s.accounts)
}

func (s store) LastChange(context.Context) (int64, error) { return 3, nil }

func sequence[T any](rows []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, r := range rows {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// letters embeds a text by how often each letter stands in it.
type letters struct{ asked int }

func (*letters) ID() embedder.ID {
	return embedder.ID{Model: "letters", Revision: "1", Dims: 26, Precision: "f32"}
}

func (l *letters) Embed(_ context.Context, texts []string, dst []float32) error {
	clear(dst)
	for i, t := range texts {
		l.asked++
		row := dst[26*i : 26*i+26]
		sum := 0.0
		for _, c := range strings.ToLower(t) {
			if c >= 'a' && c <= 'z' {
				row[c-'a']++
			}
		}
		for _, v := range row {
			sum += float64(v * v)
		}
		for j := range row {
			if sum > 0 {
				row[j] /= float32(math.Sqrt(sum))
			}
		}
	}
	return nil
}

// exact finds nothing, exactly.
type exact struct{ n, dims int }

func (x exact) Len() int  { return x.n }
func (x exact) Dims() int { return x.dims }
func (x exact) Search(context.Context, []float32, int, indexer.Keep) ([]indexer.Hit, error) {
	return nil, nil
}

// backend builds an index that has the recall it is told.
type backend struct {
	recall   float64
	profiles [][]uint32
}

func (*backend) Kind() string  { return "exact" }
func (*backend) Settings() any { return map[string]int{"m": 1} }
func (b *backend) Build(_ context.Context, vecs []float32, dims int, profiles [][]uint32, _ pipeline.Progress) (indexer.Index, indexer.Measured, error) {
	b.profiles = profiles
	m := indexer.Measured{Backend: "exact", K: 20, Movies: b.recall, Profiles: b.recall, Floor: 0.98}
	return exact{len(vecs) / dims, dims}, m, indexer.CheckFloor(m, 0.98)
}

func options(l *letters, b *backend) pipeline.Options {
	return pipeline.Options{
		Space:     func(context.Context, []string, pipeline.Progress) (embedder.Embedder, error) { return l, nil },
		Backend:   b,
		Ranking:   rank.DefaultConfig(),
		Neighbour: 5,
		Seed:      1,
		Now:       time.Now,
		Progress:  func(string, int, int) {},
		Log:       slog.New(slog.DiscardHandler),
	}
}

func sample() store {
	s := store{users: []catalog.User{{ID: "000", Age: 30}, {ID: "zz"}}, accounts: []catalog.Account{{User: "000", At: time.Unix(1, 0)}}, movies: []catalog.Movie{{ID: "a", Title: "Aaaab"}, {ID: "b", Title: "Aaabb"}, {ID: "c", Title: "Xyz"}, {ID: "d"}}}
	at := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	for u := range 300 {
		for i, m := range []catalog.MovieID{"a", "b", "c", "d", "gone"} {
			s.seen = append(s.seen, catalog.UserSeen{User: catalog.UserID(fmt.Sprintf("%03d", u)), Seen: catalog.Seen{Movie: m, At: at.Add(-time.Duration(i) * time.Hour), Rated: i == 0, Rating: 4}})
		}
	}
	return s
}

func TestBuild(t *testing.T) {
	b, err := pipeline.Build(t.Context(), sample(), options(&letters{}, &backend{recall: 1}))
	if err != nil {
		t.Fatal(err)
	}
	want := bundle.Counts{Movies: 4, Empty: 1, Users: 300, Watched: 1200, Neighbour: 5}
	if b.Manifest.Counts != want {
		t.Errorf("counts %+v, want %+v", b.Manifest.Counts, want)
	}
	if near := b.Table.Of(0); len(near) == 0 || near[0].Row != 1 {
		t.Errorf("nearest to a: %v, want b", near)
	}
	if near := b.Table.Of(3); len(near) != 0 {
		t.Errorf("a movie without a text has neighbours %v", near)
	}
	taste, ok := b.Histories.Of("007")
	if !ok || len(taste.Watched) != 4 || taste.Watched[0] != (rank.Watched{Row: 0, Preference: 40}) {
		t.Errorf("history of 007: %+v", taste)
	}
	if b.Stats.Watchers[2] != 300 {
		t.Errorf("%d watchers of c, want 300", b.Stats.Watchers[2])
	}
	snap, err := b.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	if got := snap.Recommend(rank.Request{N: 20, Now: time.Now()}); len(got.Items) != 4 {
		t.Errorf("%d movies for a new person, want all 4", len(got.Items))
	}
}

// The same facts and settings give the same bundle, byte for byte, however many
// processors work.
func TestSameBundle(t *testing.T) {
	shelf, err := bundle.OpenShelf(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	for _, procs := range []int{1, 2, 4} {
		old := runtime.GOMAXPROCS(procs)
		b, err := pipeline.Build(t.Context(), sample(), options(&letters{}, &backend{recall: 1}))
		runtime.GOMAXPROCS(old)
		if err != nil {
			t.Fatal(err)
		}
		m, err := shelf.Put(t.Context(), b)
		if err != nil {
			t.Fatal(err)
		}
		ids[m.ID] = true
	}
	if len(ids) != 1 {
		t.Errorf("bundles %v, want one", ids)
	}
}

// A logged store counts its changes, one more with every row that is read.
type logged struct {
	store
	last *int64
}

func (l logged) LastChange(context.Context) (int64, error) { return *l.last, l.err }

func (l logged) Movies(ctx context.Context) iter.Seq2[catalog.Movie, error] {
	*l.last++
	return l.store.Movies(ctx)
}

// A bundle names the last change before anything was read, so that none is missed.
func TestSequenceIsReadFirst(t *testing.T) {
	last := int64(41)
	b, err := pipeline.Build(t.Context(), logged{sample(), &last}, options(&letters{}, &backend{recall: 1}))
	if err != nil || b.Manifest.Sequence != 41 {
		t.Errorf("sequence %d, %v; want 41", b.Manifest.Sequence, err)
	}
	broken := logged{sample(), &last}
	broken.err = errors.New("cable cut")
	if _, err := pipeline.Build(t.Context(), broken, options(&letters{}, &backend{recall: 1})); !errors.Is(err, broken.err) {
		t.Errorf("error %v, want %v", err, broken.err)
	}
}

func TestDataVersion(t *testing.T) {
	version := func(s store) string {
		f, err := pipeline.Read(t.Context(), s, rank.DefaultConfig())
		if err != nil {
			t.Fatal(err)
		}
		return f.Version
	}
	want := version(sample())
	if got := version(sample()); got != want {
		t.Errorf("the same rows: %s, then %s", want, got)
	}
	for name, change := range map[string]func(*store){
		"a title":  func(s *store) { s.movies[0].Title = "Other" },
		"a rating": func(s *store) { s.seen[0].Rating = 3 },
		"a time":   func(s *store) { s.seen[7].At = s.seen[7].At.Add(time.Second) },
		"a watch":  func(s *store) { s.seen = s.seen[1:] },
		"an age":   func(s *store) { s.users = []catalog.User{{ID: "000", Age: 31}, {ID: "zz"}} },
		"sign-ups": func(s *store) { s.accounts = nil },
	} {
		s := sample()
		change(&s)
		if got := version(s); got == want {
			t.Errorf("%s changed and the version did not", name)
		}
	}
}

// A build from a snapshot is a build from the rows that it was taken of.
func TestSnapshotGivesTheSameBuild(t *testing.T) {
	shelf, err := dataset.OpenShelf(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	m, _, err := shelf.Write(t.Context(), sample(), dataset.Origin{}, time.Now(), func(string, int64) {})
	if err != nil {
		t.Fatal(err)
	}
	snap, err := shelf.Open(t.Context(), m.Version, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer snap.Close()
	bundles, err := bundle.OpenShelf(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, from := range []pipeline.Store{sample(), snap} {
		b, err := pipeline.Build(t.Context(), from, options(&letters{}, &backend{recall: 1}))
		if err != nil {
			t.Fatal(err)
		}
		if b.Manifest.DataVersion != m.Version || b.Manifest.Sequence != 3 {
			t.Errorf("data version %s at change %d, want %s at 3", b.Manifest.DataVersion, b.Manifest.Sequence, m.Version)
		}
		put, err := bundles.Put(t.Context(), b)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, put.ID)
	}
	if ids[0] != ids[1] {
		t.Errorf("bundles %v, want one", ids)
	}
}

// Rows out of order would give another version: they are refused.
func TestOrderIsChecked(t *testing.T) {
	for name, change := range map[string]func(*store){
		"histories": func(s *store) { s.seen[0], s.seen[1] = s.seen[1], s.seen[0] },
		"movies":    func(s *store) { s.movies[0], s.movies[1] = s.movies[1], s.movies[0] },
		"people":    func(s *store) { s.users[0], s.users[1] = s.users[1], s.users[0] },
	} {
		s := sample()
		change(&s)
		if _, err := pipeline.Read(t.Context(), s, rank.DefaultConfig()); !errors.Is(err, catalog.ErrInvalid) {
			t.Errorf("%s out of order: %v, want invalid", name, err)
		}
	}
}

func TestProfiles(t *testing.T) {
	be := &backend{recall: 1}
	s := sample()
	s.movies = append(s.movies, catalog.Movie{ID: "gone", Title: "Found"})
	if _, err := pipeline.Build(t.Context(), s, options(&letters{}, be)); err != nil {
		t.Fatal(err)
	}
	if len(be.profiles) != 200 || !slices.Equal(be.profiles[0], []uint32{0, 1, 2, 3, 4}) {
		t.Errorf("%d profiles, the first %v; want 200 of 5 movies", len(be.profiles), be.profiles[0])
	}
}

func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		name string
		s    store
		be   *backend
		want error
		text string
	}{
		{"no movies", store{}, &backend{recall: 1}, catalog.ErrNotFound, "marquee import"},
		{"low recall", sample(), &backend{recall: 0.5}, indexer.ErrRecall, "0.98"},
		{"store away", store{err: catalog.ErrUnavailable}, &backend{recall: 1}, catalog.ErrUnavailable, ""},
	} {
		_, err := pipeline.Build(t.Context(), c.s, options(&letters{}, c.be))
		if !errors.Is(err, c.want) || !strings.Contains(fmt.Sprint(err), c.text) {
			t.Errorf("%s: %v, want %v and %q", c.name, err, c.want, c.text)
		}
	}
	o := options(&letters{}, &backend{recall: 1})
	o.Neighbour = 0
	if _, err := pipeline.Build(t.Context(), sample(), o); !errors.Is(err, catalog.ErrInvalid) {
		t.Errorf("no neighbours: %v, want invalid", err)
	}
}

// A catalog of one movie, or of movies without a text, is a catalog.
func TestSmallCatalogs(t *testing.T) {
	for _, movies := range [][]catalog.Movie{{{ID: "only", Title: "Only"}}, {{ID: "a"}, {ID: "b"}}} {
		b, err := pipeline.Build(t.Context(), store{movies: movies}, options(&letters{}, &backend{recall: 1}))
		if err != nil {
			t.Fatalf("%d movies: %v", len(movies), err)
		}
		snap, err := b.Snapshot()
		if err != nil {
			t.Fatal(err)
		}
		if got := snap.Recommend(rank.Request{N: 20, Now: time.Now()}); len(got.Items) != len(movies) {
			t.Errorf("%d movies listed of %d", len(got.Items), len(movies))
		}
	}
}
