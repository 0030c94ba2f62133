package eval

import (
	"cmp"
	"context"
	"maps"
	"slices"
)

// The names of slices that say no more than that.
const (
	unknownSlice = "unknown"
	otherSlice   = "others"
)

// A band is a range of numbers, low included.
type band struct {
	low  int
	name string
}

// ageBands are those of censuses, in years; 0 is unknown.
var ageBands = []band{{0, unknownSlice}, {1, "under 18"}, {18, "18-24"}, {25, "25-34"}, {35, "35-44"}, {45, "45-54"}, {55, "55 and over"}}

// historyBands are in movies of the training part.
var historyBands = []band{{0, "0 movies"}, {1, "1-4 movies"}, {5, "5-19 movies"}, {20, "20-49 movies"}, {50, "50-199 movies"}, {200, "200 movies and over"}}

func bandOf(bands []band, n int) string {
	name := bands[0].name
	for _, b := range bands {
		if n >= b.low {
			name = b.name
		}
	}
	return name
}

func namesOf(bands []band) []string {
	var out []string
	for _, b := range bands {
		out = append(out, b.name)
	}
	return out
}

// A crowd is a slice of the people with truth, by place in run.people.
type crowd struct {
	by, name string
	places   []int
}

// crowds returns the slices of the people with truth: by age, gender and
// occupation if anything is known of them, and by length of history.
func (r *run) crowds() []crowd {
	var out []crowd
	if user := r.cfg.Facts.User; user != nil {
		out = append(out, r.crowdBy("age", namesOf(ageBands), func(u UserHistory) string { return bandOf(ageBands, user(u.User).Age) })...)
		out = append(out, r.crowdBy("gender", nil, func(u UserHistory) string { return cmp.Or(user(u.User).Gender, unknownSlice) })...)
		out = append(out, r.crowdBy("occupation", nil, func(u UserHistory) string { return cmp.Or(user(u.User).Occupation, unknownSlice) })...)
	}
	return append(out, r.crowdBy("history", namesOf(historyBands), func(u UserHistory) string { return bandOf(historyBands, len(u.Seen)) })...)
}

// crowdBy puts people of one name together, in order, or by name if that is nil;
// groups of fewer than MinSlice become one. There is none if nothing is known.
func (r *run) crowdBy(by string, order []string, name func(UserHistory) string) []crowd {
	places := make(map[string][]int)
	for place, row := range r.people {
		if len(r.split.Truth[row]) > 0 {
			n := name(r.split.Train.Users[row])
			places[n] = append(places[n], place)
		}
	}
	if len(places) == 0 || len(places) == 1 && places[unknownSlice] != nil {
		return nil
	}
	if order == nil {
		order = slices.Sorted(maps.Keys(places))
	}
	var out []crowd
	var others []int
	for _, n := range order {
		if len(places[n]) >= r.cfg.MinSlice {
			out = append(out, crowd{by, n, places[n]})
		} else {
			others = append(others, places[n]...)
		}
	}
	if len(others) > 0 {
		slices.Sort(others)
		out = append(out, crowd{by, otherSlice, others})
	}
	return out
}

// A class is a slice of the movies. A person's figures for it are those of their
// list against the part of their truth that is in it.
type class struct {
	by, name string
	sheet    *sheet
	truth    int // movies of all people's truth in the class
}

// classMeasures are those that say something of part of a truth.
var classMeasures = measures[:3] // hit_rate, ndcg, recall

// classify returns the slices of the movies that somebody's truth is in, by
// popularity and genre, and for each movie those it belongs to. Movies may be
// in several genres.
func (r *run) classify() (classes []*class, of [][]int32) {
	of = make([][]int32, len(r.split.Train.Movies))
	add := func(by, name string) int32 {
		classes = append(classes, &class{by: by, name: name})
		return int32(len(classes) - 1)
	}
	first := add("popularity", "head")
	add("popularity", "mid")
	add("popularity", "tail")
	for row, third := range thirds(r.watchers) {
		of[row] = append(of[row], first+third)
	}
	if r.cfg.Facts.Genres == nil {
		return classes, of
	}
	var names []string
	for _, genres := range r.cfg.Facts.Genres {
		names = append(names, genres...)
	}
	slices.Sort(names)
	number := make(map[string]int32)
	for _, name := range slices.Compact(names) {
		number[name] = add("genre", name)
	}
	nameless := add("genre", unknownSlice)
	for row, genres := range r.cfg.Facts.Genres {
		for _, name := range genres {
			if n := number[name]; !slices.Contains(of[row], n) {
				of[row] = append(of[row], n)
			}
		}
		if len(genres) == 0 {
			of[row] = append(of[row], nameless)
		}
	}
	return classes, of
}

