package rating

import (
	"cmp"
	"slices"
	"strconv"

	"marquee/catalog"
)

// numTraits is how many traits a person has: band of ages, gender, occupation.
const numTraits = 3

// A trait's values become groups if so many people have them, so that a group
// tells of no one person; so many values of a trait do at most.
const (
	minGroupPeople = 5
	maxGroups      = 64
)

// bands are the ages at which the bands behind the first begin.
var bands = [...]int{18, 25, 35, 45, 55, 65}

// traits returns what u is, "" where it is not known.
func traits(u catalog.User) [numTraits]string {
	band := ""
	if u.Age > 0 {
		n := 0
		for _, from := range bands {
			if u.Age >= from {
				n++
			}
		}
		band = strconv.Itoa(n)
	}
	return [numTraits]string{band, u.Gender, u.Occupation}
}

// A trait holds the groups of one trait and their weights of taste.
type trait struct {
	names   []string // ascending
	weights []float32
}

// of returns the group that has the name, or -1.
func (t *trait) of(name string) int {
	if name == "" {
		return -1
	}
	if i, ok := slices.BinarySearch(t.names, name); ok {
		return i
	}
	return -1
}

// groupsOf returns the groups of the people who rated something, with weights
// of 0, and the groups of every person, [people], -1 for none.
func groupsOf(users []catalog.User, r *ratings, width int) (found [numTraits]trait, member [numTraits][]int32) {
	var counts [numTraits]map[string]int
	for k := range counts {
		counts[k] = map[string]int{}
	}
	for i, u := range users {
		if r.starts[i] == r.starts[i+1] {
			continue
		}
		for k, name := range traits(u) {
			if name != "" {
				counts[k][name]++
			}
		}
	}
	for k := range found {
		t := &found[k]
		for name, n := range counts[k] {
			if n >= minGroupPeople && len(name) <= catalog.MaxTextBytes {
				t.names = append(t.names, name)
			}
		}
		slices.SortFunc(t.names, func(a, b string) int { return cmp.Or(cmp.Compare(counts[k][b], counts[k][a]), cmp.Compare(a, b)) })
		t.names = t.names[:min(len(t.names), maxGroups)]
		slices.Sort(t.names)
		t.weights = make([]float32, len(t.names)*width)
		member[k] = make([]int32, len(users))
	}
	for i, u := range users {
		for k, name := range traits(u) {
			member[k][i] = int32(found[k].of(name))
		}
	}
	return found, member
}
