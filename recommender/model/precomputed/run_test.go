package precomputed_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"

	"marquee/catalog"
	"marquee/recommender/model"
	"marquee/recommender/model/precomputed"
)

const movies = 40

// A draw is a model whose scores follow from the history alone; ties and movies
// without a score are among them, and every tenth person gets none.
type draw struct{ asked atomic.Int64 }

func (d *draw) Len() int { return movies }

func (d *draw) WriteTo(io.Writer) (int64, error) { return 0, nil }

func (d *draw) Score(q model.Query, scores []float32) model.Basis {
	d.asked.Add(1)
	seed := uint64(q.Seen[0].At)
	switch seed % 10 {
	case 3:
		return model.None
	case 4:
		return model.Everyone
	}
	rng := rand.New(rand.NewPCG(seed, 7))
	for i := range scores {
		scores[i] = float32(rng.IntN(30))
		if rng.IntN(9) == 0 {
			scores[i] = float32(math.NaN())
		}
	}
	return model.Personal
}

func user(i int) catalog.UserID { return catalog.UserID(fmt.Sprintf("u%04d", i)) }

func plan(t *testing.T, people int) precomputed.Plan {
	p := precomputed.Plan{Model: &draw{}, N: 7, Workers: 2, Chunk: 5, Dir: filepath.Join(t.TempDir(), "work"), Key: "one"}
	for i := range people {
		p.Users = append(p.Users, user(i))
	}
	p.Query = func(_ context.Context, i int) (model.Query, error) {
		return model.Query{User: catalog.User{ID: user(i)}, Seen: []model.Seen{{Movie: uint32(i % movies), At: int64(i)}, {Movie: 3, At: 0}}}, nil
	}
	return p
}

