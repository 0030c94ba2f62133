package precomputed

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"sync"

	"golang.org/x/sync/errgroup"

	"marquee/catalog"
	"marquee/catalog/durable"
	"marquee/recommender/model"
)

// A Plan says which lists to make.
type Plan struct {
	Model model.Model
	Users []catalog.UserID // ascending

	// Query returns what is known of Users[i]. Several goroutines call it at once.
	Query func(ctx context.Context, i int) (model.Query, error)

	// Keep says whether a movie may stand in a person's list; nil keeps all.
	// Several goroutines call it at once. Movies of q.Seen never stand there.
	Keep func(q model.Query, row uint32) bool

	N       int    // movies a list, at most
	Workers int    // goroutines; 0 is one for each processor
	Chunk   int    // people a file; 0 is 1,000
	Dir     string // of the files of finished chunks; made if need be. The caller removes it when the table is stored
	Key     string // names all that lists follow from: model, settings, data version, rules. Files of another key are not used

	// Progress is told how many people are done; nil tells nobody.
	Progress model.Progress
}

const defaultChunk = 1000

func (p *Plan) check() error {
	var errs []error
	bad := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf(format+": %w", append(args, catalog.ErrInvalid)...))
	}
	if p.Model == nil || p.Query == nil {
		bad("a plan without model or query")
	}
	if p.Dir == "" {
		bad("a plan without a folder")
	}
	if p.N < 1 {
		bad("lists of %d movies, want one or more", p.N)
	}
	if p.Workers < 0 || p.Chunk < 0 {
		bad("%d workers, chunks of %d people, want neither below zero", p.Workers, p.Chunk)
	}
	for i := 1; i < len(p.Users); i++ {
		if p.Users[i-1] >= p.Users[i] {
			bad("user %q does not come after %q", p.Users[i], p.Users[i-1])
			break
		}
	}
	return errors.Join(errs...)
}

// Run makes the lists of everyone in p.Users to whom p.Model gives scores of their
// own ([model.Personal]); others have none. One process at a time works in
// p.Dir: another waits.
//
// When Run was cut short, by ctx, an error or a crash, the same plan goes on
// after the chunks that were finished. A file that is torn, or of other lists, is
// made anew.
func Run(ctx context.Context, p Plan) (*Table, error) {
	if err := p.check(); err != nil {
		return nil, fmt.Errorf("make lists: %w", err)
	}
	if p.Chunk == 0 {
		p.Chunk = defaultChunk
	}
	if p.Workers == 0 {
		p.Workers = runtime.GOMAXPROCS(0)
	}
	if p.Progress == nil {
		p.Progress = func(string, int, int) {}
	}
	if err := os.MkdirAll(p.Dir, 0o755); err != nil {
		return nil, fmt.Errorf("make lists: %w", err)
	}
	unlock, err := durable.Lock(ctx, filepath.Join(p.Dir, "lock"))
	if err != nil {
		return nil, fmt.Errorf("lock folder of lists: %w", err)
	}
	defer unlock()
	if err := sweep(p.Dir); err != nil {
		return nil, fmt.Errorf("make lists: %w", err)
	}
	chunks, err := p.chunks(ctx)
	if err != nil {
		return nil, err
	}
	return p.table(chunks)
}

// chunks returns all chunks, read or made.
func (p *Plan) chunks(ctx context.Context) ([]*chunk, error) {
	n := (len(p.Users) + p.Chunk - 1) / p.Chunk
	chunks := make([]*chunk, n)
	var (
		mu   sync.Mutex
		done int
	)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(p.Workers)
	for number := range n {
		group.Go(func() error {
			from, to := number*p.Chunk, min(len(p.Users), (number+1)*p.Chunk)
			c, err := p.chunk(ctx, number, from, to)
			if err != nil {
				return err
			}
			chunks[number] = c
			mu.Lock()
			defer mu.Unlock()
			done += to - from
			p.Progress("lists", done, len(p.Users))
			return nil
		})
	}
	return chunks, group.Wait()
}

// chunk reads or makes the lists of Users[from:to].
func (p *Plan) chunk(ctx context.Context, number, from, to int) (*chunk, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	id := p.identity(from, to)
	data, err := os.ReadFile(filepath.Clean(chunkName(p.Dir, number)))
	switch {
	case err == nil:
		if c, err := decodeChunk(data, id, to-from, p.Model.Len()); err == nil {
			return c, nil
		}
	case !errors.Is(err, os.ErrNotExist):
		return nil, fmt.Errorf("read finished lists: %w", err)
	}
	c, err := p.make(ctx, from, to)
	if err != nil {
		return nil, err
	}
	if err := c.save(p.Dir, number, id); err != nil {
		return nil, fmt.Errorf("store finished lists: %w", err)
	}
	return c, nil
}

func (p *Plan) make(ctx context.Context, from, to int) (*chunk, error) {
	c := &chunk{starts: make([]uint32, 1, to-from+1)}
	scores := make([]float32, p.Model.Len())
	var best worstFirst
	for i := from; i < to; i++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		q, err := p.Query(ctx, i)
		if err != nil {
			return nil, fmt.Errorf("history of user %q: %w", p.Users[i], err)
		}
		if p.Model.Score(q, scores) == model.Personal {
			for _, s := range q.Seen {
				if int(s.Movie) < len(scores) {
					scores[s.Movie] = float32(math.NaN())
				}
			}
			best = top(scores, p.N, func(row uint32) bool { return p.Keep == nil || p.Keep(q, row) }, best)
			for _, h := range best {
				c.rows = append(c.rows, h.row)
			}
		}
		c.starts = append(c.starts, uint32(len(c.rows)))
	}
	return c, nil
}

func (p *Plan) table(chunks []*chunk) (*Table, error) {
	t := &Table{starts: []uint32{0}}
	for number, c := range chunks {
		for i := range len(c.starts) - 1 {
			if err := t.add(p.Users[number*p.Chunk+i], c.list(i)); err != nil {
				return nil, err
			}
		}
	}
	return t, nil
}
