package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"marquee/catalog"
	"marquee/catalog/stream"
)

type quarantineCmd struct {
	List   quarantineListCmd   `cmd:"" help:"Show lines that could not be read, with reason, source, offset and time."`
	Stats  quarantineStatsCmd  `cmd:"" help:"Count lines read and lines refused, by reason and by hour."`
	Replay quarantineReplayCmd `cmd:"" help:"Read the lines in quarantine again, after the grammar or the scale was mended."`
}

// refusedFlags pick lines in quarantine.
type refusedFlags struct {
	Reason string   `help:"Only lines refused for this reason, such as bad_movie." placeholder:"REASON"`
	From   string   `help:"Only lines of this source, as list shows it." name:"from-source" placeholder:"SOURCE"`
	Since  timeFlag `help:"Only lines refused at or after this time." placeholder:"TIME"`
	Until  timeFlag `help:"Only lines refused before this time." placeholder:"TIME"`
}

// A timeFlag is a time as people write it, of UTC unless it says otherwise, or
// how long ago: last=24h.
type timeFlag struct{ time.Time }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (f *timeFlag) UnmarshalText(text []byte) error {
	from, err := stream.ParseFrom(string(text), time.UTC)
	switch {
	case err == nil && from.Place == stream.AtTime:
		f.Time = from.At
		return nil
	case err == nil && from.Place == stream.Last:
		f.Time = time.Now().Add(-from.Span)
		return nil
	}
	return fmt.Errorf("time %q, want one such as 2026-02-14T10:30 or last=24h", text)
}

func (f refusedFlags) filter() (catalog.RefusedFilter, error) {
	if f.Reason != "" && !slices.Contains(stream.Reasons(), stream.Reason(f.Reason)) {
		return catalog.RefusedFilter{}, usage("--reason is %q, want one of %v", f.Reason, stream.Reasons())
	}
	return catalog.RefusedFilter{Reason: f.Reason, Source: f.From, Since: f.Since.Time, Until: f.Until.Time}, nil
}

type quarantineListCmd struct {
	refusedFlags `embed:""`
	N            int `help:"Lines shown." short:"n" env:"-" default:"20" placeholder:"N"`
}

// Help is shown below the flags.
func (quarantineListCmd) Help() string {
	return `Examples:
  marquee quarantine list -n 20
  marquee quarantine list --output json`
}

// A shownRefused is a line in quarantine as list prints it.
type shownRefused struct {
	At     time.Time `json:"at"`
	Reason string    `json:"reason"`
	Source string    `json:"source"`
	Offset int64     `json:"offset"`
	Line   string    `json:"line"` // quoted where it is not plain text
}

// Run lists lines, those refused last first; with a filter, by source and offset.
func (c quarantineListCmd) Run(ctx context.Context, e *env) error {
	if c.N < 1 || c.N > 100_000 {
		return usage("-n is %d, want 1 to 100000", c.N)
	}
	filter, err := c.filter()
	if err != nil {
		return err
	}
	store, err := e.openStore(ctx, false)
	if err != nil {
		return err
	}
	defer store.Close()
	var lines []catalog.Refused
	if filter == (catalog.RefusedFilter{}) {
		lines, err = store.Quarantined(ctx, c.N)
	} else {
		lines, err = store.QuarantineLines(ctx, filter, catalog.RefusedPlace{Offset: -1}, c.N)
	}
	if err != nil {
		return err
	}
	shown := make([]shownRefused, len(lines))
	for i, r := range lines {
		shown[i] = shownRefused{At: r.At, Reason: r.Reason, Source: r.Source, Offset: r.Offset, Line: printable(r.Line)}
	}
	return e.print(shown, func(w io.Writer) {
		if len(shown) == 0 {
			fmt.Fprintln(w, "no line in quarantine")
			return
		}
		rows := [][]string{{"refused at", "reason", "source", "offset", "line"}}
		for _, r := range shown {
			rows = append(rows, []string{r.At.Format(time.DateTime), r.Reason, shortSource(r.Source), fmt.Sprint(r.Offset), cutText(r.Line, 100)})
		}
		columns(w, rows...)
	})
}

// printable returns a line that a terminal shows as it is, or quoted.
func printable(line []byte) string {
	quoted := fmt.Sprintf("%q", line)
	if quoted == `"`+string(line)+`"` {
		return string(line)
	}
	return quoted
}

// shortSource cuts the hash at the end of a source's name to what tells sources
// apart.
func shortSource(source string) string {
	const hash, shown = 64, 8
	if i := strings.LastIndexByte(source, ':'); len(source)-i-1 == hash {
		return source[:i+1+shown] + "..."
	}
	return source
}

// cutText cuts a text to n runes.
func cutText(text string, n int) string {
	if r := []rune(text); len(r) > n {
		return string(r[:n]) + "..."
	}
	return text
}

type quarantineStatsCmd struct {
	Since timeFlag `help:"Only hours at or after this time. Default: all." placeholder:"TIME"`
	Until timeFlag `help:"Only hours before this time." placeholder:"TIME"`
}

// Help is shown below the flags.
func (quarantineStatsCmd) Help() string {
	return `Examples:
  marquee quarantine stats
  marquee quarantine stats --since 2026-11-22`
}

