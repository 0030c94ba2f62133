package simulator

import "strings"

// A theme is a subgenre with a vocabulary of its own. Plots, titles and
// keywords are made of it, so that a movie's text tells its theme. In the
// tables, alternatives are separated by a bar.
type theme struct {
	name     string
	genres   string // of the catalog API
	heroes   string // "a safecracker": follow a comma, or begin a sentence
	places   string // "in a city of canals": follow a hero, or begin a sentence
	wants    string // "rob a casino": follow "to"
	troubles string // "the driver sells them out": follow "but"
	ends     string // whole sentences
	nouns    string // of titles
	marks    string // adjectives of titles
	keywords string
}

// themes is every theme, in a fixed order: truths are vectors over it.
func themes() []theme {
	return append(append(crimeThemes(), wonderThemes()...), heartThemes()...)
}

func pieces(table string) []string { return strings.Split(table, "|") }
