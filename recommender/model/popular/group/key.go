package group

import (
	"cmp"

	"marquee/catalog"
)

// A key names a group: those people of whom all three are so. What is empty, or
// 0, does not matter. The zero key is everyone.
type key struct {
	band       uint32 // of ages, from 1
	gender     string
	occupation string
}

// bands are the ages at which the bands behind the first begin, those of the
// surveys of MovieLens, in even steps of ten years.
var bands = [...]int{18, 25, 35, 45, 55, 65}

// band returns the band of an age in years, from 1, or 0 if it is not known.
func band(age int) uint32 {
	if age <= 0 {
		return 0
	}
	b := uint32(1)
	for _, from := range bands {
		if age >= from {
			b++
		}
	}
	return b
}

// keyOf returns the smallest group that u is in.
func keyOf(u catalog.User) key {
	return key{band(u.Age), u.Gender, u.Occupation}
}

// larger returns the next larger group.
func (k key) larger() key {
	switch {
	case k.occupation != "":
		k.occupation = ""
	case k.gender != "":
		k.gender = ""
	default:
		k.band = 0
	}
	return k
}

// facts returns how many of the three are known.
func (k key) facts() int {
	n := 0
	for _, known := range []bool{k.band != 0, k.gender != "", k.occupation != ""} {
		if known {
			n++
		}
	}
	return n
}

// compareKeys orders larger groups before those that lean on them.
func compareKeys(a, b key) int {
	return cmp.Or(cmp.Compare(a.facts(), b.facts()), cmp.Compare(a.band, b.band), cmp.Compare(a.gender, b.gender), cmp.Compare(a.occupation, b.occupation))
}

// all returns the groups that someone of k is in, but for everyone.
func (k key) all() []key {
	var out []key
	for mask := 1; mask < 8; mask++ {
		var g key
		if mask&1 != 0 {
			g.band = k.band
		}
		if mask&2 != 0 {
			g.gender = k.gender
		}
		if mask&4 != 0 {
			g.occupation = k.occupation
		}
		known := 0
		for bit := mask; bit > 0; bit &= bit - 1 {
			known++
		}
		if g.facts() == known {
			out = append(out, g)
		}
	}
	return out
}
