package simulator

import (
	"math/rand/v2"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A story is what the parts of a series share: who it is about, and where.
type story struct {
	name  string // of the lead
	hero  string // "a card sharp with a flawless memory"
	group bool   // hero is more than one, and has no name
	place string
	main  theme
	other theme // main again, unless two themes are mixed
}

func newStory(rng *rand.Rand, main, other theme) story {
	s := story{hero: pick(rng, main.heroes), place: pick(rng, main.places), main: main, other: other}
	s.group = isGroup(s.hero)
	s.name = leadName(rng, s.hero)
	return s
}

// isGroup reports whether a hero is several people.
func isGroup(hero string) bool {
	for _, begin := range []string{"two ", "three ", "a family", "a flock", "a young couple", "a patient camera crew", "a village team"} {
		if strings.HasPrefix(hero, begin) {
			return true
		}
	}
	return strings.Contains(hero, " and a ") || strings.Contains(hero, " and his ")
}

// plot tells the story in two to four sentences.
func (s story) plot(rng *rand.Rand) string {
	want, trouble := pick(rng, s.main.wants), pick(rng, s.other.troubles)
	lines := []string{s.opening(rng, want), turn(rng, trouble)}
	switch rng.IntN(4) {
	case 0:
	case 1:
		lines = append(lines, pick(rng, s.other.ends))
	case 2:
		lines = append(lines, s.third(rng, want, trouble))
	case 3:
		lines = append(lines, s.third(rng, want, trouble), pick(rng, s.main.ends))
	}
	return strings.Join(lines, " ")
}

// sequelPlot tells what happens after the movie called before.
func (s story) sequelPlot(rng *rand.Rand, before string) string {
	who := s.name + ", " + s.hero + ","
	if s.group {
		who = s.hero
	}
	first := pick(rng, "Years after "+before+", |Not long after the events of "+before+", |After everything that happened in "+before+", ") +
		who + " must " + pick(rng, s.main.wants) + "."
	return first + " " + turn(rng, pick(rng, s.other.troubles)) + " " + pick(rng, s.main.ends)
}

func (s story) opening(rng *rand.Rand, want string) string {
	if s.group {
		return sentence(pick(rng, s.place+", "+s.hero+" must "+want+
			"|"+s.place+", it falls to "+s.hero+" to "+want+
			"|"+s.place+", "+s.hero+" will do anything to "+want))
	}
	return sentence(pick(rng, s.place+", "+s.hero+" must "+want+
		"|"+s.place+", "+s.hero+" sets out to "+want+
		"|"+s.name+", "+s.hero+", has one chance to "+want+
		"|for "+s.name+", "+s.hero+", only one thing is left to do: "+want+
		"|"+s.place+", "+s.name+", "+s.hero+", will do anything to "+want))
}

func turn(rng *rand.Rand, trouble string) string {
	return sentence(pick(rng, "but "+trouble+"|everything changes when "+trouble+"|then "+trouble+"|all goes well until "+trouble))
}

// third returns a third sentence, which repeats neither want nor trouble.
func (s story) third(rng *rand.Rand, want, trouble string) string {
	helper := other(rng, s.other.heroes, s.hero)
	return sentence(pick(rng, "only "+helper+" can still help"+
		"|help comes from an unexpected side: "+helper+
		"|time is short, and "+other(rng, s.main.troubles, trouble)+
		"|now there is no choice but to "+other(rng, s.other.wants, want)))
}

// pick returns one of the pieces of a table.
func pick(rng *rand.Rand, table string) string {
	p := pieces(table)
	return p[rng.IntN(len(p))]
}

// other returns a piece of table that is not taken.
func other(rng *rand.Rand, table, taken string) string {
	for {
		if p := pick(rng, table); p != taken {
			return p
		}
	}
}

// sentence returns s with a capital letter and a full stop.
func sentence(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:] + "."
}
