package behave

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"marquee/catalog"
	"marquee/recommender/eval"
)

// Run puts every subject through every test. The report depends on the world,
// the subjects and c, and not on Workers. An error of a Lister ends the run; a
// wrong c or world is an error that wraps [catalog.ErrInvalid].
func Run(ctx context.Context, world World, subjects []Subject, c Config) (*Report, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if world.Train == nil || len(world.Train.Users) == 0 || len(world.Train.Movies) == 0 {
		return nil, fmt.Errorf("nobody to ask for: the training part is empty; give the one that the models learned from: %w", catalog.ErrInvalid)
	}
	if n := len(world.Movies); n != 0 && n != len(world.Train.Movies) {
		return nil, fmt.Errorf("facts of %d movies for %d in the training part, want one for each: %w", n, len(world.Train.Movies), catalog.ErrInvalid)
	}
	out := &Report{N: c.N, Seed: c.Seed}
	for _, s := range subjects {
		if s.Name == "" || s.List == nil {
			return nil, fmt.Errorf("model %q lacks a name or makes no lists: %w", s.Name, catalog.ErrInvalid)
		}
		t := &tester{World: world, Config: c, subject: s, watchers: world.Train.Watchers()}
		one := SubjectReport{Name: s.Name}
		for _, test := range []func(context.Context) (Result, error){t.minors, t.watched, t.sequels, t.stability, t.genre} {
			r, err := test(ctx)
			if err != nil {
				return nil, fmt.Errorf("model %q: %w", s.Name, err)
			}
			one.Results = append(one.Results, r)
		}
		out.Subjects = append(out.Subjects, one)
	}
	return out, nil
}

// A tester puts one subject through the tests.
type tester struct {
	World
	Config
	subject  Subject
	watchers []int // by row
}

// A person is asked for.
type person struct {
	user catalog.User
	seen []eval.Seen
	note string // who they are, in examples
}

// lists asks for everyone, n movies each. Rows that the catalog does not have
// are left out.
func (t *tester) lists(ctx context.Context, people []person, n int) ([][]uint32, error) {
	out := make([][]uint32, len(people))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(t.Workers)
	for i, p := range people {
		g.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			list, err := t.subject.List(ctx, p.user, p.seen, n)
			if err != nil {
				return fmt.Errorf("list for %s: %w", p.note, err)
			}
			for _, row := range list[:min(n, len(list))] {
				if int64(row) < int64(len(t.Train.Movies)) {
					out[i] = append(out[i], row)
				}
			}
			return nil
		})
	}
	return out, g.Wait()
}

// draw returns some of the people whom want accepts, by Seed, in the order of
// their ids.
func (t *tester) draw(want func(catalog.User, []eval.Seen) bool) []person {
	var rows []int
	for i, u := range t.Train.Users {
		if want(t.record(u.User), u.Seen) {
			rows = append(rows, i)
		}
	}
	r := rand.New(rand.NewPCG(t.Seed, 0))
	r.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	rows = rows[:min(len(rows), t.MaxPeople)]
	slices.Sort(rows)
	out := make([]person, len(rows))
	for i, row := range rows {
		u := t.Train.Users[row]
		out[i] = person{user: t.record(u.User), seen: u.Seen, note: "user " + string(u.User)}
	}
	return out
}

func (t *tester) record(id catalog.UserID) catalog.User {
	u := catalog.User{}
	if t.User != nil {
		u = t.User(id)
	}
	u.ID = id
	return u
}

// nobody is the id of people who are made up.
const nobody = catalog.UserID("nobody")

// watcher is somebody who has just watched rows, to the end, the first the
// newest.
func (t *tester) watcher(note string, rows ...uint32) person {
	newest := int64(0)
	for _, u := range t.Train.Users {
		if len(u.Seen) > 0 {
			newest = max(newest, u.Seen[0].At)
		}
	}
	p := person{user: catalog.User{ID: nobody}, note: note}
	for i, row := range rows {
		p.seen = append(p.seen, eval.Seen{At: newest - int64(i)*time.Hour.Microseconds(), Movie: row, Share: 1, Shared: true, Days: 1})
	}
	return p
}

// popular returns the n most watched of the rows that want accepts.
func (t *tester) popular(n int, want func(row int) bool) []uint32 {
	var rows []uint32
	for row := range t.Train.Movies {
		if want(row) {
			rows = append(rows, uint32(row))
		}
	}
	slices.SortStableFunc(rows, func(a, b uint32) int { return cmp.Compare(t.watchers[b], t.watchers[a]) })
	return rows[:min(n, len(rows))]
}

// example adds to r, up to the most that are wanted.
func (t *tester) example(r *Result, format string, args ...any) {
	if len(r.Examples) < t.Examples {
		r.Examples = append(r.Examples, fmt.Sprintf(format, args...))
	}
}

// title names a movie for people.
func (t *tester) title(row uint32) string {
	if len(t.Movies) == 0 || t.Movies[row].Title == "" {
		return string(t.Train.Movies[row])
	}
	m := t.Movies[row]
	year := "(" + strconv.Itoa(m.Year) + ")"
	if m.Year == 0 || strings.HasSuffix(m.Title, year) {
		return m.Title
	}
	return m.Title + " " + year
}

func (t *tester) titles(rows []uint32) string {
	var out []string
	for _, row := range rows {
		out = append(out, t.title(row))
	}
	return strings.Join(out, "; ")
}
