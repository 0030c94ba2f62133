package model

import (
	"cmp"
	"errors"
	"fmt"
	"hash/fnv"
	"iter"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"marquee/catalog"
)

// ErrData reports data that a model cannot learn from. It wraps
// [catalog.ErrInvalid].
var ErrData = fmt.Errorf("nothing to train on: %w", catalog.ErrInvalid)

// Data is what models learn from, on dense rows. Nothing writes to it once it is
// made, so any number of goroutines may read it. [NewData] leaves out people of
// whom nothing was seen; [Data.Split] keeps the rows of all, so that a history
// may be empty.
type Data struct {
	Scale   catalog.Scale
	Movies  []catalog.Movie // row -> facts, ascending by id
	Vectors []float32       // [len(Movies) x Dims], of unit length or all zeros; nil if movies have none
	Dims    int             // of Vectors; 0 without
	Users   []catalog.User  // ascending by id; only ID is sure to be known
	Starts  []int64         // [len(Users)+1]: what Users[i] did is Seen[Starts[i]:Starts[i+1]]
	Seen    []Seen          // newest first within a person, ties by movie row; each movie once
}

// A Seen is one movie of a history: a [catalog.Seen] in 32 bytes.
type Seen struct {
	At     int64   // Unix time in microseconds
	Movie  uint32  // row
	Rating float32 // on the store's scale; 0 unless Rated
	Share  float32 // watched, 0 to 1; 0 unless Shared
	Days   int32   // distinct days of watching; 0 if only rated
	Rated  bool
	Shared bool
}

// Pack returns s of the movie in row.
func Pack(s catalog.Seen, row uint32) Seen {
	return Seen{
		At: s.At.UnixMicro(), Movie: row, Rating: float32(s.Rating), Rated: s.Rated,
		Share: float32(s.Share), Shared: s.Shared, Days: int32(min(max(s.Days, 0), math.MaxInt32)),
	}
}

// Preferred returns a movie of which only the preference is left, in tenths, 10
// to 50: a rating of as much.
func Preferred(row uint32, tenths uint8, scale catalog.Scale) Seen {
	return Seen{Movie: row, Rated: true, Rating: float32(scale.From5(float64(tenths) / 10)), Days: 1}
}

// Time returns when the movie was last watched or rated, in UTC.
func (s Seen) Time() time.Time { return time.UnixMicro(s.At).UTC() }

// Preference returns what s says of a person's taste, 1 to 5: see [Preference].
func (s Seen) Preference(scale catalog.Scale) float64 {
	return Preference(catalog.Seen{Rating: float64(s.Rating), Rated: s.Rated, Share: float64(s.Share), Shared: s.Shared}, scale)
}

// Preference returns what one watched movie says of a person's taste, 1 to 5: the
// rating where there is one, else what the share watched tells (under a fifth 1,
// under a half 3, under seven tenths 4, else 5), else the middle, 3. A rating off
// the scale counts as its nearest end. A rating or share that is NaN counts as
// none: one such row would else make every score NaN.
func Preference(s catalog.Seen, scale catalog.Scale) float64 {
	switch {
	case s.Rated && !math.IsNaN(s.Rating):
		return scale.Of5(s.Rating)
	case !s.Shared || math.IsNaN(s.Share):
		return 3
	case s.Share < 0.2:
		return 1
	case s.Share < 0.5:
		return 3
	case s.Share < 0.7:
		return 4
	}
	return 5
}

// Of returns the history of Users[i].
func (d *Data) Of(i int) []Seen { return d.Seen[d.Starts[i]:d.Starts[i+1]:d.Starts[i+1]] }

// Vector returns the vector of a row, [Dims].
func (d *Data) Vector(row uint32) []float32 {
	return d.Vectors[int(row)*d.Dims : (int(row)+1)*d.Dims : (int(row)+1)*d.Dims]
}

// Watchers returns how many people watched or rated each movie, by row.
func (d *Data) Watchers() []uint32 {
	out := make([]uint32, len(d.Movies))
	for _, s := range d.Seen {
		out[s.Movie]++
	}
	return out
}

