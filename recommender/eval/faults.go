package eval

import (
	"fmt"
	"math"
)

// Faults counts what was wrong with the lists of one model. A movie that should
// not have been listed keeps its place and earns nothing, in accuracy or in
// coverage.
type Faults struct {
	Watched  int `json:"watched,omitempty"`  // places taken by a movie of the person's training part
	Repeated int `json:"repeated,omitempty"` // places taken by a movie listed before
	Unknown  int `json:"unknown,omitempty"`  // places taken by a row the catalog does not have
	Outside  int `json:"outside,omitempty"`  // places taken by a movie that is no candidate
	Long     int `json:"long,omitempty"`     // lists longer than asked for; the rest was cut
	Short    int `json:"short,omitempty"`    // lists with fewer good movies than were asked for and to be had
	Empty    int `json:"empty,omitempty"`    // lists without a good movie, though there were some; also in Short
}

func (f *Faults) add(g Faults) {
	f.Watched += g.Watched
	f.Repeated += g.Repeated
	f.Unknown += g.Unknown
	f.Outside += g.Outside
	f.Long += g.Long
	f.Short += g.Short
	f.Empty += g.Empty
}

// warnings says in words what f counts.
func (f Faults) warnings(model string, n int) []string {
	var out []string
	for _, w := range []struct {
		times int
		what  string
		text  string
	}{
		{f.Watched, "place", "taken by a movie the person had watched"},
		{f.Repeated, "place", "taken by a movie already in the list"},
		{f.Unknown, "place", "taken by a row the catalog does not have"},
		{f.Outside, "place", "taken by a movie that is no candidate"},
		{f.Long, "list", fmt.Sprintf("longer than %d, cut", n)},
		{f.Short, "list", fmt.Sprintf("with fewer than %d good movies though there were more", n)},
		{f.Empty, "list", "without any good movie"},
	} {
		if w.times > 0 {
			out = append(out, fmt.Sprintf("%s: %s %s", model, plural(w.times, w.what), w.text))
		}
	}
	return out
}

// What a bench knows about a row while it looks at one list.
const (
	fresh = iota // neither watched nor wanted
	watched
	wanted
	listed
)

// nowhere stands in bench.rows for a place that earned nothing. No row is that
// large: see [Collect].
const nowhere = math.MaxUint32

// A bench looks at one list after another. It is one worker's own.
type bench struct {
	n        int
	state    []uint8 // by row; all fresh between two lists
	competes []bool  // by row; nil if all movies compete, else all false between two lists
	shown    [][]int // for each cutoff, how often each row was listed
	cuts     []int
	faults   Faults

	// Of the latest list, by place.
	hits    []bool
	rows    []uint32 // nowhere at a place that earned nothing
	earning []uint32 // rows without those
	until   []int    // by cutoff: how many of earning stand within it
}

func newBench(s *Split, c Config) *bench {
	movies := len(s.Train.Movies)
	b := &bench{n: c.N, state: make([]uint8, movies), cuts: c.Cutoffs, until: make([]int, len(c.Cutoffs))}
	for range c.Cutoffs {
		b.shown = append(b.shown, make([]int, movies))
	}
	if s.Candidates != nil {
		b.competes = make([]bool, movies)
	}
	return b
}

// admit lets candidates compete, until dismiss.
func (b *bench) admit(candidates []uint32) {
	for _, row := range candidates {
		b.competes[row] = true
	}
}

func (b *bench) dismiss(candidates []uint32) {
	for _, row := range candidates {
		b.competes[row] = false
	}
}

// strike takes out of l what does not compete, so that a list of all movies is
// one of the candidates, and cuts what is left.
func (b *bench) strike(l Listing) Listing {
	out := Listing{Personal: l.Personal}
	for i, row := range l.Rows {
		if len(out.Rows) == b.n {
			break
		}
		if int64(row) >= int64(len(b.state)) || b.competes[row] {
			out.Rows = append(out.Rows, row)
			if l.Sources != nil {
				out.Sources = append(out.Sources, l.Sources[i])
			}
		}
	}
	return out
}

// look counts the faults and the movies of list and leaves in b what stands
// where. It takes O(len(list) + len(train) + len(truth) + len(candidates)).
func (b *bench) look(list []uint32, train, truth []Seen, candidates []uint32) {
	set := func(seen []Seen, to uint8) {
		for _, s := range seen {
			b.state[s.Movie] = to
		}
	}
	set(truth, wanted)
	set(train, watched)
	if len(list) > b.n {
		b.faults.Long++
		list = list[:b.n]
	}
	if want := min(b.n, b.choice(train, candidates)); b.places(list) < want {
		b.faults.Short++
		if len(b.earning) == 0 {
			b.faults.Empty++
		}
	}
	for _, row := range list {
		if int64(row) < int64(len(b.state)) {
			b.state[row] = fresh
		}
	}
	set(truth, fresh)
	set(train, fresh)
}

// choice returns how many movies there are to be listed.
func (b *bench) choice(train []Seen, candidates []uint32) int {
	if b.competes == nil {
		return len(b.state) - len(train)
	}
	n := 0
	for _, row := range candidates {
		if b.state[row] != watched {
			n++
		}
	}
	return n
}

// places judges every place of list and returns how many earned something.
func (b *bench) places(list []uint32) int {
	b.hits, b.rows, b.earning = b.hits[:0], b.rows[:0], b.earning[:0]
	for i, row := range list {
		hit, ok := b.place(i, row)
		if ok {
			b.earning = append(b.earning, row)
		} else {
			row = nowhere
		}
		b.hits, b.rows = append(b.hits, hit), append(b.rows, row)
	}
	for c, k := range b.cuts {
		b.until[c] = 0
		for _, row := range b.rows[:min(k, len(b.rows))] {
			if row != nowhere {
				b.until[c]++
			}
		}
	}
	return len(b.earning)
}

// place judges row at place i, from 0.
func (b *bench) place(i int, row uint32) (hit, ok bool) {
	if int64(row) >= int64(len(b.state)) {
		b.faults.Unknown++
		return false, false
	}
	switch b.state[row] {
	case watched:
		b.faults.Watched++
		return false, false
	case listed:
		b.faults.Repeated++
		return false, false
	case wanted:
		hit = true
	}
	if b.competes != nil && !b.competes[row] {
		b.faults.Outside++
		return false, false
	}
	b.state[row] = listed
	for c, k := range b.cuts {
		if i < k {
			b.shown[c][row]++
		}
	}
	return hit, true
}
