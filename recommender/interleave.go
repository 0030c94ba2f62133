package recommender

import (
	"math/rand/v2"
	"slices"

	"marquee/recommender/rank"
)

// Team returns how the sources of a movie tell which team brought it to an interleaved
// list: "als@treatment" is source als of team treatment.
func Team(source, team string) string { return source + "@" + team }

// TeamDraft returns n movies of two lists in one, each movie once, by team-draft
// interleaving (Radlinski, Kurup and Joachims, 2008): the team with fewer movies in the
// list, at a tie the one that a fair coin names, puts its best movie that is not there
// yet. So down to no place has a team more than one movie more than the other, and what
// people take from the list tells whose movies they prefer. The same seed throws the
// same coins.
//
// The sources of a movie are those of its team's list, by [Team]. Once a list has no
// movie left, the other's follow without a team. Score and propensity are those that
// the movie has in the list that it came from: scores of two models need not fall
// together, and propensities are those given the coins.
func TeamDraft(lists [2]rank.List, teams [2]string, n int, seed uint64) rank.List {
	d := newDraft(lists, teams, n)
	var coin rand.PCG
	coin.Seed(seed, draftStream)
	for len(d.list.Items) < n && d.more(0) && d.more(1) {
		team := 0
		switch {
		case d.picked[0] > d.picked[1]:
			team = 1
		case d.picked[0] == d.picked[1]:
			team = int(coin.Uint64() >> 63)
		}
		d.picked[team]++
		d.pick(team, d.teamed[team])
	}
	for from := range lists {
		for len(d.list.Items) < n && d.more(from) {
			d.pick(from, d.bare[from])
		}
	}
	return d.list
}

// draftStream keeps the coins apart from what else is drawn with the same seed.
const draftStream = 0x7465616d64726166

// maxSources is how many sources of a list [rank.Source] can tell apart.
const maxSources = 32

// A draft is an interleaved list that grows.
type draft struct {
	list   rank.List
	lists  [2]rank.List
	next   [2]int // the first item of each list that may have to be put
	picked [2]int // movies of each team
	there  map[uint32]bool

	teamed [2][]string // the sources of each list as its team has them
	bare   [2][]string // as nobody has
}

func newDraft(lists [2]rank.List, teams [2]string, n int) *draft {
	d := &draft{there: make(map[uint32]bool, n)}
	d.list = rank.List{Arm: lists[0].Arm, Tier: lists[0].Tier, Items: make([]rank.Item, 0, n)}
	if lists[1].Arm != lists[0].Arm {
		d.list.Arm += "+" + lists[1].Arm
	}
	if slices.Index(tiers, lists[1].Tier) > slices.Index(tiers, lists[0].Tier) {
		d.list.Tier = lists[1].Tier
	}
	// All sources of both lists, each with its team and without, or one of each list.
	narrow := 2*(len(lists[0].Sources)+len(lists[1].Sources)) > maxSources
	for i, l := range lists {
		if narrow {
			l.Sources = []string{l.Arm}
			l.Items = slices.Clone(l.Items)
			for k := range l.Items {
				l.Items[k].Source = 1
			}
		}
		d.lists[i], d.bare[i] = l, l.Sources
		d.teamed[i] = make([]string, len(l.Sources))
		for k, source := range l.Sources {
			d.teamed[i][k] = Team(source, teams[i])
		}
	}
	return d
}

// tiers are those of lists for a person, the most personal first.
var tiers = []rank.Tier{rank.TierPersonal, rank.TierGroup, rank.TierPopular}

// more moves next of a list to a movie that is not there yet, and reports whether there
// is one.
func (d *draft) more(list int) bool {
	items := d.lists[list].Items
	for d.next[list] < len(items) && d.there[items[d.next[list]].Row] {
		d.next[list]++
	}
	return d.next[list] < len(items)
}

// pick puts the next movie of a list, whose sources go by these names.
func (d *draft) pick(list int, names []string) {
	item := d.lists[list].Items[d.next[list]]
	var sources rank.Source
	for i, name := range names {
		if item.Source&(1<<i) != 0 {
			sources |= 1 << d.source(name)
		}
	}
	item.Source = sources
	d.there[item.Row] = true
	d.list.Items = append(d.list.Items, item)
}

// source returns the bit of a name.
func (d *draft) source(name string) int {
	i := slices.Index(d.list.Sources, name)
	if i < 0 {
		i = len(d.list.Sources)
		d.list.Sources = append(d.list.Sources, name)
	}
	return i
}
