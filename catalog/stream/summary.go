package stream

import "marquee/catalog"

// A Summary says what became of the lines that were read: every line is kept
// or refused, once. It has the same shape whatever the source.
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

// add counts the lines of b.
func (s *Summary) add(b catalog.Batch) {
	s.Kept.Watch += int64(len(b.Minutes))
	s.Kept.Rate += int64(len(b.Ratings))
	s.Kept.Recommendation += int64(b.Lists)
	s.Kept.CreateAccount += int64(len(b.Accounts))
	for _, r := range b.Refused {
		s.Refused[Reason(r.Reason)]++
	}
	s.Lines = s.Kept.Total() + s.RefusedTotal()
}
