package simulator

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// The editions of the outside world.
const (
	Edition2025 = "2025" // ratings 1 to 5
	Edition2026 = "2026" // ratings 1 to 10, create_account lines, license costs
)

// StreamConfig says what the stream is like. Start from [DefaultStream].
type StreamConfig struct {
	Edition      string
	Start        time.Time // midnight of the first day
	Days         int       // 1 to 3,650
	EveryMinutes int       // a line for each of so many minutes watched, and for the last; the real stream has 1
	RatingShare  float64   // of watches that are rated
	RequestShare float64   // of watches with a recommendation request before them
	NoiseShare   float64   // of lines with a stray character or a random movie id
	Host         string    // whom the site asks for recommendations
}

// DefaultStream returns 60 days of an edition. The measured stream has a
// rating in 190 lines and a request in 118, where a watch has some 75 lines:
// that is 0.4 ratings and 0.6 requests a watch. Noise is 55 lines of 50,000. A
// line for each tenth minute keeps the file small: the furthest minute, which
// is what counts, is always there.
func DefaultStream(edition string) StreamConfig {
	return StreamConfig{
		Edition:      edition,
		Start:        time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC),
		Days:         60,
		EveryMinutes: 10,
		RatingShare:  0.4,
		RequestShare: 0.6,
		NoiseShare:   0.0011,
		Host:         "recommender.example:8082",
	}
}

// Validate reports every fault of c in one error.
func (c StreamConfig) Validate() error {
	var errs []error
	want := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	want(c.Edition == Edition2025 || c.Edition == Edition2026, "edition is %q, want %s or %s", c.Edition, Edition2025, Edition2026)
	want(c.Days >= 1 && c.Days <= 3650, "days is %d, want 1 to 3650", c.Days)
	want(c.EveryMinutes >= 1, "every minutes is %d, want 1 or more", c.EveryMinutes)
	want(c.Host != "" && !strings.ContainsAny(c.Host, ", "), "host is %q, want one without comma or blank", c.Host)
	for name, share := range map[string]float64{"rating": c.RatingShare, "request": c.RequestShare, "noise": c.NoiseShare} {
		want(share >= 0 && share <= 1, "%s share is %v, want 0 to 1", name, share)
	}
	return errors.Join(errs...)
}

// bestRating returns the top of the edition's scale.
func (c StreamConfig) bestRating() int {
	if c.Edition == Edition2026 {
		return 10
	}
	return 5
}

// A Stream is what happens in a world, with the truth behind it.
type Stream struct {
	Watches []Watch // of each person in order of time, persons in order
	Lines   int
	Noisy   int // lines that were tampered with
	Refused int // of Noisy: are no longer of the stream's grammar

	// Lines of each kind that are of the grammar, tampered with or not.
	Watch, Rate, Recommendation, CreateAccount int

	text []byte
}

// WriteTo writes the lines, in order of time by whole second.
func (s *Stream) WriteTo(w io.Writer) (int64, error) {
	n, err := w.Write(s.text)
	return int64(n), err
}

type eventKind uint8

const (
	eventMinute eventKind = iota
	eventRating
	eventRequest
	eventAccount
)

// An event is one line to be.
type event struct {
	at     int64 // seconds after the stream's start
	seq    int32 // order within a second
	watch  int32
	person int32
	minute int16
	kind   eventKind
}

// Stream returns what happens in w.
func (w *World) Stream(cfg StreamConfig) (*Stream, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	s := &Stream{}
	var events []event
	for i := range w.People {
		events = w.live(s, events, i, cfg)
	}
	slices.SortFunc(events, func(a, b event) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.seq, b.seq))
	})
	writer := lineWriter{world: w, stream: s, cfg: cfg, rng: w.rng("lines", 0), popular: w.popularIDs(200)}
	s.text = make([]byte, 0, 70*len(events)+600*len(w.People))
	for _, e := range events {
		writer.write(e)
	}
	return s, nil
}

