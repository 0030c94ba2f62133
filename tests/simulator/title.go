package simulator

import (
	"math/rand/v2"
	"strconv"
	"strings"
)

const (
	ofThings   = "Glass|Ashes|the North|Silence|Iron|Sand|Lisbon|Memory|the Sea|Roses|Salt|Winter|Stone|Smoke|Paper"
	placeNames = "Saint-Malo|Cold Harbour|Willow Creek|Port Meridian|Blackwater|Montparnasse|Santa Rosita|Lake Ember|Fort Solitude|Marigold Street|Aldebaran|Copper Hill"
	episodes   = "The Reckoning|Homecoming|The Long Night|No Return|A New Day|Legacy|The Other Shore|Last Light|Unfinished Business|Rising"
	odd        = 40 // one title in so many is of an odd form, for the sake of its id
)

// title invents a title of a story's words.
func (s story) title(rng *rand.Rand) string {
	noun, mark := pick(rng, s.main.nouns), pick(rng, s.main.marks)
	second := other(rng, s.other.nouns, noun)
	first, _, _ := strings.Cut(s.name, " ")
	if s.group {
		first = pick(rng, womenNames+"|"+menNames)
	}
	if rng.IntN(odd) == 0 {
		return oddTitle(rng, noun, second, first)
	}
	switch rng.IntN(22) {
	case 0, 1, 2, 3, 4:
		return "The " + mark + " " + noun
	case 5, 6, 7:
		return mark + " " + noun
	case 8, 9, 10:
		return noun + " of " + pick(rng, ofThings)
	case 11, 12:
		return "The Last " + noun
	case 13, 14:
		return "The " + noun + " and the " + second
	case 15, 16:
		return first + "'s " + noun
	case 17:
		return article(noun) + " for " + first
	case 18, 19:
		return "The " + noun + " at " + pick(rng, placeNames)
	case 20:
		return pick(rng, "Beyond|Before|After|Under") + " the " + noun
	}
	return noun
}

// oddTitle returns a title whose id has a comma, a dot, two pluses or stars.
func oddTitle(rng *rand.Rand, noun, second, first string) string {
	switch rng.IntN(5) {
	case 0:
		return "The " + noun + ", the " + second + " and the " + pick(rng, "Fool|Moon|Thief|Stranger")
	case 1:
		return first + " & " + pick(rng, womenNames)
	case 2:
		return "Dr. " + pick(rng, lastNames) + "'s " + noun
	case 3:
		return "What the H**l Is " + article(noun) + "?"
	}
	return strconv.Itoa(3+rng.IntN(97)) + " " + noun + " Street"
}

// article returns a or an, and the noun; a plural stands alone.
func article(noun string) string {
	if strings.HasSuffix(noun, "s") && !strings.HasSuffix(noun, "ss") {
		return noun
	}
	if strings.ContainsAny(noun[:1], "AEIO") {
		return "An " + noun
	}
	return "A " + noun
}

// sequelTitles returns the titles of a series' parts from the second on, up to
// n of them, no two alike.
func sequelTitles(rng *rand.Rand, base string, n int) []string {
	names := pieces(episodes)
	rng.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	out := make([]string, n)
	for i := range out {
		out[i] = base + " " + []string{"II", "III", "IV", "V"}[i]
		if rng.IntN(3) == 0 {
			out[i] = base + ": " + names[i]
		}
	}
	return out
}

// idOf returns the stream's id of a title and year; year 0 is no release date.
func idOf(title string, year int) string {
	var b strings.Builder
	for _, r := range strings.ToLower(title) {
		switch {
		case r == ' ':
			b.WriteByte('+')
		case r == ',':
			b.WriteByte('_')
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '-', r == '_', r == '.', r == '*', r == '+':
			b.WriteRune(r)
		}
	}
	b.WriteByte('+')
	if year > 0 {
		b.WriteString(strconv.Itoa(year))
	}
	return b.String()
}
