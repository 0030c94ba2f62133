package simulator

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// A Movie is an invented movie, with what the catalog says of it and what is
// true of it.
type Movie struct {
	ID            string
	Number        int // from 1; the outside databases' ids are made of it
	Title         string
	OriginalTitle string
	Year          int    // 0 without a release date
	Date          string // YYYY-MM-DD
	Genres        []string
	Director      string
	Actors        []string
	Keywords      []string
	Collection    string // the series' name
	Part          int    // in its series, from 1; 0 without a series
	Overview      string
	Tagline       string
	Language      string // ISO 639-1
	Runtime       int    // minutes
	Adult         bool
	VoteAverage   float64
	VoteCount     int
	CostUSD       float64 // license cost of one view, in edition 2026

	Themes  []int   // what it is about, the main theme first
	Quality float64 // about normal, mean 0
	Fame    float64 // weight with which people come across it
	Mess    Mess    // how the catalog API's record of it is bad
}

// A Mess is one way in which the catalog API's records are bad.
type Mess int

// The ways.
const (
	Clean       Mess = iota
	NoPlot           // the overview is "null"
	EmptyPlot        // the overview is ""
	MissingKeys      // overview, tagline and others are not there at all
	TextNumbers      // numbers are strings, and unknown ones "null"
	NoDate           // no release date: the id ends with a bare plus
)

// makeMovies makes series and single movies until there are enough.
func (w *World) makeMovies(all []theme) {
	w.movieByID = make(map[string]int, w.Config.Movies)
	for round := 0; len(w.Movies) < w.Config.Movies; round++ {
		rng := w.rng("movie", round)
		switch {
		case rng.IntN(16) == 0:
			w.makeSeries(rng, all)
		case rng.IntN(60) == 0:
			w.makeForeign(rng)
		case rng.IntN(120) == 0 && len(w.Movies) > 0:
			w.makeRemake(rng, all)
		default:
			w.makeSingle(rng, all)
		}
	}
	w.makeFame()
}

// draft is a movie before it has facts: its truth, and the words of its themes.
func (w *World) draft(rng *rand.Rand, all []theme) (m Movie, main, other theme) {
	i := rng.IntN(len(all))
	m = Movie{Themes: []int{i}, Quality: rng.NormFloat64(), Language: "en"}
	main, other = all[i], all[i]
	if j := rng.IntN(len(all)); rng.IntN(4) == 0 && j != i { // a quarter mixes two
		m.Themes = append(m.Themes, j)
		other = all[j]
	}
	return m, main, other
}

func (w *World) makeSingle(rng *rand.Rand, all []theme) {
	m, main, other := w.draft(rng, all)
	s := newStory(rng, main, other)
	m.Title, m.Overview, m.Year = s.title(rng), s.plot(rng), releaseYear(rng)
	w.add(rng, m, all)
}

// makeSeries makes a movie and its sequels, one to three of them.
func (w *World) makeSeries(rng *rand.Rand, all []theme) {
	m, main, other := w.draft(rng, all)
	s := newStory(rng, main, other)
	base := s.title(rng)
	m.Collection = base + " Collection"
	if m.Year = releaseYear(rng); m.Year > 2012 { // leave time for the others
		m.Year -= 2 + rng.IntN(20)
	}
	m.Director, m.Actors = castOf(rng, m.Themes[0])
	m.Quality = max(m.Quality, 0.2) // bad movies get no sequel
	before := base
	sequels := sequelTitles(rng, base, 1+rng.IntN(3))
	for part := 1; part <= 1+len(sequels); part++ {
		m.Part = part
		if part == 1 {
			m.Title, m.Overview = base, s.plot(rng)
		} else {
			m.Title = sequels[part-2]
			m.Overview = s.sequelPlot(rng, before)
			m.Year += 2 + rng.IntN(4)
			m.Quality -= 0.3 * rng.Float64()
		}
		if m.Year > 2024 || !w.add(rng, m, all) {
			return
		}
		before = m.Title
	}
}

// makeRemake makes a movie with the title of another one.
func (w *World) makeRemake(rng *rand.Rand, all []theme) {
	old := w.Movies[rng.IntN(len(w.Movies))]
	if old.Language != "en" || old.Part > 0 || old.Year == 0 || old.Year > 1995 {
		return
	}
	main, other := all[old.Themes[0]], all[old.Themes[len(old.Themes)-1]]
	m := Movie{Title: old.Title, Themes: old.Themes, Quality: rng.NormFloat64(), Language: "en"}
	m.Year = min(2024, old.Year+20+rng.IntN(15))
	m.Overview = newStory(rng, main, other).plot(rng)
	w.add(rng, m, all)
}