// NewData puts rows together. movies must ascend by id; users, in any order, are
// what is known of people, and may lack some and hold others; histories come
// person by person in any order, newest first within one. Rows on movies that
// are not in movies are left out. vectors is [len(movies) x dims], or nil with 0.
func NewData(scale catalog.Scale, movies []catalog.Movie, vectors []float32, dims int, users iter.Seq2[catalog.User, error], histories iter.Seq2[catalog.UserSeen, error]) (*Data, error) {
	d := &Data{Scale: scale, Movies: movies, Vectors: vectors, Dims: dims, Starts: []int64{0}}
	rows := make(map[catalog.MovieID]uint32, len(movies))
	for i, m := range movies {
		rows[m.ID] = uint32(i)
	}
	people := make(map[catalog.UserID]catalog.User)
	for u, err := range users {
		if err != nil {
			return nil, fmt.Errorf("read people: %w", err)
		}
		u.Extra = nil
		people[u.ID] = u
	}
	for h, err := range histories {
		if err != nil {
			return nil, fmt.Errorf("read histories: %w", err)
		}
		row, known := rows[h.Movie]
		if !known {
			continue
		}
		if n := len(d.Users); n == 0 || d.Users[n-1].ID != h.User {
			u := people[h.User]
			u.ID = h.User
			d.Users = append(d.Users, u)
			d.Starts = append(d.Starts, int64(len(d.Seen)))
		}
		d.Seen = append(d.Seen, Pack(h.Seen, row))
		d.Starts[len(d.Users)] = int64(len(d.Seen))
	}
	return d, d.arrange()
}

// arrange puts people and histories in their order, whatever order they came in.
func (d *Data) arrange() error {
	for i := range d.Users {
		Sort(d.Of(i))
	}
	if !slices.IsSortedFunc(d.Users, byID) {
		order := make([]int, len(d.Users))
		for i := range order {
			order[i] = i
		}
		slices.SortFunc(order, func(a, b int) int { return byID(d.Users[a], d.Users[b]) })
		sorted := &Data{Starts: []int64{0}}
		for _, i := range order {
			sorted.Users = append(sorted.Users, d.Users[i])
			sorted.Seen = append(sorted.Seen, d.Of(i)...)
			sorted.Starts = append(sorted.Starts, int64(len(sorted.Seen)))
		}
		d.Users, d.Seen, d.Starts = sorted.Users, sorted.Seen, sorted.Starts
	}
	for i := 1; i < len(d.Users); i++ {
		if d.Users[i].ID == d.Users[i-1].ID {
			return fmt.Errorf("rows of user %q do not stand together: %w", d.Users[i].ID, catalog.ErrInvalid)
		}
	}
	return nil
}

// Sort puts a history in its order: newest first, ties by movie row.
func Sort(seen []Seen) {
	slices.SortFunc(seen, func(a, b Seen) int { return cmp.Or(cmp.Compare(b.At, a.At), cmp.Compare(a.Movie, b.Movie)) })
}

func byID(a, b catalog.User) int { return cmp.Compare(a.ID, b.ID) }

// Check returns an error that wraps [ErrData], with what to do, if nothing can be
// learned from d: no movies, fewer than two people or movies with a history, or a
// rating that is no number or off the scale. Every Train calls it first.
func (d *Data) Check() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	seen := make([]bool, len(d.Movies))
	people, movies := 0, 0
	for i := range d.Users {
		if len(d.Of(i)) > 0 {
			people++
		}
	}
	for i, s := range d.Seen {
		if int(s.Movie) >= len(d.Movies) {
			return fmt.Errorf("row %d names movie %d of %d: %w", i, s.Movie, len(d.Movies), ErrData)
		}
		if !seen[s.Movie] {
			seen[s.Movie] = true
			movies++
		}
		if s.Rated && !(s.Rating >= float32(d.Scale.Min) && s.Rating <= float32(d.Scale.Max)) && len(errs) < 3 {
			bad("rating of movie %q is %v, want %v to %v; mend the row or import with the scale it was given on", d.Movies[s.Movie].ID, s.Rating, d.Scale.Min, d.Scale.Max)
		}
		if s.Shared && !(s.Share >= 0 && s.Share <= 1) && len(errs) < 3 {
			bad("share of movie %q that was watched is %v, want 0 to 1; mend the row", d.Movies[s.Movie].ID, s.Share)
		}
	}
	switch {
	case len(d.Seen) == 0:
		bad("nobody watched or rated any of %d movies; read events or import ratings first", len(d.Movies))
	case people < 2:
		bad("one person has a history, want two or more; read more events")
	case movies < 2:
		bad("one movie was watched, want two or more; read more events")
	}
	for i, v := range d.Vectors {
		if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
			bad("vector of movie %q holds %v, want finite numbers; build the vectors anew", d.Movies[i/d.Dims].ID, v)
			break
		}
	}
	if len(errs) == 0 {
		return nil
	}
	return fmt.Errorf("%w: %w", ErrData, errors.Join(errs...))
}