func run(t *testing.T, p precomputed.Plan) *precomputed.Table {
	t.Helper()
	table, err := precomputed.Run(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// TestRun compares with a plain sort of everything.
func TestRun(t *testing.T) {
	p := plan(t, 57)
	p.Keep = func(q model.Query, row uint32) bool { return (int(row)+len(q.User.ID))%4 != 0 }
	table := run(t, p)
	served := 0
	for i := range p.Users {
		q, _ := p.Query(t.Context(), i)
		scores := make([]float32, movies)
		var want []uint32
		if p.Model.Score(q, scores) == model.Personal {
			for row := range uint32(movies) {
				if s := scores[row]; s == s && row != 3 && row != q.Seen[0].Movie && p.Keep(q, row) {
					want = append(want, row)
				}
			}
			slices.SortStableFunc(want, func(a, b uint32) int { return int(scores[b] - scores[a]) })
			want = want[:min(len(want), p.N)]
			served++
		}
		got, ok := table.Of(user(i))
		if ok != (len(want) > 0) || !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", user(i), got, want)
		}
	}
	if table.Len() != served {
		t.Errorf("%d people, want %d", table.Len(), served)
	}
}

func TestSameWhateverWorkersAndChunks(t *testing.T) {
	want := run(t, plan(t, 57)).Encode()
	for _, workers := range []int{0, 1, 3, 20} {
		for _, chunk := range []int{0, 1, 7, 57, 100} {
			p := plan(t, 57)
			p.Workers, p.Chunk = workers, chunk
			if !bytes.Equal(run(t, p).Encode(), want) {
				t.Errorf("%d workers, chunks of %d: other lists", workers, chunk)
			}
		}
	}
}

// TestInterrupted cuts the run short after every number of chunks, again and
// again, and asks nobody twice whose chunk was finished.
func TestInterrupted(t *testing.T) {
	want := run(t, plan(t, 57)).Encode()
	for after := 1; after <= 11; after++ {
		p := plan(t, 57)
		p.Workers = 1
		runs := 0
		for {
			ctx, cancel := context.WithCancel(t.Context())
			fresh := 0
			asked := p.Model.(*draw).asked.Load()
			p.Progress = func(_ string, done, total int) {
				now := p.Model.(*draw).asked.Load()
				if now > asked {
					fresh++
				}
				asked = now
				if fresh == after {
					cancel()
				}
			}
			runs++
			table, err := precomputed.Run(ctx, p)
			cancel()
			if err == nil {
				if !bytes.Equal(table.Encode(), want) {
					t.Errorf("cut after %d chunks, in %d runs: other lists", after, runs)
				}
				break
			}
			if !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
			if runs > 20 {
				t.Fatalf("cut after %d chunks: no end after %d runs", after, runs)
			}
		}
		if asked := p.Model.(*draw).asked.Load(); asked != 57 {
			t.Errorf("cut after %d chunks: %d people asked, want 57", after, asked)
		}
		if runs != 12/after && runs != 12/after+1 {
			t.Errorf("cut after %d chunks: %d runs", after, runs)
		}
	}
}

// A chunk file that is torn, flipped or missing is made anew, the others are not.
func TestBrokenChunks(t *testing.T) {
	p := plan(t, 57)
	want := run(t, p).Encode()
	names, err := filepath.Glob(filepath.Join(p.Dir, "chunk-*"))
	if err != nil || len(names) != 12 {
		t.Fatalf("%d chunk files, %v; want 12", len(names), err)
	}
	rng := rand.New(rand.NewPCG(1, 1))
	for i := range 120 {
		name := names[i%len(names)]
		good, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		bad := slices.Clone(good)
		switch i / 12 {
		case 0:
			bad = bad[:rng.IntN(len(bad))]
		case 1:
			bad = nil
		case 2:
			bad = append(bad, 0)
		case 3:
			other, err := os.ReadFile(names[(i+1)%len(names)])
			if err != nil {
				t.Fatal(err)
			}
			bad = other
		default:
			bad[rng.IntN(len(bad))] ^= 1 << rng.IntN(8)
		}
		if err := os.WriteFile(name, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		asked := p.Model.(*draw).asked.Load()
		if !bytes.Equal(run(t, p).Encode(), want) {
			t.Fatalf("%s, fault %d: other lists", filepath.Base(name), i)
		}
		if n := p.Model.(*draw).asked.Load() - asked; n == 0 || n > 5 {
			t.Fatalf("%s, fault %d: %d people asked again, want those of one chunk", filepath.Base(name), i, n)
		}
		if mended, err := os.ReadFile(name); err != nil || !bytes.Equal(mended, good) {
			t.Fatalf("%s was not mended: %v", filepath.Base(name), err)
		}
	}
}

// Whatever lists follow from, chunks of something else are not used.
func TestOtherChunks(t *testing.T) {
	for name, change := range map[string]func(p *precomputed.Plan){
		"key":    func(p *precomputed.Plan) { p.Key = "two" },
		"length": func(p *precomputed.Plan) { p.N = 6 },
		"people": func(p *precomputed.Plan) {
			p.Users = slices.Clone(p.Users)
			for i := range p.Users {
				p.Users[i] += "x"
			}
		},
		"chunk": func(p *precomputed.Plan) { p.Chunk = 6 },
	} {
		p := plan(t, 30)
		run(t, p)
		change(&p)
		asked := p.Model.(*draw).asked.Load()
		got := run(t, p).Encode()
		if n := p.Model.(*draw).asked.Load() - asked; n != 30 {
			t.Errorf("another %s: %d people asked, want 30", name, n)
		}
		p.Dir = t.TempDir()
		if !bytes.Equal(got, run(t, p).Encode()) {
			t.Errorf("another %s: lists of the one before", name)
		}
	}
}

func TestHalfWrittenFilesGo(t *testing.T) {
	p := plan(t, 12)
	if err := os.MkdirAll(p.Dir, 0o755); err != nil {
		t.Fatal(err)
	}
	left := filepath.Join(p.Dir, "unfinished-123")
	if err := os.WriteFile(left, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, p)
	if _, err := os.Stat(left); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a half written file is still there: %v", err)
	}
}

func TestRunErrors(t *testing.T) {
	broken := errors.New("the store is away")
	p := plan(t, 30)
	ask := p.Query
	p.Query = func(ctx context.Context, i int) (model.Query, error) {
		if i == 17 {
			return model.Query{}, broken
		}
		return ask(ctx, i)
	}
	if _, err := precomputed.Run(t.Context(), p); !errors.Is(err, broken) {
		t.Errorf("error %v, want %v", err, broken)
	}
	for name, spoil := range map[string]func(p *precomputed.Plan){
		"no model":  func(p *precomputed.Plan) { p.Model = nil },
		"no query":  func(p *precomputed.Plan) { p.Query = nil },
		"no folder": func(p *precomputed.Plan) { p.Dir = "" },
		"no length": func(p *precomputed.Plan) { p.N = 0 },
		"workers":   func(p *precomputed.Plan) { p.Workers = -1 },
		"order":     func(p *precomputed.Plan) { p.Users = []catalog.UserID{"b", "a"} },
		"twice":     func(p *precomputed.Plan) { p.Users = []catalog.UserID{"a", "a"} },
	} {
		p := plan(t, 30)
		spoil(&p)
		if _, err := precomputed.Run(t.Context(), p); !errors.Is(err, catalog.ErrInvalid) {
			t.Errorf("%s: error %v, want invalid", name, err)
		}
	}
}

func TestRunOfNobody(t *testing.T) {
	table := run(t, plan(t, 0))
	if again, err := precomputed.Decode(table.Encode(), movies); err != nil || again.Len() != 0 {
		t.Errorf("%d people, %v; want none", again.Len(), err)
	}
}