// live adds the watches of person i to s, and their lines to events.
func (w *World) live(s *Stream, events []event, i int, cfg StreamConfig) []event {
	rng := w.rng("live", i)
	add := func(at time.Time, kind eventKind, minute int) {
		events = append(events, event{
			at: int64(at.Sub(cfg.Start) / time.Second), seq: int32(len(events)), watch: int32(len(s.Watches)),
			person: int32(i), minute: int16(minute), kind: kind,
		})
	}
	if p := w.People[i]; p.Joined > 0 && cfg.Edition == Edition2026 {
		day := int(p.Joined * float64(cfg.Days))
		add(cfg.Start.AddDate(0, 0, day).Add(time.Duration(rng.IntN(11*3600))*time.Second), eventAccount, 0)
	}
	for _, x := range w.watches(i, cfg) {
		if rng.Float64() < cfg.RequestShare {
			add(x.Begin.Add(-time.Duration(20+rng.IntN(300))*time.Second), eventRequest, 0)
		}
		for minute := 0; minute < x.Last; minute += cfg.EveryMinutes {
			add(x.Begin.Add(time.Duration(minute)*time.Minute), eventMinute, minute)
		}
		end := x.Begin.Add(time.Duration(x.Last) * time.Minute)
		add(end, eventMinute, x.Last)
		if x.Rating > 0 {
			add(end.Add(time.Duration(30+rng.IntN(1800))*time.Second), eventRating, 0)
		}
		s.Watches = append(s.Watches, x)
	}
	return events
}

// A lineWriter writes events as lines.
type lineWriter struct {
	world   *World
	stream  *Stream
	cfg     StreamConfig
	rng     *rand.Rand
	popular []string
	line    []byte
}

func (l *lineWriter) write(e event) {
	at := l.cfg.Start.Add(time.Duration(e.at) * time.Second)
	user := l.world.People[e.person].ID
	b := l.line[:0]
	switch e.kind {
	case eventMinute:
		b = append(append(stamp(b, at, -1), user...), ",GET /data/m/"...)
		b = append(append(b, l.stream.Watches[e.watch].ID...), '/')
		b = append(appendInt(b, int(e.minute)), ".mpg"...)
	case eventRating:
		x := l.stream.Watches[e.watch]
		b = append(append(stamp(b, at, -1), user...), ",GET /rate/"...)
		b = appendInt(append(append(b, x.ID...), '='), x.Rating)
	case eventAccount:
		b = append(append(stamp(b, at, -1), user...), ",GET /create_account"...)
	case eventRequest:
		b = append(append(stamp(b, at, l.rng.IntN(1000)), user...), ",recommendation request "...)
		b = l.answer(append(append(b, l.cfg.Host...), ", status "...))
	}
	l.line = b
	l.count(e.kind)
	l.stream.text = append(append(l.stream.text, l.line...), '\n')
}

// count counts the line by its kind, after tampering with it now and then.
func (l *lineWriter) count(kind eventKind) {
	s := l.stream
	s.Lines++
	if l.rng.Float64() < l.cfg.NoiseShare {
		s.Noisy++
		l.line = tamper(l.rng, l.line)
		if !ofGrammar(l.line, l.cfg.bestRating()) {
			s.Refused++
			return
		}
	}
	switch kind {
	case eventMinute:
		s.Watch++
	case eventRating:
		s.Rate++
	case eventRequest:
		s.Recommendation++
	case eventAccount:
		s.CreateAccount++
	}
}

// answer writes what some recommender answered: popular movies, mostly in
// time.
func (l *lineWriter) answer(b []byte) []byte {
	if l.rng.IntN(50) == 0 {
		b = append(b, "0, result: java.util.concurrent.TimeoutException: Request timeout to "...)
		b = append(append(b, l.cfg.Host...), " after 800 ms, "...)
		return append(appendInt(b, 801+l.rng.IntN(30)), " ms"...)
	}
	b = append(b, "200, result: "...)
	for i, k := range l.rng.Perm(len(l.popular))[:min(20, len(l.popular))] {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = append(b, l.popular[k]...)
	}
	return append(appendInt(append(b, ", "...), 20+l.rng.IntN(150)), " ms"...)
}
