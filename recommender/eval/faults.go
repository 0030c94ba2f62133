package eval

import "fmt"

// Faults counts what was wrong with the lists of one model. A movie that should
// not have been listed keeps its place and earns nothing, in accuracy or in
// coverage.
type Faults struct {
	Watched  int `json:"watched,omitempty"`  // places taken by a movie of the person's training part
	Repeated int `json:"repeated,omitempty"` // places taken by a movie listed before
	Unknown  int `json:"unknown,omitempty"`  // places taken by a row the catalog does not have
	Long     int `json:"long,omitempty"`     // lists longer than asked for; the rest was cut
	Short    int `json:"short,omitempty"`    // lists with fewer good movies than were asked for and to be had
	Empty    int `json:"empty,omitempty"`    // lists without a good movie, though there were some; also in Short
}

func (f *Faults) add(g Faults) {
	f.Watched += g.Watched
	f.Repeated += g.Repeated
	f.Unknown += g.Unknown
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

// A bench looks at one list after another. It is one worker's own.
type bench struct {
	n      int
	state  []uint8 // by row; all fresh between two lists
	shown  [][]int // for each cutoff, how often each row was listed
	cuts   []int
	hits   []bool // of the latest list
	faults Faults
}

func newBench(movies int, c Config) *bench {
	b := &bench{n: c.N, state: make([]uint8, movies), cuts: c.Cutoffs, hits: make([]bool, 0, c.N)}
	for range c.Cutoffs {
		b.shown = append(b.shown, make([]int, movies))
	}
	return b
}

// look counts the faults and the movies of list and leaves in b.hits where the
// hits stand. It takes O(len(list) + len(train) + len(truth)).
func (b *bench) look(list []uint32, train, truth []Seen) {
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
	good := 0
	b.hits = b.hits[:0]
	for i, row := range list {
		hit, ok := b.place(i, row)
		b.hits = append(b.hits, hit)
		if ok {
			good++
		}
	}
	if want := min(b.n, len(b.state)-len(train)); good < want {
		b.faults.Short++
		if good == 0 {
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
	b.state[row] = listed
	for c, k := range b.cuts {
		if i < k {
			b.shown[c][row]++
		}
	}
	return hit, true
}
