package ledger

import (
	"cmp"
	"slices"
)

// A Span is a run of a part that was applied, or told as applied.
type Span struct {
	Part     string
	From, To int64
}

// Cover checks spans against the book: none may overlap another (a double), or
// go beyond the part's end (a phantom). If whole is set, each part must be
// covered to its end; what is not is missing. Without it there may be gaps: a
// crash keeps a reader from telling what it stored.
func (b *Book) Cover(spans []Span, whole bool) Findings {
	var found Findings
	of := make(map[string][]Span)
	for _, s := range spans {
		of[s.Part] = append(of[s.Part], s)
	}
	for part := range of {
		if _, known := b.ends[part]; !known {
			found.add(Phantom, "part %s was read, which the book does not know", part)
		}
	}
	for _, part := range b.Parts() {
		found = append(found, b.coverPart(part, of[part], whole)...)
	}
	return found
}

func (b *Book) coverPart(part string, spans []Span, whole bool) Findings {
	var found Findings
	slices.SortFunc(spans, func(a, b Span) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
	})
	at := int64(0)
	for _, s := range spans {
		if n := b.Lines(part, s.From, min(at, s.To)); s.From < at && n > 0 {
			found.add(Double, "%d lines of part %s from %d to %d were applied twice", n, part, s.From, min(at, s.To))
		}
		if n := b.Lines(part, at, s.From); whole && s.From > at && n > 0 {
			found.add(Missing, "%d lines of part %s from %d to %d were not applied", n, part, at, s.From)
		}
		if s.To > b.ends[part] {
			found.add(Phantom, "part %s was applied to %d, but ends at %d", part, s.To, b.ends[part])
		}
		at = max(at, s.To)
	}
	if n := b.Lines(part, at, b.ends[part]); whole && n > 0 {
		found.add(Missing, "%d lines of part %s from %d to its end at %d were not applied", n, part, at, b.ends[part])
	}
	return found
}
