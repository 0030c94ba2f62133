package stream

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"marquee/catalog"
)

// A Place is a kind of [From].
type Place uint8

// Where the reading of a partition may begin.
const (
	Earliest Place = iota // the first line there is
	Latest                // after the last line there is
	AtOffset              // at From.Offset
	AtTime                // the first line at or after From.At
	Last                  // From.Span before now (of a topic) or before the last line (of a file)
)

// A From says where the reading of a partition begins that the sink holds no
// offset of; with Replay, of every partition. The zero From is the earliest
// line of what was not read yet.
type From struct {
	Place  Place
	Offset int64
	At     time.Time
	Span   time.Duration

	// Replay begins there though the sink holds an offset: the first batch of
	// each partition carries a [catalog.Move] from the one to the other.
	Replay bool
}

// ParseFrom reads "earliest", "latest", an offset such as "1200", "last=1h", or
// a time: "2026-02-14T10:30:03", "2026-02-14T10:30", "2026-02-14" of the zone
// loc, or one with a zone of its own as in RFC 3339. Anything else is an error
// that wraps [catalog.ErrInvalid].
func ParseFrom(text string, loc *time.Location) (From, error) {
	switch text {
	case "earliest":
		return From{Place: Earliest}, nil
	case "latest":
		return From{Place: Latest}, nil
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && n >= 0 {
		return From{Place: AtOffset, Offset: n}, nil
	}
	if span, ok := strings.CutPrefix(text, "last="); ok {
		if d, err := time.ParseDuration(span); err == nil && d > 0 {
			return From{Place: Last, Span: d}, nil
		}
	}
	for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02T15:04", time.DateOnly, time.RFC3339} {
		if at, err := time.ParseInLocation(layout, text, loc); err == nil {
			return From{Place: AtTime, At: at}, nil
		}
	}
	return From{}, fmt.Errorf("start %q, want earliest, latest, an offset such as 1200, a time such as 2026-02-14T10:30:03, or last=1h: %w", text, catalog.ErrInvalid)
}

func (f From) validate() error {
	switch {
	case f.Place > Last:
		return fmt.Errorf("start is place %d, want one of Earliest to Last: %w", f.Place, catalog.ErrInvalid)
	case f.Place == AtOffset && f.Offset < 0:
		return fmt.Errorf("start is offset %d, want 0 or more: %w", f.Offset, catalog.ErrInvalid)
	case f.Place == Last && f.Span <= 0:
		return fmt.Errorf("start is the last %v, want more than 0: %w", f.Span, catalog.ErrInvalid)
	}
	return nil
}