// quarantineStats is the result of quarantine stats.
type quarantineStats struct {
	Lines   int64            `json:"lines"` // read
	Kept    map[string]int64 `json:"kept"`
	Refused map[string]int64 `json:"refused"`
	Share   float64          `json:"refused_share"`
	Waiting map[string]int   `json:"in_quarantine"` // by reason, now
	Hours   []hourStats      `json:"hours"`
}

// hourStats counts the lines that were read in one hour.
type hourStats struct {
	Hour    time.Time `json:"hour"`
	Lines   int64     `json:"lines"`
	Refused int64     `json:"refused"`
}

// Run counts.
func (c quarantineStatsCmd) Run(ctx context.Context, e *env) error {
	store, err := e.openStore(ctx, false)
	if err != nil {
		return err
	}
	defer store.Close()
	until := c.Until.Time
	if until.IsZero() {
		until = time.Now().Add(24 * time.Hour)
	}
	intake, err := store.Intake(ctx, c.Since.Time, until)
	if err != nil {
		return err
	}
	s := countIntake(intake)
	if s.Waiting, err = store.QuarantineCounts(ctx); err != nil {
		return err
	}
	return e.print(s, s.text)
}

// countIntake adds up hours.
func countIntake(intake []catalog.Intake) quarantineStats {
	s := quarantineStats{Kept: map[string]int64{}, Refused: map[string]int64{}, Hours: []hourStats{}}
	var refused int64
	for _, in := range intake {
		if in.Outcome == catalog.IntakeReadmitted {
			continue // read before, and counted then
		}
		if n := len(s.Hours); n == 0 || !s.Hours[n-1].Hour.Equal(in.Hour) {
			s.Hours = append(s.Hours, hourStats{Hour: in.Hour})
		}
		hour := &s.Hours[len(s.Hours)-1]
		hour.Lines += in.Lines
		s.Lines += in.Lines
		reason := in.Reason()
		if reason == "" {
			s.Kept[in.Outcome] += in.Lines
			continue
		}
		s.Refused[reason] += in.Lines
		hour.Refused += in.Lines
		refused += in.Lines
	}
	if s.Lines > 0 {
		s.Share = float64(refused) / float64(s.Lines)
	}
	return s
}

// shownHours is how many hours a terminal shows.
const shownHours = 24

func (s quarantineStats) text(w io.Writer) {
	fmt.Fprintf(w, "%d lines read, %.3f%% of them refused\n", s.Lines, 100*s.Share)
	rows := [][]string{{"reason", "refused", "in quarantine"}}
	reasons := maps.Clone(s.Refused)
	for reason := range s.Waiting {
		reasons[reason] += 0
	}
	for _, reason := range slices.Sorted(maps.Keys(reasons)) {
		rows = append(rows, []string{reason, fmt.Sprint(s.Refused[reason]), fmt.Sprint(s.Waiting[reason])})
	}
	if len(rows) > 1 {
		columns(w, rows...)
	}
	hours := s.Hours[max(0, len(s.Hours)-shownHours):]
	rows = [][]string{{"hour (UTC)", "lines", "refused", "share"}}
	for _, h := range hours {
		rows = append(rows, []string{h.Hour.Format("2006-01-02 15h"), fmt.Sprint(h.Lines), fmt.Sprint(h.Refused), fmt.Sprintf("%.3f%%", 100*float64(h.Refused)/float64(max(1, h.Lines)))})
	}
	if len(rows) > 1 {
		columns(w, rows...)
	}
	if hidden := len(s.Hours) - len(hours); hidden > 0 {
		fmt.Fprintf(w, "and %d hours before; --output json shows all\n", hidden)
	}
}

type quarantineReplayCmd struct {
	refusedFlags `embed:""`
	Timezone     string `help:"Zone of the stream's clock, such as America/New_York." default:"UTC" placeholder:"ZONE"`
}

// Help is shown below the flags.
func (quarantineReplayCmd) Help() string {
	return `Examples:
  marquee quarantine replay
  marquee quarantine replay --timezone America/New_York

Every line picked is read again with this program's grammar and the store's scale. What can
be read now goes in and leaves the quarantine in one transaction; the rest stays, under its
present reason. Replaying twice changes nothing.`
}

// Run reads lines again.
func (c quarantineReplayCmd) Run(ctx context.Context, e *env) error {
	filter, err := c.filter()
	if err != nil {
		return err
	}
	zone, err := time.LoadLocation(c.Timezone)
	if err != nil {
		return usage("--timezone: %v", err)
	}
	store, err := e.openStore(ctx, false)
	if err != nil {
		return err
	}
	defer store.Close()
	cfg := stream.DefaultConfig()
	cfg.Location = zone
	if cfg.Scale, err = store.Scale(ctx); err != nil {
		return err
	}
	bar := e.progress()
	defer bar.end()
	sum, err := stream.Reread(ctx, store, cfg, filter, func(s stream.RereadSummary) { bar.show("replay", int(s.Lines), 0) })
	bar.end()
	if err != nil {
		return err
	}
	return e.print(sum, func(w io.Writer) {
		fmt.Fprintf(w, "%d lines read again: %d went in, %d stay\n", sum.Lines, sum.Readmitted.Total(), sum.StillTotal())
		var rows [][]string
		for _, reason := range slices.Sorted(maps.Keys(sum.Still)) {
			rows = append(rows, []string{"  still refused: " + string(reason), fmt.Sprint(sum.Still[reason])})
		}
		columns(w, rows...)
	})
}
