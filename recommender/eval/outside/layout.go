package outside

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"marquee/catalog"
)

// A layout says which column holds what; -1 for one that is not there.
type layout struct {
	user, item, rating, time int
	width                    int
	header                   bool
}

// names are what columns are called in published files, without case, blanks
// and lines: "user_id:token", "movieId", "timestamp".
var names = map[string]string{
	"user": "user", "userid": "user", "uid": "user", "item": "item", "itemid": "item", "iid": "item", "movie": "item", "movieid": "item",
	"rating": "rating", "time": "time", "timestamp": "time", "ts": "time", "datetime": "time", "at": "time", "rank": "rank", "score": "score",
}

// columns returns the places of the columns that line names, if it is a header:
// one that names a user and an item.
func columns(cells []string) (at map[string]int, ok bool) {
	at = make(map[string]int)
	for i, cell := range cells {
		cell, _, _ = strings.Cut(strings.ToLower(strings.TrimSpace(cell)), ":") // "rating:float", as RecBole has it
		name := names[strings.NewReplacer("_", "", "-", "", " ", "").Replace(cell)]
		if _, twice := at[name]; name != "" && !twice {
			at[name] = i
		}
	}
	_, user := at["user"]
	_, item := at["item"]
	return at, user && item
}

// layoutOf reads the first line of a part of a split.
func layoutOf(line string) (layout, error) {
	cells := strings.Split(line, "\t")
	if at, ok := columns(cells); ok {
		l := layout{user: at["user"], item: at["item"], rating: -1, time: -1, width: len(cells), header: true}
		if i, ok := at["rating"]; ok {
			l.rating = i
		}
		if i, ok := at["time"]; ok {
			l.time = i
		}
		return l, nil
	}
	l := layout{user: 0, item: 1, rating: -1, time: -1, width: len(cells)}
	switch {
	case len(cells) < 2:
		hint := ""
		for _, other := range []string{"::", ",", ";", "|", " "} {
			if strings.Contains(line, other) {
				hint = fmt.Sprintf("; the columns seem to be divided by %q: turn that into tabs", other)
				break
			}
		}
		return l, fmt.Errorf("one column, want user, item, rating and time divided by tabs (rating and time may be left out)%s: %w", hint, catalog.ErrInvalid)
	case len(cells) > 4:
		return l, fmt.Errorf("%d columns without a header, want user, item, rating and time; leave out the others, or name the columns in the first line: %w", len(cells), catalog.ErrInvalid)
	}
	if len(cells) > 2 {
		l.rating = 2
	}
	if len(cells) > 3 {
		l.time = 3
	}
	return l, nil
}

// A row is one line of a part.
type row struct {
	user, item string
	rating     float64
	rated      bool
	at         time.Time
	timed      bool
}

// read takes a line apart.
func (l layout) read(line string) (row, error) {
	var cells [16]string
	n := 0
	for cell := range strings.SplitSeq(line, "\t") {
		if n < len(cells) {
			cells[n] = strings.TrimSpace(cell)
		}
		n++
	}
	if n != l.width {
		return row{}, fmt.Errorf("%d columns, want %d as in the first line: %w", n, l.width, catalog.ErrInvalid)
	}
	r := row{user: cells[l.user], item: cells[l.item], at: time.Unix(0, 0)}
	if _, err := catalog.ParseUserID(r.user); err != nil {
		return row{}, err
	}
	if _, err := catalog.ParseMovieID(r.item); err != nil {
		return row{}, err
	}
	var err error
	if l.rating >= 0 && cells[l.rating] != "" {
		if r.rating, err = number(cells[l.rating]); err != nil {
			return row{}, fmt.Errorf("rating is %.40q, want a finite number; a header would name the columns: %w", cells[l.rating], catalog.ErrInvalid)
		}
		r.rated = true
	}
	if l.time >= 0 && cells[l.time] != "" {
		if r.at, err = moment(cells[l.time]); err != nil {
			return row{}, err
		}
		r.timed = true
	}
	return r, nil
}

// maxHeader is how many columns a file with a header may have.
const maxHeader = 16

func number(s string) (float64, error) {
	v, err := strconv.ParseFloat(s, 64)
	if err == nil && (math.IsNaN(v) || math.IsInf(v, 0)) {
		err = catalog.ErrInvalid
	}
	return v, err
}

// Times beyond these are in another unit, or nonsense.
const (
	maxUnix = 1e11 // the year 5138; in milliseconds it is 1973
	minUnix = -1e10
)

// moment reads a time. A microsecond is kept: float64 holds 2^53 of them.
func moment(s string) (time.Time, error) {
	v, err := number(s)
	switch {
	case err != nil:
		if t, err := time.Parse(time.RFC3339, s); err == nil {
			return t, nil
		}
		return time.Time{}, fmt.Errorf("time is %.40q, want Unix seconds or a time as 2006-01-02T15:04:05Z: %w", s, catalog.ErrInvalid)
	case v >= maxUnix || v < minUnix:
		return time.Time{}, fmt.Errorf("time is %s, which is not in Unix seconds; divide milliseconds by 1000: %w", s, catalog.ErrInvalid)
	}
	return time.UnixMicro(int64(math.Round(v * 1e6))), nil
}
