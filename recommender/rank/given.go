package rank

// Given lists rows with their scores, 0 to 1, in the order given as far as the rules of r
// let them be listed, and behind them the popular movies, which score 0: what fills a
// list that is made elsewhere, such as of a search. Scores may be nil if there are no
// rows. source names where rows come from. Boosts move rows among themselves, which should
// be best first then; knobs move nothing here: the order is the caller's.
func (s *Snapshot) Given(source string, rows []uint32, scores []float32, r Request) List {
	n := min(max(r.N, 1), MaxCount)
	r.mask = s.admit(&r)
	defer s.release(r.mask)
	list := List{Arm: ArmFeatures, Tier: TierPopular, Sources: []string{source}, Items: make([]Item, 0, n)}
	most := n
	if len(r.Boosts) > 0 {
		most = len(rows)
	}
	for i, row := range rows {
		if len(list.Items) == most {
			break
		}
		if s.allowed(row, r) {
			r.mask.drop(row) // once
			item := s.item(row, scores[i])
			item.Source = 1
			list.Items = append(list.Items, item)
		}
	}
	s.boostItems(list.Items, r.Boosts)
	list.Items = list.Items[:min(n, len(list.Items))]
	s.addLast(&list, r, n)
	return list
}

// Keep returns what reports whether the rules of r let a row be listed, and the person
// neither watched it nor has an opinion of it.
func (s *Snapshot) Keep(r Request) func(row uint32) bool {
	return s.admit(&r).has // its own as long as the caller keeps it
}
