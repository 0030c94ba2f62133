package rank

import (
	"slices"

	"marquee/indexer"
)

// A Reason says which watched movie brought a recommended one.
type Reason struct {
	Row        uint32  // of the watched movie
	Similarity float32 // of the two, at most 1
	say        float32 // what it added to the similarity
}

// Reasons returns, for each item, the at most n watched movies that brought it,
// the one with the most say first, as the neighbour table has it. It reads the
// neighbour lists of the history once.
func (s *Snapshot) Reasons(items []Item, t Taste, n int) [][]Reason {
	return s.ReasonsNear(items, t, nil, n)
}

// ReasonsNear returns what [Snapshot.Reasons] does, by the neighbours that the list
// was made from: see [Request.Near].
func (s *Snapshot) ReasonsNear(items []Item, t Taste, near [][]indexer.Hit, n int) [][]Reason {
	out := make([][]Reason, len(items))
	place := make(map[uint32]int, len(items))
	for i, item := range items {
		place[item.Row] = i
	}
	weight := 1.0
	for i, m := range t.Watched[:min(len(t.Watched), s.Config.History)] {
		say := float32(weight) * s.say.byPreference[min(m.Preference, 50)]
		weight *= s.say.decay
		for _, nb := range s.near(near, i, m.Row) {
			if at, ok := place[nb.Row]; ok && nb.Score > 0 {
				out[at] = append(out[at], Reason{Row: m.Row, Similarity: min(nb.Score, 1), say: say * sharpen(nb.Score, s.Config.Sharpness)})
			}
		}
	}
	for i := range out {
		slices.SortStableFunc(out[i], func(a, b Reason) int { return sign(b.say - a.say) })
		out[i] = out[i][:min(n, len(out[i]))]
	}
	return out
}

// Similar returns the at most r.N nearest movies of row that may be shown, best
// first, as r.Near has them or else the neighbour table: those of its [indexer.Table.K]
// that the rules of r let through.
func (s *Snapshot) Similar(row uint32, r Request) List {
	r.mask = s.admit(&r)
	defer s.release(r.mask)
	list := List{Tier: TierSimilar, Arm: ArmFeatures, Sources: []string{sourceNeighbour}}
	for _, nb := range s.near(r.Near, 0, row) {
		if nb.Score <= 0 || len(list.Items) == r.N && len(r.Boosts) == 0 {
			break // best first: no later one is above 0
		}
		if s.allowed(nb.Row, r) {
			item := s.item(nb.Row, min(nb.Score, 1)) // rounding may lead past 1
			item.Similarity = item.Score
			item.Source = SourceNeighbour
			list.Items = append(list.Items, item)
		}
	}
	s.boostItems(list.Items, r.Boosts)
	list.Items = list.Items[:min(len(list.Items), max(r.N, 0))]
	return list
}
