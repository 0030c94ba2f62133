package quality

import (
	"context"
	"fmt"
	"slices"
	"time"

	"marquee/catalog"
	"marquee/catalog/stats"
)

// Options say what [Run] does. Start from [DefaultOptions]: a zero field means
// zero.
type Options struct {
	Schema    Schema
	Reference *Window // of the drift; both or none. None: [windows] chooses
	Current   *Window
	Now       time.Time // when the report is made
	Store     string    // what it is of, for the reader; without credentials
	ShowIDs   bool      // name the people whose rows fail a check
	Seed      uint64    // of samples and bootstraps
	// Progress, unless nil, is told now and then how many rows of a step were read.
	Progress func(step string, rows int64)
}

// DefaultOptions returns options with the default schema and windows.
func DefaultOptions(now time.Time) (Options, error) {
	schema, err := DefaultSchema()
	return Options{Schema: schema, Now: now, Seed: 1}, err
}

// Validate reports every fault of o in one error that wraps [catalog.ErrInvalid].
func (o Options) Validate() error {
	if (o.Reference == nil) != (o.Current == nil) {
		return fmt.Errorf("one window is given, want both or none: %w", catalog.ErrInvalid)
	}
	for _, w := range []*Window{o.Reference, o.Current} {
		if w != nil && !w.From.Before(w.To) {
			return fmt.Errorf("window is %s, want from < to: %w", w, catalog.ErrInvalid)
		}
	}
	return nil
}

// A run is one pass of [Run].
type run struct {
	src      Source
	opts     Options
	profiles map[string]*tableProfile
	checks   []*rowCheck // by check of the schema; nil for those that are not of rows
	movies   map[catalog.MovieID]movieFact
	people   []uint64 // hashes of the ids of those with a record, ascending
	events   *timeline
	levels   []Level
	first    time.Time
	last     time.Time // of what is not in the future
}

// Run profiles the tables of src, checks them and compares two windows. The error
// is that of src, or of the options; what is wrong with the data is in the Result.
// A million people, 27,000 movies and 10 million watches take 20 s and 42 MB besides
// what the store takes (BenchmarkRun has the time of fewer).
func Run(ctx context.Context, src Source, opts Options) (*Result, error) {
	if err := opts.Validate(); err != nil {
		return nil, err
	}
	scale, err := src.Scale(ctx)
	if err != nil {
		return nil, fmt.Errorf("read rating scale: %w", err)
	}
	r := &run{src: src, opts: opts, profiles: make(map[string]*tableProfile), events: newTimeline("watches begun", "watches last seen", "ratings", "sign-ups"), levels: newLevels()}
	for i, t := range tables {
		r.profiles[t.name] = newTableProfile(t, opts.Seed+uint64(1000*i))
	}
	for _, c := range opts.Schema.Checks {
		check := newRowCheck(c, scale, opts.Now, opts.ShowIDs)
		r.checks = append(r.checks, check)
		if check != nil {
			p := r.profiles[c.Table]
			p.checks = append(p.checks, check)
		}
	}
	out := &Result{Version: ResultVersion, Store: opts.Store, At: opts.Now.UTC(), Scale: scale}
	if err := r.read(ctx, out); err != nil {
		return nil, err
	}
	if err := r.drift(ctx, out); err != nil {
		return nil, err
	}
	r.judge(out)
	return out, nil
}

// read reads every table once.
func (r *run) read(ctx context.Context, out *Result) error {
	var duplicates []Duplicate
	var err error
	if r.movies, duplicates, err = readMovies(ctx, r.src, r.profiles[tableMovies], r.tell("movies")); err != nil {
		return err
	}
	if err := walkPeople(ctx, r.src, &profileVisitor{r}, r.tell("people and events")); err != nil {
		return err
	}
	slices.Sort(r.people)
	if out.Intake, err = r.readTelemetry(ctx); err != nil {
		return err
	}
	for _, t := range tables {
		p := r.profiles[t.name]
		for _, ref := range p.refs {
			if err := ref.ask(ctx, r.src); err != nil {
				return err
			}
		}
		table := p.result()
		if t.name == tableMovies {
			table.Duplicates = duplicates
		}
		out.Tables = append(out.Tables, table)
	}
	out.Events, out.Activity = r.events.result(), r.levels
	if !r.last.IsZero() {
		out.Span = &Window{r.first.Truncate(time.Second), r.last.Truncate(time.Second).Add(time.Second)}
	}
	return nil
}

func (r *run) tell(step string) func(rows int64) {
	return func(rows int64) {
		if r.opts.Progress != nil {
			r.opts.Progress(step, rows)
		}
	}
}

// drift reads the events again, for two windows of them.
func (r *run) drift(ctx context.Context, out *Result) error {
	d := Drift{Alpha: DriftAlpha, MinSample: MinSample, Thresholds: thresholds()}
	d.Reference, d.Current, d.Basis = windows(out.Span, r.opts.Reference, r.opts.Current)
	if d.Reference != nil {
		v := &driftVisitor{movies: r.movies}
		for i, w := range []*Window{d.Reference, d.Current} {
			v.windows[i] = newWindowProfile(*w, r.opts.Seed+uint64(100*i))
		}
		if err := walkPeople(ctx, r.src, v, r.tell("drift")); err != nil {
			return err
		}
		day := d.Reference.Length() >= 24*time.Hour && d.Current.Length() >= 24*time.Hour
		d.Features = compare(v.windows[0], v.windows[1], r.opts.Seed, day)
	}
	out.Drift = d
	return nil
}

// judge settles all checks.
func (r *run) judge(out *Result) {
	for i, c := range r.opts.Schema.Checks {
		o := Outcome{Check: c, Line: c.line}
		switch {
		case r.checks[i] != nil:
			o = r.checks[i].outcome()
		case c.Kind == MaxDrift:
			o.driftOutcome(out.Drift)
		case c.Kind == FreshHours:
			table := out.table(c.Table)
			o.freshOutcome(table.Columns[tableOf(c.Table).index(c.Column)].Last, r.opts.Now)
		default:
			o.rowsOutcome(out.table(c.Table).Rows)
		}
		out.Checks = append(out.Checks, o)
		if !o.Passed {
			out.Failed.add(c.Severity)
		}
	}
}

func (t *Tally) add(s Severity) {
	switch s {
	case Error:
		t.Error++
	case Warning:
		t.Warning++
	case Info:
		t.Info++
	}
}

// AtLeast returns how many checks of a severity or a higher one failed.
func (t Tally) AtLeast(s Severity) int {
	switch s {
	case Error:
		return t.Error
	case Warning:
		return t.Error + t.Warning
	}
	return t.Error + t.Warning + t.Info
}

// table returns a table's profile by name.
func (r *Result) table(name string) *Table {
	for i := range r.Tables {
		if r.Tables[i].Name == name {
			return &r.Tables[i]
		}
	}
	return &Table{Name: name}
}

// hasRecord reports whether a person has a record. Two ids of a million share
// their hash with probability 3e-8.
func (r *run) hasRecord(id catalog.UserID) bool {
	_, found := slices.BinarySearch(r.people, stats.Hash(string(id)))
	return found
}
