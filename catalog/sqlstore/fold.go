package sqlstore

import (
	"encoding/binary"
	"slices"
	"time"

	"marquee/catalog"
)

// MaxDays is how many distinct days of watching one movie are told apart: the
// earliest of them. It bounds a row at some 4 KB.
const MaxDays = 1000

const microsADay = int64(24 * time.Hour / time.Microsecond)

// A pair names one row of a history.
type pair struct {
	user  catalog.UserID
	movie catalog.MovieID
}

// A past is what one person did with one movie: a row of table seen, or what
// one event says of it. Times are microseconds since 1970, UTC.
type past struct {
	watched     bool
	first, last int64
	minute      int64
	days        []int32 // distinct days since 1970, ascending, at most MaxDays

	rated   bool
	rating  float64
	ratedAt int64
}

func pastOfMinute(m catalog.Minute) past {
	at := m.At.UnixMicro()
	return past{watched: true, first: at, last: at, minute: int64(m.Minute), days: []int32{int32(floorDiv(at, microsADay))}}
}

func pastOfRating(r catalog.Rating) past {
	return past{rated: true, rating: r.Value, ratedAt: r.At.UnixMicro()}
}

// fold adds to p what q knows and reports whether p changed. It is commutative,
// associative and idempotent, so any order of any repetition of events gives
// the same row: earliest first, latest last, furthest minute, the union of the
// days, and the rating that comes last by [catalog.Rating.After].
func (p *past) fold(q past) (changed bool) {
	if q.watched && p.foldWatch(q) {
		changed = true
	}
	if q.rated && (!p.rated || q.ratingOf().After(p.ratingOf())) {
		p.rated, p.rating, p.ratedAt = true, q.rating, q.ratedAt
		changed = true
	}
	return changed
}

func (p *past) foldWatch(q past) (changed bool) {
	if !p.watched {
		p.watched, p.first, p.last, p.minute = true, q.first, q.last, q.minute
		p.days = slices.Clone(q.days)
		return true
	}
	if q.first < p.first {
		p.first, changed = q.first, true
	}
	if q.last > p.last {
		p.last, changed = q.last, true
	}
	if q.minute > p.minute {
		p.minute, changed = q.minute, true
	}
	for _, day := range q.days {
		i, known := slices.BinarySearch(p.days, day)
		if known || i == MaxDays {
			continue
		}
		p.days = slices.Insert(p.days, i, day)
		p.days = p.days[:min(len(p.days), MaxDays)]
		changed = true
	}
	return changed
}

func (p *past) ratingOf() catalog.Rating {
	return catalog.Rating{Value: p.rating, At: time.UnixMicro(p.ratedAt)}
}

// at returns the later of the last watch and the rating.
func (p *past) at() int64 {
	switch {
	case !p.watched:
		return p.ratedAt
	case !p.rated:
		return p.last
	}
	return max(p.last, p.ratedAt)
}

func encodeDays(days []int32) []byte {
	out := make([]byte, 0, 4*len(days))
	for _, d := range days {
		out = binary.LittleEndian.AppendUint32(out, uint32(d))
	}
	return out
}

func decodeDays(raw []byte) []int32 {
	days := make([]int32, len(raw)/4)
	for i := range days {
		days[i] = int32(binary.LittleEndian.Uint32(raw[4*i:]))
	}
	return days
}
