package stream

import (
	"bytes"
	"time"
	"unicode/utf8"

	"marquee/catalog"
)

// MaxMinute is the highest minute of a movie that is believed. 1,063 is the
// highest seen in real streams (a series).
const MaxMinute = 9999

// A Grammar reads lines. The zero Grammar is ready and takes times for UTC.
type Grammar struct {
	// Location is where the stream's clock stands: times in it carry no zone.
	// Nil is UTC. Times that a change to summer time skips or repeats are
	// resolved as [time.Date] does.
	Location *time.Location
}

// ParseLine reads line with the zero [Grammar].
func ParseLine(line []byte, e *Event) Reason { return Grammar{}.Parse(line, e) }

// Parse reads one line, without its line end, into e, and returns [Accepted]
// or why it was refused. After a refusal only e.User may be used: it is whom
// the line names, if that much could be read, and all else is zero. Parse never
// panics, whatever the bytes, and allocates nothing. The grammar:
//
//	TIME,USER,GET /data/m/MOVIE/MINUTE.mpg
//	TIME,USER,GET /rate/MOVIE=RATING
//	TIME,USER,GET /create_account
//	TIME,USER,recommendation request HOST, status N, result: TEXT, N ms
//
// TIME is YYYY-MM-DDTHH:MM, then :SS unless that is 00, then .f with 1 to 9
// digits or nothing. USER is a decimal number without leading zeros. MOVIE is
// [a-z0-9+-_.*]+ with + and a year at its end, or a bare + when there is no
// release date. TEXT may hold anything, ", 12 ms" too.
func (g Grammar) Parse(line []byte, e *Event) Reason {
	*e = Event{}
	reason := g.parse(line, e)
	if reason != Accepted {
		*e = Event{User: e.User}
	}
	return reason
}

func (g Grammar) parse(line []byte, e *Event) Reason {
	if len(line) == 0 {
		return Empty
	}
	i := bytes.IndexByte(line, ',')
	if i < 0 {
		return missing(line)
	}
	rest := line[i+1:]
	j := bytes.IndexByte(rest, ',')
	if j < 0 {
		return missing(line)
	}
	user := isUser(rest[:j])
	if user {
		e.User = rest[:j]
	}
	if len(line) > MaxLineBytes {
		return LineTooLong
	}
	at, ok := parseTime(line[:i], g.Location)
	if !ok {
		return BadTime
	}
	if !user {
		return BadUser
	}
	e.At = at
	return parseAction(rest[j+1:], e)
}

// missing returns the reason for which a line of fewer than three fields is
// refused.
func missing(line []byte) Reason {
	if len(line) > MaxLineBytes {
		return LineTooLong
	}
	return MissingField
}

func parseAction(action []byte, e *Event) Reason {
	if rest, ok := after(action, "GET /data/m/"); ok {
		return parseWatch(rest, e)
	}
	if rest, ok := after(action, "GET /rate/"); ok {
		return parseRate(rest, e)
	}
	if rest, ok := after(action, "recommendation request "); ok {
		return parseRecommendation(rest, e)
	}
	if string(action) == "GET /create_account" {
		e.Kind = CreateAccount
		return Accepted
	}
	return UnknownKind
}

// parseWatch reads MOVIE/MINUTE.mpg.
func parseWatch(s []byte, e *Event) Reason {
	i := bytes.IndexByte(s, '/')
	if i < 0 || !isMovie(s[:i]) {
		return BadMovie
	}
	name := s[i+1:]
	digits, ok := bytes.CutSuffix(name, []byte(".mpg"))
	if !ok {
		return BadMinute
	}
	n, ok := parseInt(digits)
	if !ok || n > MaxMinute {
		return BadMinute
	}
	e.Kind, e.Movie, e.Minute = Watch, s[:i], n
	return Accepted
}

// parseRate reads MOVIE=RATING.
func parseRate(s []byte, e *Event) Reason {
	i := bytes.IndexByte(s, '=')
	if i < 0 || !isMovie(s[:i]) {
		return BadMovie
	}
	v, ok := parseDecimal(s[i+1:])
	if !ok {
		return BadRating
	}
	e.Kind, e.Movie, e.Rating = Rate, s[:i], v
	return Accepted
}

