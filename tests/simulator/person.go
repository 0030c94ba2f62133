package simulator

import (
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
)

// A Person is an invented person, with what the catalog API says of them and
// what is true of them.
type Person struct {
	ID         string
	Age        int // 8 to 90: minors exist
	Gender     string
	Occupation string
	Likes      string // self-description, in edition 2026; many have none
	Dislikes   string

	Taste      []float64 // for each theme, 0 or more, sums to 1
	Favourites []int     // the themes most to their taste, best first
	Mainstream float64   // share of choices made by fame alone
	Watches    int       // how many movies they would watch in 60 days
	Joined     float64   // share of the time that had passed when they came
}

const (
	occupations = "college/grad student|executive/managerial|sales/marketing|scientist|technician/engineer|other or not specified|academic/educator|lawyer|artist|programmer|doctor/health care|writer|homemaker|self-employed|customer service|clerical/admin|retired|tradesman/craftsman|unemployed|farmer"
	youngLikes  = "talking animals|toys and fairies|dog and child|christmas|superheroes|dragons|pirates|high school|team sport|robots"
)

func (w *World) makePeople() {
	w.personByID = make(map[string]int, w.Config.People)
	w.People = make([]Person, 0, w.Config.People)
	for i := 0; len(w.People) < w.Config.People; i++ {
		p := w.makePerson(w.rng("person", i))
		if _, taken := w.personByID[p.ID]; taken {
			continue
		}
		w.personByID[p.ID] = len(w.People)
		w.People = append(w.People, p)
	}
}

func (w *World) makePerson(rng *rand.Rand) Person {
	p := Person{
		ID:         strconv.Itoa(1 + rng.IntN(max(1_000_000, 4*w.Config.People))),
		Age:        max(8, min(90, int(30+9*rng.NormFloat64()))),
		Gender:     "M",
		Occupation: pick(rng, occupations),
		Mainstream: 0.15 + 0.3*rng.Float64(),
		Watches:    max(1, min(60, int(math.Exp(1.85+0.75*rng.NormFloat64())))),
	}
	if rng.IntN(20) == 0 {
		p.Age = 8 + rng.IntN(10)
	}
	if p.Age < 18 {
		p.Occupation = "K-12 student"
	}
	if rng.IntN(3) == 0 {
		p.Gender = "F"
	}
	if rng.IntN(30) == 0 {
		p.Watches = 0
	}
	if rng.IntN(5) == 0 {
		p.Joined = rng.Float64() * 0.8
	}
	w.giveTaste(rng, &p)
	return p
}

// giveTaste draws two to four favourite themes, which have most of the taste,
// and spreads the rest over all themes.
func (w *World) giveTaste(rng *rand.Rand, p *Person) {
	p.Taste = make([]float64, len(w.Themes))
	var sum float64
	for i := range p.Taste {
		p.Taste[i] = rng.ExpFloat64()
		sum += p.Taste[i]
	}
	for i := range p.Taste {
		p.Taste[i] *= 0.2 / sum
	}
	left := 0.8
	n := 2 + rng.IntN(3)
	for k := range n {
		i := rng.IntN(len(w.Themes))
		if p.Age < 18 && rng.IntN(4) > 0 {
			i = slices.Index(w.Themes, pick(rng, youngLikes))
		}
		part := left * 0.5
		if k == n-1 {
			part = left
		}
		p.Taste[i] += part
		left -= part
	}
	order := make([]int, len(p.Taste))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		if p.Taste[a] > p.Taste[b] {
			return -1
		} else if p.Taste[a] < p.Taste[b] {
			return 1
		}
		return 0
	})
	p.Favourites = order[:2]
	if rng.IntN(3) == 0 {
		all := themes()
		p.Likes = "What I like: " + strings.Join(append(pieces(all[order[0]].keywords)[:3], pieces(all[order[1]].keywords)[:2]...), ", ") + "."
		p.Dislikes = "I can do without: " + strings.Join(pieces(all[order[len(order)-1]].keywords)[:2], ", ") + "."
	}
}

// Affinity returns how much m is to p's taste, 0 to 1: the share of the taste
// of m's themes in that of the theme which p likes most.
func (p Person) Affinity(m Movie) float64 {
	top := p.Taste[p.Favourites[0]]
	a := p.Taste[m.Themes[0]] / top
	if len(m.Themes) > 1 {
		a = 0.65*a + 0.35*p.Taste[m.Themes[1]]/top
	}
	return min(1, math.Sqrt(a))
}