// thirds returns 0 (head), 1 (mid) or 2 (tail) for each movie: each holds about a
// third of all that was watched, the most watched movies first. Movies with the
// same number of watchers are in the same; whoever nobody watched is in the tail.
func thirds(watchers []int) []int32 {
	hist := histogram(watchers)
	third := make([]int32, len(hist))
	var all, above int64
	for times, movies := range hist {
		all += int64(times) * movies
	}
	for times := len(hist) - 1; times >= 0; times-- {
		third[times] = 2
		if all > 0 {
			third[times] = int32(min(2, 3*above/all))
		}
		above += int64(times) * hist[times]
	}
	out := make([]int32, len(watchers))
	for row, times := range watchers {
		out[row] = third[times]
	}
	return out
}

// A portion is the part of a person's truth that is in one class.
type portion struct {
	class int32
	row   int // in its sheet
	truth int
}

// portion shares everyone's truth out among the classes.
func (r *run) portion() {
	r.classes, r.classOf = r.classify()
	counts := make([][]int, len(r.classes)) // by class and place
	for c := range counts {
		counts[c] = make([]int, len(r.people))
	}
	for place, row := range r.people {
		for _, s := range r.split.Truth[row] {
			for _, c := range r.classOf[s.Movie] {
				counts[c][place]++
				r.classes[c].truth++
			}
		}
	}
	r.portions = make([][]portion, len(r.people))
	for c, class := range r.classes {
		var figures []figure
		for i, m := range classMeasures {
			figures = append(figures, figure{name: MetricName(m.name, r.longest()), over: i, by: perPerson})
		}
		class.sheet = newSheet(len(r.people), r.lists, len(classMeasures), figures, func(place int) bool { return counts[c][place] > 0 })
		for place, row := range class.sheet.row {
			if row >= 0 {
				r.portions[place] = append(r.portions[place], portion{int32(c), row, counts[c][place]})
			}
		}
		class.sheet.row = nil // portions have it
	}
}

// scorePortions judges a list against each part of the truth.
func (r *run) scorePortions(b *bench, model, place int) {
	if !slices.Contains(b.hits, true) {
		return // all of it is 0
	}
	hits := make([]bool, len(b.hits))
	for _, p := range r.portions[place] {
		for i, hit := range b.hits {
			hits[i] = hit && slices.Contains(r.classOf[b.rows[i]], p.class)
		}
		out := r.classes[p.class].sheet.at(p.row, model)
		for i, m := range classMeasures {
			out[i] = m.of(hits, p.truth, r.longest())
		}
	}
}

// slices judges every slice.
func (r *run) slices(ctx context.Context) ([]Slice, error) {
	if r.cfg.MinSlice == 0 {
		return nil, nil
	}
	var out []Slice
	for _, g := range r.crowds() {
		s := Slice{By: g.by, Name: g.name, People: len(g.places)}
		for _, place := range g.places {
			s.Truth += len(r.split.Truth[r.people[place]])
		}
		var sheets []*sheet
		if r.accuracy != nil {
			last := r.accuracy.figures[len(r.accuracy.figures)-len(measures):]
			sheets = append(sheets, r.accuracy.cut(g.places, last))
		}
		if r.ratings != nil {
			sheets = append(sheets, r.ratings.cut(g.places, r.ratings.figures))
		}
		if err := r.fill(ctx, &s, sheets...); err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	for _, c := range r.classes {
		if c.truth == 0 {
			continue
		}
		s := Slice{By: c.by, Name: c.name, People: c.sheet.rows, Truth: c.truth}
		if err := r.fill(ctx, &s, c.sheet); err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

// fill takes the figures of every model for a slice.
func (r *run) fill(ctx context.Context, s *Slice, sheets ...*sheet) error {
	s.Thin = s.People < r.cfg.MinSlice
	for _, m := range r.models {
		s.Models = append(s.Models, SliceModel{Name: m.Name, Metrics: make(map[string]Estimate)})
	}
	for _, sheet := range sheets {
		if err := sheet.resample(ctx, r.cfg); err != nil {
			return err
		}
		for i := range r.models {
			sheet.estimates(i, s.Models[i].Metrics)
		}
	}
	return nil
}