// makeForeign makes a movie told in another language than English. Its theme
// says little: it is a quiet drama.
func (w *World) makeForeign(rng *rand.Rand) {
	t := tongues()[rng.IntN(len(tongues()))]
	all := themes()
	quiet := pick(rng, "farm|artist|period romance")
	i := slices.IndexFunc(all, func(t theme) bool { return t.name == quiet })
	m := Movie{Themes: []int{i}, Quality: rng.NormFloat64(), Language: t.code, Year: releaseYear(rng)}
	m.OriginalTitle = pick(rng, t.titles)
	m.Title = m.OriginalTitle
	if t.code == "ja" { // shown under an English title
		m.Title = newStory(rng, all[i], all[i]).title(rng)
	}
	m.Overview = t.plot(rng)
	w.add(rng, m, all)
}

// add completes m and takes it in, unless there is one of its title and year.
func (w *World) add(rng *rand.Rand, m Movie, all []theme) bool {
	if len(w.Movies) == w.Config.Movies {
		return false
	}
	m.Number = len(w.Movies) + 1
	if m.Part == 0 {
		m.Mess = mess(rng)
	}
	if m.Mess == NoDate {
		m.Year = 0
	} else {
		m.Date = fmt.Sprintf("%d-%02d-%02d", m.Year, 1+rng.IntN(12), 1+rng.IntN(28))
	}
	m.ID = idOf(m.Title, m.Year)
	if _, taken := w.movieByID[m.ID]; taken {
		return false
	}
	if m.OriginalTitle == "" {
		m.OriginalTitle = m.Title
	}
	if m.Director == "" {
		m.Director, m.Actors = castOf(rng, m.Themes[0])
	}
	complete(rng, &m, all)
	w.movieByID[m.ID] = len(w.Movies)
	w.Movies = append(w.Movies, m)
	return true
}

// complete gives m what follows from its themes and quality.
func complete(rng *rand.Rand, m *Movie, all []theme) {
	for _, i := range m.Themes {
		for _, g := range pieces(all[i].genres) {
			if !slices.Contains(m.Genres, g) {
				m.Genres = append(m.Genres, g)
			}
		}
		keywords := pieces(all[i].keywords)
		for _, k := range rng.Perm(len(keywords))[:3] {
			m.Keywords = append(m.Keywords, keywords[k])
		}
	}
	if m.Language == "en" && rng.IntN(2) == 0 {
		m.Tagline = pick(rng, all[m.Themes[0]].ends)
	}
	m.Runtime = max(61, min(215, int(102+17*rng.NormFloat64())))
	m.Adult = m.Part == 0 && rng.IntN(90) == 0
	m.VoteAverage = math.Round(10*max(1.5, min(9.2, 6.2+0.9*m.Quality))) / 10
	m.VoteCount = int(math.Exp(4 + 1.2*rng.NormFloat64()))
	m.CostUSD = math.Round(100*math.Exp(-2.5+0.6*rng.NormFloat64())) / 100
}

// mess draws how bad a record is: one in twelve.
func mess(rng *rand.Rand) Mess {
	switch rng.IntN(100) {
	case 0, 1:
		return NoPlot
	case 2:
		return EmptyPlot
	case 3:
		return MissingKeys
	case 4, 5, 6:
		return TextNumbers
	case 7:
		return NoDate
	}
	return Clean
}

// releaseYear draws a year up to 2024, recent ones more often.
func releaseYear(rng *rand.Rand) int {
	return max(1926, 2024-int(22*rng.ExpFloat64()))
}

// makeFame gives every movie its weight: a few are known to everybody (Zipf),
// good ones more likely, and the parts of a series about equally.
func (w *World) makeFame() {
	rng := w.rng("fame", 0)
	luck := make([]float64, len(w.Movies))
	order := make([]int, len(w.Movies))
	for i, m := range w.Movies {
		luck[i] = 0.9*rng.NormFloat64() + 0.6*m.Quality + float64(m.Year-1990)/60
		if m.Mess == NoDate {
			luck[i]--
		}
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case luck[a] > luck[b]:
			return -1
		case luck[a] < luck[b]:
			return 1
		}
		return 0
	})
	for rank, i := range order {
		w.Movies[i].Fame = math.Pow(float64(rank+3), -0.8)
	}
	w.next = make([]int, len(w.Movies))
	for i := range w.Movies {
		w.next[i] = -1
		if p := w.Movies[i].Part; p > 1 {
			w.next[i-1] = i // parts are made one after the other
			w.Movies[i].Fame = max(w.Movies[i].Fame, 0.7*w.Movies[i-1].Fame)
		}
	}
}