// parseRecommendation reads HOST, status N, result: TEXT, N ms. The text is
// taken greedily: the time is what stands after the last comma. The host ends at
// the first status there is. What holds a line feed is several lines that came as
// one (a message of a topic can): of all kinds, only a text that may hold anything
// would hide it.
func parseRecommendation(s []byte, e *Event) Reason {
	if bytes.IndexByte(s, '\n') >= 0 {
		return BadRecommendation
	}
	host, status, rest, ok := cutStatus(s)
	if !ok {
		return BadRecommendation
	}
	i := bytes.LastIndex(rest, []byte(", "))
	if i < 0 {
		return BadRecommendation
	}
	millis, ok := bytes.CutSuffix(rest[i+2:], []byte("ms"))
	if !ok {
		return BadRecommendation
	}
	took, ok := parseInt(bytes.TrimSuffix(millis, []byte(" ")))
	if !ok {
		return BadRecommendation
	}
	if !utf8.Valid(s) {
		return NotUTF8
	}
	e.Kind, e.Host, e.Status, e.Result = Recommendation, host, status, rest[:i]
	e.Took = time.Duration(took) * time.Millisecond
	return Accepted
}

// cutStatus splits s around the first ", status N, result: " in it.
func cutStatus(s []byte) (host []byte, status int, rest []byte, ok bool) {
	for from := 0; ; {
		i := bytes.Index(s[from:], []byte(", status "))
		if i < 0 {
			return nil, 0, nil, false
		}
		digits := from + i + len(", status ")
		end := digits
		for end < len(s) && s[end] >= '0' && s[end] <= '9' {
			end++
		}
		status, number := parseInt(s[digits:end])
		if rest, result := after(s[end:], ", result: "); number && result {
			return s[:from+i], status, rest, true
		}
		from = digits
	}
}

// after returns what follows prefix in s.
func after(s []byte, prefix string) ([]byte, bool) {
	if len(s) < len(prefix) || string(s[:len(prefix)]) != prefix {
		return nil, false
	}
	return s[len(prefix):], true
}

// isUser reports whether s is a decimal number without leading zeros, of at
// most 18 digits.
func isUser(s []byte) bool {
	if len(s) == 0 || len(s) > 18 || s[0] == '0' && len(s) > 1 {
		return false
	}
	for _, c := range s {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// inMovie marks the bytes of a movie id.
var inMovie = func() (in [256]bool) {
	for _, c := range []byte("abcdefghijklmnopqrstuvwxyz0123456789+-_.*") {
		in[c] = true
	}
	return in
}()

// isMovie reports whether s is ^[a-z0-9+\-_.*]+\+(\d{4})?$, of at most
// [catalog.MaxIDBytes] bytes.
func isMovie(s []byte) bool {
	if len(s) < 2 || len(s) > catalog.MaxIDBytes {
		return false
	}
	for _, c := range s {
		if !inMovie[c] {
			return false
		}
	}
	if s[len(s)-1] == '+' {
		return true
	}
	n := len(s) - 5 // where the + before a year stands
	if n < 1 || s[n] != '+' {
		return false
	}
	for _, c := range s[n+1:] {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// parseInt reads 1 to 9 digits.
func parseInt(s []byte) (n int, ok bool) {
	if len(s) == 0 || len(s) > 9 {
		return 0, false
	}
	for _, c := range s {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, true
}

// parseDecimal reads digits, 1 to 9 of them, with an optional minus before them
// and an optional point and 1 to 6 digits after them. The result is the nearest
// float64: numerator and denominator are whole numbers below 2^53.
func parseDecimal(s []byte) (v float64, ok bool) {
	sign := 1.0
	if len(s) > 0 && s[0] == '-' {
		sign, s = -1, s[1:]
	}
	whole, frac := s, []byte(nil)
	if i := bytes.IndexByte(s, '.'); i >= 0 {
		whole, frac = s[:i], s[i+1:]
		if len(frac) == 0 || len(frac) > 6 {
			return 0, false
		}
	}
	n, ok := parseInt(whole)
	if !ok {
		return 0, false
	}
	scale := 1
	for _, c := range frac {
		if c < '0' || c > '9' {
			return 0, false
		}
		n, scale = n*10+int(c-'0'), scale*10
	}
	return sign * (float64(n) / float64(scale)), true
}
