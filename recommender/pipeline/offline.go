package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"iter"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"marquee/catalog"
	"marquee/indexer"
	"marquee/recommender/bundle"
	"marquee/recommender/eval"
	"marquee/recommender/model"
	"marquee/recommender/rank"
)

// An exam judges models, and lists without one, on what they have not seen: the package
// says how.
type exam struct {
	Training
	movies  *rank.Movies
	ranking rank.Config
	table   *indexer.Table
	arm     string // the default arm
	seed    uint64 // of the people drawn, and of the intervals
}

const (
	examPeople    = 1000 // judged at most
	leastJudged   = 100  // people with something held out that it takes at least
	examList      = 20   // movies a list
	examResamples = 1000 // of the intervals
)

// An examined is one person of an exam.
type examined struct {
	user  catalog.User
	taste rank.Taste // the older part
	truth []uint32
	half  int    // 0 or 1: which half of the people
	lot   uint64 // lowest first
}

// figures are the results of an exam.
type figures struct {
	features *bundle.Offline
	models   map[string]*bundle.Offline
}

// judge returns how the models of l did, what they were trained on, and lists without
// a model. Without enough people to judge there are no figures.
func (x exam) judge(ctx context.Context, d *model.Data, l *lesson) (figures, error) {
	out := figures{models: make(map[string]*bundle.Offline)}
	if err := x.begin(ctx, d, l); err != nil {
		return out, err
	}
	if len(l.examples) < leastJudged {
		x.Log.Info("nothing is judged on what was held out: too few people", "people", len(l.examples), "want", leastJudged)
		return out, nil
	}
	began := time.Now()
	snap, err := x.snapshot(l.data)
	if err != nil {
		return out, err
	}
	people := x.draw(d.Scale, l.examples)
	note := bundle.Offline{Held: x.Share, Lot: x.byLot(d)}
	if out.features, err = x.ask(ctx, people, [2]*rank.Snapshot{snap, snap}, note); err != nil {
		return out, err
	}
	for _, s := range l.specs {
		pair, err := x.older(ctx, l, s)
		if errors.Is(err, model.ErrData) {
			x.Log.Info("a model is not judged: what was not held out is not enough for it", "model", s.Name, "reason", err)
			continue
		}
		if err != nil {
			return out, err
		}
		if pair[0] == nil {
			continue
		}
		halves, err := arms(snap, s.Name, pair)
		if err != nil {
			return out, err
		}
		if out.models[s.Name], err = x.ask(ctx, people, halves, note); err != nil {
			return out, err
		}
	}
	x.share(l, out)
	x.Log.Info("models judged on what was held out", "people", len(people), "models", len(out.models), "took", time.Since(began))
	return out, nil
}

// arms returns snap with a model as its default arm, for either half of the people.
func arms(snap *rank.Snapshot, name string, pair [2]model.Model) (halves [2]*rank.Snapshot, err error) {
	for i, m := range pair {
		if halves[i], err = snap.WithArms(rank.Arms{Models: []model.Named{{Name: name, Model: m}}, Default: name}); err != nil {
			return halves, err
		}
	}
	return halves, nil
}

// share gives what serves the lists of a model the figures of that model.
func (x exam) share(l *lesson, f figures) {
	for _, s := range l.specs {
		if parts, _ := x.parts(s); s.Kind == kindPrecomputed && len(parts) == 1 && f.models[parts[0]] != nil {
			f.models[s.Name] = f.models[parts[0]]
		}
	}
}

// older returns the model of s as it judges either half of the people; none if it is
// not to be judged.
func (x exam) older(ctx context.Context, l *lesson, s Spec) (pair [2]model.Model, err error) {
	parts, learns := x.parts(s)
	switch {
	case l.base.Model(s.Name) != nil:
		m := l.base.Model(s.Name)
		return [2]model.Model{m, m}, nil
	case learns:
		for half := range pair {
			examples := slices.DeleteFunc(slices.Clone(l.examples), func(e model.Example) bool {
				_, of := x.lot(e.Query.User.ID)
				return of == half
			})
			if pair[half], err = x.make(ctx, l.data, l.base, examples, s, "half of the people"); err != nil {
				return pair, err
			}
		}
		return pair, nil
	case !x.needs(l, s.Name) || s.Kind == kindPrecomputed:
		return pair, nil
	case parts == nil:
		if err := x.learnOlder(ctx, l, s); err != nil {
			return pair, err
		}
		m := l.base.Model(s.Name)
		return [2]model.Model{m, m}, nil
	}
	if err := x.missing(s, l.base); err != nil {
		return pair, err
	}
	m, err := x.make(ctx, l.data, l.base, nil, s, "older part")
	return [2]model.Model{m, m}, err
}

