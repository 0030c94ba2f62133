package group

import (
	"fmt"
	"slices"

	"marquee/catalog"
	"marquee/recommender/column"
)

// Encode appends s to e. It takes 4 bytes a movie and statistic, and 12 for each
// movie of which a group is told apart.
func (s *Stats) Encode(e *column.Encoder) {
	var bands, counts, rows []uint32
	var genders, occupations []string
	var scores, means []float32
	for _, k := range s.keys {
		c := s.groups[k]
		bands, genders, occupations = append(bands, k.band), append(genders, k.gender), append(occupations, k.occupation)
		counts = append(counts, uint32(len(c.rows)))
		rows, scores, means = append(rows, c.rows...), append(scores, c.scores...), append(means, c.means...)
	}
	e.Float32s(s.scores)
	e.Float32s(s.means)
	e.Float32s([]float32{s.mean})
	e.Uint32s(bands)
	column.EncodeStrings(e, genders)
	column.EncodeStrings(e, occupations)
	e.Uint32s(counts)
	e.Uint32s(rows)
	e.Float32s(scores)
	e.Float32s(means)
}

// Decode takes from d what [Stats.Encode] appended, of so many movies. Errors
// wrap [column.ErrBroken]; those of d are for its Finish.
func Decode(d *column.Decoder, movies int, scale catalog.Scale) (*Stats, error) {
	s := &Stats{scale: scale, scores: d.Float32s(), means: d.Float32s(), groups: make(map[key]*cells)}
	mean := d.Float32s()
	bands, genders, occupations := d.Uint32s(), column.DecodeStrings[string](d), column.DecodeStrings[string](d)
	counts := d.Uint32s()
	all := cells{rows: d.Uint32s(), scores: d.Float32s(), means: d.Float32s()}
	n := len(bands)
	if len(s.scores) != movies || len(s.means) != movies || len(mean) != 1 || len(genders) != n || len(occupations) != n || len(counts) != n {
		return nil, fmt.Errorf("statistics of %d movies and %d groups, want %d movies: %w", len(s.scores), n, movies, column.ErrBroken)
	}
	s.mean = mean[0]
	for i := range n {
		k := key{bands[i], genders[i], occupations[i]}
		if k == (key{}) || i > 0 && compareKeys(s.keys[i-1], k) >= 0 {
			return nil, fmt.Errorf("group %d of %d is out of its order: %w", i, n, column.ErrBroken)
		}
		var err error
		if s.groups[k], err = all.cut(int(counts[i]), movies); err != nil {
			return nil, fmt.Errorf("group %d of %d: %w: %w", i, n, err, column.ErrBroken)
		}
		s.keys = append(s.keys, k)
	}
	if len(all.rows) > 0 {
		return nil, fmt.Errorf("%d movies behind the last group: %w", len(all.rows), column.ErrBroken)
	}
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("%w: %w", err, column.ErrBroken)
	}
	return s.arrange(), nil
}

// cut takes the first n from c.
func (c *cells) cut(n, movies int) (*cells, error) {
	if n > len(c.rows) || len(c.scores) != len(c.rows) || len(c.means) != len(c.rows) {
		return nil, fmt.Errorf("%d movies, there are %d with %d scores and %d means", n, len(c.rows), len(c.scores), len(c.means))
	}
	out := &cells{rows: slices.Clip(c.rows[:n]), scores: slices.Clip(c.scores[:n]), means: slices.Clip(c.means[:n])}
	for i, row := range out.rows {
		if int(row) >= movies || i > 0 && out.rows[i-1] >= row {
			return nil, fmt.Errorf("movie %d of %d is out of its order", row, movies)
		}
	}
	*c = cells{rows: c.rows[n:], scores: c.scores[n:], means: c.means[n:]}
	return out, nil
}

// most bounds a score: the logarithm of more watches than a float64 can count.
const most = 1000

// check returns an error for numbers that no statistics have.
func (s *Stats) check() error {
	lists := []*cells{{scores: s.scores, means: s.means}, {means: []float32{s.mean}}}
	for _, k := range s.keys {
		lists = append(lists, s.groups[k])
	}
	for _, c := range lists {
		for i, v := range c.scores {
			if !(v >= 0 && v <= most) {
				return fmt.Errorf("score %d is %v, want 0 to %d", i, v, most)
			}
		}
		for i, v := range c.means {
			if !(float64(v) >= s.scale.Min && float64(v) <= s.scale.Max) {
				return fmt.Errorf("mean %d is %v, want %g to %g", i, v, s.scale.Min, s.scale.Max)
			}
		}
	}
	return nil
}
