package eval

import (
	"cmp"
	"fmt"
	"iter"
	"math"
	"slices"
	"time"

	"marquee/catalog"
)

// Data is what people did with the movies of one catalog, on dense rows. It is
// kept in one order, whatever order it was collected in, so that a seed means
// the same lists everywhere. Nothing writes to it after [Collect] or a split
// returns it, so any number of goroutines may read it.
type Data struct {
	Movies []catalog.MovieID // row -> id, as given to Collect
	Users  []UserHistory     // ascending id; every one has something in Seen

	Unknown  int // rows left out because the catalog does not know their movie
	Repeated int // rows folded into another row of the same person and movie
}

// A UserHistory is what one person watched and rated.
type UserHistory struct {
	User catalog.UserID
	Seen []Seen // newest first, ties by movie id; each movie once
}

// A Seen is one movie of a history: a [catalog.Seen] in 32 bytes, so that 100
// million of them fit in a machine's memory.
type Seen struct {
	At     int64   // Unix time in microseconds
	Movie  uint32  // row in Data.Movies
	Rating float32 // on the store's scale; 0 unless Rated
	Share  float32 // watched, 0 to 1; 0 unless Shared
	Days   int32   // distinct days of watching
	Rated  bool
	Shared bool
}

// Time returns when the movie was last watched or rated, in UTC.
func (s Seen) Time() time.Time { return time.UnixMicro(s.At).UTC() }

// History returns seen as the rest of Marquee has it, in the same order.
func (d *Data) History(seen []Seen) []catalog.Seen {
	out := make([]catalog.Seen, len(seen))
	for i, s := range seen {
		out[i] = catalog.Seen{
			Movie: d.Movies[s.Movie], At: s.Time(),
			Rating: float64(s.Rating), Rated: s.Rated,
			Share: float64(s.Share), Shared: s.Shared, Days: int(s.Days),
		}
	}
	return out
}

// Interactions returns how many pairs of a person and a movie d holds.
func (d *Data) Interactions() int {
	n := 0
	for _, u := range d.Users {
		n += len(u.Seen)
	}
	return n
}

// Watchers returns how many people watched or rated each movie, by row.
func (d *Data) Watchers() []int {
	out := make([]int, len(d.Movies))
	for _, u := range d.Users {
		for _, s := range u.Seen {
			out[s.Movie]++
		}
	}
	return out
}

// Collect reads all of seq, in any order, into dense rows: row i is movies[i].
// Rows on other movies are counted in Unknown and left out. Of two rows on one
// person and movie the later stays. An error of seq ends the reading; a movie
// given twice, or a time or rating that cannot be held, is an error that wraps
// [catalog.ErrInvalid]. It takes O(n log n) for n rows.
func Collect(seq iter.Seq2[catalog.UserSeen, error], movies []catalog.MovieID) (*Data, error) {
	rows, err := rowsOf(movies)
	if err != nil {
		return nil, err
	}
	d := &Data{Movies: slices.Clone(movies)}
	index := make(map[catalog.UserID]int)
	last := -1 // a store gives one person's rows together, and then needs no map
	for row, err := range seq {
		if err != nil {
			return nil, fmt.Errorf("collect histories after %d people: %w", len(d.Users), err)
		}
		movie, known := rows[row.Movie]
		if !known {
			d.Unknown++
			continue
		}
		s, err := compact(row, movie)
		if err != nil {
			return nil, err
		}
		if last < 0 || d.Users[last].User != row.User {
			if last, known = index[row.User]; !known {
				last = len(d.Users)
				index[row.User] = last
				d.Users = append(d.Users, UserHistory{User: row.User})
			}
		}
		d.Users[last].Seen = append(d.Users[last].Seen, s)
	}
	d.arrange()
	return d, nil
}

func rowsOf(movies []catalog.MovieID) (map[catalog.MovieID]uint32, error) {
	if uint64(len(movies)) > math.MaxUint32 {
		return nil, fmt.Errorf("catalog has %d movies, want at most %d: %w", len(movies), uint32(math.MaxUint32), catalog.ErrInvalid)
	}
	rows := make(map[catalog.MovieID]uint32, len(movies))
	for i, id := range movies {
		if before, twice := rows[id]; twice {
			return nil, fmt.Errorf("movie %q is given as row %d and as row %d, want each movie once: %w", id, before, i, catalog.ErrInvalid)
		}
		rows[id] = uint32(i)
	}
	return rows, nil
}

func compact(row catalog.UserSeen, movie uint32) (Seen, error) {
	s := Seen{At: row.At.UnixMicro(), Movie: movie, Rated: row.Rated, Shared: row.Shared}
	s.Days = int32(min(max(row.Days, 0), math.MaxInt32))
	if row.Rated {
		s.Rating = float32(row.Rating)
		if math.IsNaN(row.Rating) || math.IsInf(float64(s.Rating), 0) {
			return s, fmt.Errorf("rating of movie %q by user %q is %v, want a finite number: %w", row.Movie, row.User, row.Rating, catalog.ErrInvalid)
		}
	}
	if row.Shared {
		if !(row.Share >= 0 && row.Share <= 1) {
			return s, fmt.Errorf("share of movie %q watched by user %q is %v, want 0 to 1: %w", row.Movie, row.User, row.Share, catalog.ErrInvalid)
		}
		s.Share = float32(row.Share)
	}
	return s, nil
}

// arrange puts d in its one order and folds repeated rows.
func (d *Data) arrange() {
	slices.SortFunc(d.Users, func(a, b UserHistory) int { return cmp.Compare(a.User, b.User) })
	for i := range d.Users {
		seen := d.Users[i].Seen
		slices.SortFunc(seen, func(a, b Seen) int { return cmp.Or(cmp.Compare(a.Movie, b.Movie), later(a, b)) })
		kept := slices.CompactFunc(seen, func(a, b Seen) bool { return a.Movie == b.Movie })
		d.Repeated += len(seen) - len(kept)
		slices.SortFunc(kept, d.newestFirst)
		d.Users[i].Seen = kept
	}
}

// newestFirst is the order of a history: by time, and at one time by movie id.
func (d *Data) newestFirst(a, b Seen) int {
	return cmp.Or(cmp.Compare(b.At, a.At), cmp.Compare(d.Movies[a.Movie], d.Movies[b.Movie]))
}

// later orders two rows of one person and movie, the one that stays first. It
// is total, so that which one stays never depends on the order of arrival.
func later(a, b Seen) int {
	return cmp.Or(
		cmp.Compare(b.At, a.At),
		cmp.Compare(asInt(b.Rated), asInt(a.Rated)),
		cmp.Compare(b.Rating, a.Rating),
		cmp.Compare(asInt(b.Shared), asInt(a.Shared)),
		cmp.Compare(b.Share, a.Share),
		cmp.Compare(b.Days, a.Days),
	)
}

func asInt(b bool) int {
	if b {
		return 1
	}
	return 0
}
