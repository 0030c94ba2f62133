package ledger

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// A Place says where a line stands.
type Place struct {
	Part   string // of the book: a partition, by a name of the test's own
	Offset int64  // in the unit of the source: records of a topic, bytes of a file
}

// String returns the place as "part@offset".
func (p Place) String() string { return fmt.Sprintf("%s@%d", p.Part, p.Offset) }

// A pair names a person and a movie.
type pair struct{ user, movie string }

// An event is what is left of a line in the model.
type event struct {
	place  Place
	at     time.Time
	minute int
	rating float64
}

// A Book says what a store must hold once every line that was put in it was
// read. The zero Book is empty and ready. Not for concurrent use.
type Book struct {
	ends     map[string]int64 // of each part
	starts   map[string][]int64
	watches  map[pair][]event
	ratings  map[pair][]event
	accounts map[string][]event
	refused  map[Place]Line
	intake   map[string]int64
}

// Put adds a line that stands at offset of part and ends before next. Lines of
// a part are put in their order.
func (b *Book) Put(part string, offset, next int64, l Line) {
	if b.ends == nil {
		b.ends, b.starts = make(map[string]int64), make(map[string][]int64)
		b.watches, b.ratings = make(map[pair][]event), make(map[pair][]event)
		b.accounts, b.refused = make(map[string][]event), make(map[Place]Line)
		b.intake = make(map[string]int64)
	}
	if offset != b.ends[part] || next <= offset {
		panic(fmt.Sprintf("ledger: line at %d to %d of part %s, which ends at %d", offset, next, part, b.ends[part]))
	}
	b.ends[part] = next
	b.starts[part] = append(b.starts[part], offset)
	b.intake[l.Outcome()]++
	e := event{place: Place{Part: part, Offset: offset}, at: l.At, minute: l.Minute, rating: l.Rating}
	switch k := (pair{l.User, l.Movie}); l.Kind {
	case Watch:
		b.watches[k] = append(b.watches[k], e)
	case Rate:
		b.ratings[k] = append(b.ratings[k], e)
	case Account:
		b.accounts[l.User] = append(b.accounts[l.User], e)
	case Noise:
		b.refused[e.place] = l
	}
}

// Merge adds all that is in c, whose parts b must not have.
func (b *Book) Merge(c *Book) {
	if b.ends == nil {
		*b = Book{
			ends: make(map[string]int64), starts: make(map[string][]int64),
			watches: make(map[pair][]event), ratings: make(map[pair][]event),
			accounts: make(map[string][]event), refused: make(map[Place]Line), intake: make(map[string]int64),
		}
	}
	for part := range c.ends {
		if _, known := b.ends[part]; known {
			panic("ledger: part " + part + " is in both books")
		}
	}
	maps.Copy(b.ends, c.ends)
	maps.Copy(b.starts, c.starts)
	maps.Copy(b.refused, c.refused)
	for k, events := range c.watches {
		b.watches[k] = append(b.watches[k], events...)
	}
	for k, events := range c.ratings {
		b.ratings[k] = append(b.ratings[k], events...)
	}
	for k, events := range c.accounts {
		b.accounts[k] = append(b.accounts[k], events...)
	}
	for outcome, n := range c.intake {
		b.intake[outcome] += n
	}
}

// Parts returns the names of all parts, in order.
func (b *Book) Parts() []string { return slices.Sorted(maps.Keys(b.ends)) }

// End returns where part ends: the offset that a store holds that has read it.
func (b *Book) End(part string) int64 { return b.ends[part] }

// Lines returns how many lines of part stand at from or after and before to.
func (b *Book) Lines(part string, from, to int64) int64 {
	low, _ := slices.BinarySearch(b.starts[part], from)
	high, _ := slices.BinarySearch(b.starts[part], to)
	return int64(high - low)
}

// Total returns how many lines there are.
func (b *Book) Total() int64 {
	var n int64
	for _, c := range b.intake {
		n += c
	}
	return n
}

// Intake returns how many lines must be counted under each outcome.
func (b *Book) Intake() map[string]int64 { return maps.Clone(b.intake) }