// needs reports whether the default arm is name or is made of it.
func (x exam) needs(l *lesson, name string) bool {
	if name == x.arm {
		return true
	}
	for _, s := range l.specs {
		if s.Name == x.arm {
			parts, _ := x.parts(s)
			return slices.Contains(parts, name)
		}
	}
	return false
}

// snapshot returns what lists are made from, with statistics of the older part alone.
func (x exam) snapshot(older *model.Data) (*rank.Snapshot, error) {
	stats, err := rank.NewStats(older.Movies, x.movies, rows(older), older.Scale, x.ranking)
	if err != nil {
		return nil, fmt.Errorf("statistics of what was not held out: %w", err)
	}
	return rank.NewSnapshot(x.movies, x.table, stats, older.Scale, x.ranking)
}

// rows yields the rows of d as a store does.
func rows(d *model.Data) iter.Seq2[catalog.UserSeen, error] {
	return func(yield func(catalog.UserSeen, error) bool) {
		for i, u := range d.Users {
			for _, s := range d.Of(i) {
				seen := catalog.Seen{
					Movie: d.Movies[s.Movie].ID, At: s.Time(), Rating: float64(s.Rating), Rated: s.Rated,
					Share: float64(s.Share), Shared: s.Shared, Days: int(s.Days),
				}
				if !yield(catalog.UserSeen{User: u.ID, Seen: seen}, nil) {
					return
				}
			}
		}
	}
}

// lot returns the lot of a person, and which half of the people they are of.
func (x exam) lot(u catalog.UserID) (lot uint64, half int) {
	h := fnv.New64a()
	h.Write([]byte(u)) // a hash never fails
	rng := rand.New(rand.NewPCG(x.seed, h.Sum64()))
	return rng.Uint64(), rng.IntN(2)
}

// draw returns the people to judge.
func (x exam) draw(scale catalog.Scale, examples []model.Example) []examined {
	people := make([]examined, len(examples))
	for i, e := range examples {
		p := &people[i]
		p.user, p.taste.Seen = e.Query.User, e.Query.Seen
		p.lot, p.half = x.lot(p.user.ID)
		for _, s := range e.Query.Seen {
			p.taste.Watched = append(p.taste.Watched, rank.Watched{Row: s.Movie, Preference: model.PackPreference(s.Preference(scale))})
		}
		for _, s := range e.Truth {
			p.truth = append(p.truth, s.Movie)
		}
	}
	slices.SortFunc(people, func(a, b examined) int {
		return cmp.Or(cmp.Compare(a.lot, b.lot), cmp.Compare(a.user.ID, b.user.ID))
	})
	return people[:min(len(people), examPeople)]
}

// endOfTime is later than any release: what people watched was released.
var endOfTime = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// ask makes everybody's list, with the snapshot of their half, and judges them.
func (x exam) ask(ctx context.Context, people []examined, halves [2]*rank.Snapshot, note bundle.Offline) (*bundle.Offline, error) {
	listed := make([][]uint32, len(people))
	var next atomic.Int64
	g, ctx := errgroup.WithContext(ctx)
	for range runtime.GOMAXPROCS(0) {
		g.Go(func() error {
			for i := int(next.Add(1)) - 1; i < len(people); i = int(next.Add(1)) - 1 {
				if err := ctx.Err(); err != nil {
					return err
				}
				p := people[i]
				list := halves[p.half].Recommend(rank.Request{Taste: p.taste, N: examList, Now: endOfTime, Adult: true, User: p.user})
				for _, item := range list.Items {
					listed[i] = append(listed[i], item.Row)
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return x.mark(people, listed, note), nil
}

// mark returns the figures of lists.
func (x exam) mark(people []examined, listed [][]uint32, out bundle.Offline) *bundle.Offline {
	out.People = len(people)
	ndcg := make([]float64, len(people))
	shown := make([]int, x.movies.Len())
	var sum, hit, recall float64
	for i, p := range people {
		ndcg[i] = eval.NDCG(listed[i], p.truth, examList)
		sum += ndcg[i]
		hit += eval.HitRate(listed[i], p.truth, examList)
		recall += eval.Recall(listed[i], p.truth, examList)
		for _, row := range listed[i] {
			shown[row]++
		}
	}
	n := float64(len(people))
	out.NDCG, out.Hit, out.Recall = sum/n, hit/n, recall/n
	out.NDCGLow, out.NDCGHigh = eval.Interval(ndcg, examResamples, x.seed)
	out.Coverage = eval.Coverage(shown, len(shown))
	return &out
}