// CheckRatings is Check for models that learn from ratings: it also wants two
// ratings that differ.
func (d *Data) CheckRatings() error {
	if err := d.Check(); err != nil {
		return err
	}
	n, differ, first := 0, false, float32(0)
	for _, s := range d.Seen {
		if !s.Rated {
			continue
		}
		if n == 0 {
			first = s.Rating
		}
		differ = differ || s.Rating != first
		n++
	}
	switch {
	case n == 0:
		return fmt.Errorf("no movie was rated; this model learns from ratings, take one that learns from watches, such as als: %w", ErrData)
	case !differ:
		return fmt.Errorf("all %d ratings are %v, so they say nothing; take a model that learns from watches, such as als: %w", n, first, ErrData)
	}
	return nil
}

// heldOut returns how many of n movies are held out. The small addend keeps a share
// like 0.29 of 100 from becoming 28 because of binary fractions.
func heldOut(n int, share float64) int {
	if n < 2 {
		return 0
	}
	return min(n-1, max(1, int(math.Floor(share*float64(n)+1e-9))))
}

// Ordered reports whether the order of histories says anything: of the neighbours in
// a history, one pair in ten at least are of different times. Data that came
// without times, or all of one, are not.
func (d *Data) Ordered() bool {
	pairs, differ := 0, 0
	for i := range d.Users {
		seen := d.Of(i)
		for k := 1; k < len(seen); k++ {
			pairs++
			if seen[k].At != seen[k-1].At {
				differ++
			}
		}
	}
	return 10*differ >= pairs
}

// SplitRandom is [Data.Split] with movies drawn by lot in place of the newest: for
// data without an order, and for protocols that hold out any movie. The lot depends
// on the seed, the person's id and the movie, and on nothing else.
func (d *Data) SplitRandom(share float64, seed uint64) (train *Data, held [][]Seen) {
	train = &Data{Scale: d.Scale, Movies: d.Movies, Vectors: d.Vectors, Dims: d.Dims, Users: d.Users}
	train.Seen, train.Starts = make([]Seen, 0, len(d.Seen)), make([]int64, 1, len(d.Users)+1)
	held = make([][]Seen, len(d.Users))
	for i, u := range d.Users {
		seen := d.Of(i)
		h := fnv.New64a()
		h.Write([]byte(u.ID)) // a hash never fails
		rng := rand.New(rand.NewPCG(seed, h.Sum64()))
		out := make([]bool, len(seen))
		for _, k := range rng.Perm(len(seen))[:heldOut(len(seen), share)] {
			out[k] = true
		}
		for k, s := range seen {
			if out[k] {
				held[i] = append(held[i], s)
			} else {
				train.Seen = append(train.Seen, s)
			}
		}
		train.Starts = append(train.Starts, int64(len(train.Seen)))
	}
	return train, held
}

// Split holds out the newest share of each person's movies, rounded down but at
// least one, of each person who has two or more: the protocol of eval.LastShare.
// held has one entry for each of d.Users, newest first. People and movies of
// train have the rows that they have in d; whoever has no history is left with
// an empty one. It copies what it keeps, once.
func (d *Data) Split(share float64) (train *Data, held [][]Seen) {
	held = make([][]Seen, len(d.Users))
	kept := 0
	for i := range d.Users {
		seen := d.Of(i)
		n := heldOut(len(seen), share)
		held[i] = seen[:n:n]
		kept += len(seen) - n
	}
	train = &Data{Scale: d.Scale, Movies: d.Movies, Vectors: d.Vectors, Dims: d.Dims, Users: d.Users}
	train.Seen, train.Starts = make([]Seen, 0, kept), make([]int64, 1, len(d.Users)+1)
	for i := range d.Users {
		train.Seen = append(train.Seen, d.Of(i)[len(held[i]):]...)
		train.Starts = append(train.Starts, int64(len(train.Seen)))
	}
	return train, held
}
