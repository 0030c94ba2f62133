package stream

import "marquee/catalog"

// A Summary says what became of the lines that were read: every line is kept
// or refused, once. A line that was read before it had its end counts as what its
// beginning was taken for. It has the same shape whatever the source.
type Summary struct {
	Lines   int64            `json:"lines"`
	Kept    Kept             `json:"kept"`
	Refused map[Reason]int64 `json:"refused"` // only reasons that occurred
}

// Kept counts the lines of each kind that were not refused.
type Kept struct {
	Watch          int64 `json:"watch"`
	Rate           int64 `json:"rate"`
	Recommendation int64 `json:"recommendation"`
	CreateAccount  int64 `json:"create_account"`
}

// Total returns how many lines were kept.
func (k Kept) Total() int64 { return k.Watch + k.Rate + k.Recommendation + k.CreateAccount }

// RefusedTotal returns how many lines were refused.
func (s Summary) RefusedTotal() int64 {
	var n int64
	for _, c := range s.Refused {
		n += c
	}
	return n
}

// Count returns the summary of one batch, of which a store did done.
func Count(b catalog.Batch, done catalog.Applied) Summary {
	var s Summary
	s.Add(b, done)
	return s
}

// Add counts the lines of b, of which a store did done: the events of people
// who were forgotten count as refused.
func (s *Summary) Add(b catalog.Batch, done catalog.Applied) {
	if s.Refused == nil {
		s.Refused = make(map[Reason]int64)
	}
	gone := done.Forgotten
	s.Kept.Watch += int64(len(b.Minutes) - gone.Minutes)
	s.Kept.Rate += int64(len(b.Ratings) - gone.Ratings)
	s.Kept.Recommendation += int64(b.Lists)
	s.Kept.CreateAccount += int64(len(b.Accounts) - gone.Accounts)
	for _, r := range b.Refused {
		s.Refused[Reason(r.Reason)]++
	}
	if n := gone.Total(); n > 0 {
		s.Refused[Forgotten] += int64(n)
	}
	s.Lines = s.Kept.Total() + s.RefusedTotal()
}
