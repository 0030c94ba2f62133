package simulator

import (
	"math/rand/v2"
	"strings"
)

const (
	womenNames = "Ada|Beatrix|Clara|Delphine|Edith|Freya|Greta|Hazel|Ines|Josephine|Katya|Lotte|Mirela|Nora|Odette|Petra|Ramona|Sabine|Thea|Ursula|Vera|Wilma|Yara|Zelda|Amara|Bronwyn|Celeste|Dunja|Esme|Imogen"
	menNames   = "Abel|Bruno|Caspar|Dmitri|Edgar|Felix|Gideon|Hugo|Ivo|Jasper|Konrad|Leander|Milo|Nestor|Oskar|Pascal|Quentin|Rufus|Silas|Tobias|Ulric|Viktor|Wendell|Yusuf|Zoltan|Amos|Boris|Cormac|Diego|Emil"
	lastNames  = "Marlow|Ashgrove|Bellwether|Castellane|Drummond|Ellery|Fairbairn|Garrick|Hollis|Ibarra|Jansen|Kestrel|Lindqvist|Moreau|Nakamura|Oyelaran|Penhallow|Quill|Rosetti|Sandoval|Thackeray|Underhill|Vasquez|Whitlock|Yardley|Zamora|Abernathy|Brandt|Calloway|Devereux|Eklund|Farrow|Grimaldi|Hawthorne|Iyer|Juarez|Kovacs|Lavoie|Mbeki|Novak"
)

// leadName returns a name that fits a hero: their sex where the words tell it,
// and no surname for animals and the like.
func leadName(rng *rand.Rand, hero string) string {
	table := womenNames
	switch {
	case hasWord(hero, "man|boy"):
		table = menNames
	case hasWord(hero, "her|woman|policewoman|girl|widow|queen|daughter|bride|grandmother|governess|lady-in-waiting|countess|sorceress|seamstress|mother|fairy|nanny|nurse|sister"):
	case hasWord(hero, "his|him|king|prince|baronet|priest|cardinal|cowboy|Santa|father|brother"):
		table = menNames
	case rng.IntN(2) == 0:
		table = menNames
	}
	first := pick(rng, table)
	if hasWord(hero, "dog|collie|hedgehog|penguin|cub|mouse|puppet|robot|android|vampire|elf|soldier with a missing key") {
		return first
	}
	return first + " " + pick(rng, lastNames)
}

func hasWord(text, words string) bool {
	for _, w := range pieces(words) {
		if strings.Contains(" "+strings.ReplaceAll(text, "'s", "")+" ", " "+w+" ") {
			return true
		}
	}
	return false
}

// A cast is the people whom a theme's movies are made with: most actors and
// directors stay with one or two themes.
func castOf(rng *rand.Rand, themeIndex int) (director string, actors []string) {
	troupe := rand.New(rand.NewPCG(uint64(themeIndex), 77)) // the same people for every movie of a theme
	var names []string
	for i := range 14 {
		table := womenNames
		if i%2 == 0 {
			table = menNames
		}
		names = append(names, pick(troupe, table)+" "+pick(troupe, lastNames))
	}
	director = names[rng.IntN(4)]
	for _, i := range rng.Perm(10)[:3+rng.IntN(3)] {
		actors = append(actors, names[4+i])
	}
	return director, actors
}
