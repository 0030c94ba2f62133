package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"marquee/catalog"
	"marquee/catalog/sqlstore"
	"marquee/recommender/rates"
)

type watchMoviesCmd struct {
	At          string   `help:"The hour that is judged, such as 2027-01-04T06:00:00Z. Default: the last one that is over." env:"-" placeholder:"TIME"`
	Hours       int      `help:"Moves of so many hours up to then are told, 1 to 168; each is the last 24 hours against the seven times 24 before them." default:"24" env:"-" placeholder:"N"`
	Follow      timeSpan `help:"Look again every so often until interrupted, and tell what is new." env:"-" placeholder:"TIME"`
	All         bool     `help:"Show the least usual movies, alarms or not." env:"-"`
	N           int      `help:"Movies shown of a kind." short:"n" default:"20" env:"-" placeholder:"N"`
	FailOnAlarm bool     `help:"End with status 4 if a move that no bundle explains is not over." env:"-"`
}

// Help is shown below the flags.
func (watchMoviesCmd) Help() string {
	return `Examples:
  marquee watch movies
  marquee watch movies --at 2027-01-04T06:00:00Z --hours 48
  marquee watch movies --all -n 50
  marquee watch movies --follow 10m
  marquee watch movies --fail-on-alarm --output json | jq -r '.alarms[].movie'

Counts come from served lists, by the hour; whoever comes back in another hour counts
again. Hours that were not counted yet are counted first, as servers do every 10 minutes.
Of a catalog that does not change fewer than one movie a day is told. What rises or
falls because another bundle serves is told apart, with that bundle; a move within some four
hours of it cannot be told from it. A movie is told once, until it is calm or has been at its new level for more than
a day. In memory: 8 bytes for each movie, hour and bundle, of the hours plus 8 days.`
}

// A watchedMovie is a move with the title of its movie.
type watchedMovie struct {
	rates.Move
	Ratio float64 `json:"ratio"`
	Title string  `json:"title"`
}

// A watchedMovies is the result of watch movies.
type watchedMovies struct {
	From    time.Time      `json:"from"`
	To      time.Time      `json:"to"`
	Looks   int            `json:"looks"`  // hours with enough lists in them and before them
	Movies  int            `json:"movies"` // that were compared
	Bound   float64        `json:"bound"`  // p-value of an alarm
	Open    int            `json:"open"`   // alarms that are not over
	Alarms  []watchedMovie `json:"alarms"`
	Bundles []watchedMovie `json:"bundles"`
	All     []watchedMovie `json:"all,omitempty"`
}

// errAlarm reports alarms to whoever asked to fail on them.
var errAlarm = fmt.Errorf("movies are recommended to unusually many or few people: %w", errRefused)

// Run looks once, or again and again.
func (c watchMoviesCmd) Run(ctx context.Context, e *env) error {
	if c.Hours < 1 || c.Hours > 168 {
		return usage("--hours is %d, want 1 to 168", c.Hours)
	}
	if c.N < 1 || c.N > 10_000 {
		return usage("-n is %d, want 1 to 10000", c.N)
	}
	end := time.Time{}
	if c.At != "" {
		var ok bool
		if end, ok = parseMoment(c.At); !ok {
			return usage("--at is %q, want a time such as 2027-01-04T06:00:00Z", c.At)
		}
		if c.Follow > 0 {
			return usage("--at and --follow: want one of them")
		}
	}
	store, err := e.openStore(ctx, false)
	if err != nil {
		return err
	}
	defer store.Close()
	if c.Follow > 0 {
		return c.follow(ctx, e, store)
	}
	if end.IsZero() {
		end = time.Now()
	}
	out, err := c.look(ctx, store, end)
	if err != nil {
		return err
	}
	if err := e.print(out, func(w io.Writer) { c.text(w, out) }); err != nil {
		return err
	}
	if c.FailOnAlarm && out.Open > 0 {
		return errAlarm
	}
	return nil
}

// look counts what was not counted and looks at the hours up to end.
func (c watchMoviesCmd) look(ctx context.Context, store *sqlstore.Store, end time.Time) (watchedMovies, error) {
	if _, err := store.RollExposures(ctx, time.Now()); err != nil {
		return watchedMovies{}, err
	}
	table, report, err := watchRates(ctx, store, end, c.Hours)
	if err != nil {
		return watchedMovies{}, err
	}
	out := watchedMovies{From: report.From, To: report.To, Looks: report.Looks, Movies: report.Movies, Bound: report.Bound, Open: rates.Open(report.Alarms)}
	if out.Alarms, err = titled(ctx, store, report.Alarms); err != nil {
		return out, err
	}
	if out.Bundles, err = titled(ctx, store, report.Bundles); err != nil {
		return out, err
	}
	if c.All {
		out.All, err = titled(ctx, store, rates.Rank(table, report.To, c.N, rates.DefaultConfig()))
	}
	return out, err
}

// watchRates looks at each of so many hours up to end.
func watchRates(ctx context.Context, store rates.Store, end time.Time, hours int) (*rates.Table, rates.Report, error) {
	cfg := rates.DefaultConfig()
	end = end.UTC().Truncate(time.Hour)
	from := end.Add(-time.Duration(hours-1) * time.Hour)
	table, err := rates.Read(ctx, store, cfg.Needs(from), end)
	if err != nil {
		return nil, rates.Report{}, err
	}
	report, err := rates.Watch(ctx, table, from, end, cfg)
	return table, report, err
}

// titled adds the titles of movies; a movie that is gone has none.
func titled(ctx context.Context, store *sqlstore.Store, moves []rates.Move) ([]watchedMovie, error) {
	out := make([]watchedMovie, len(moves))
	for i, m := range moves {
		out[i] = watchedMovie{Move: m, Ratio: m.Ratio()}
		movie, err := store.Movie(ctx, m.Movie)
		if err != nil && !errors.Is(err, catalog.ErrNotFound) {
			return nil, err
		}
		out[i].Title = movie.Title
	}
	return out, nil
}

func (c watchMoviesCmd) text(w io.Writer, out watchedMovies) {
	fmt.Fprintf(w, "%s to %s: ", minute(out.From), minute(out.To))
	if out.Looks == 0 {
		fmt.Fprintln(w, "too few lists: a look wants lists in the last 24 hours and in three of the seven times 24 hours before them")
	} else {
		fmt.Fprintf(w, "%d looks at %d movies, alarms at p <= %.1e\n", out.Looks, out.Movies, out.Bound)
	}
	c.section(w, "alarms", out.Alarms, false)
	c.section(w, "moved with a bundle", out.Bundles, true)
	if c.All {
		c.section(w, "the least usual, by the last look", out.All, false)
	}
}

// section writes one kind of moves.
func (c watchMoviesCmd) section(w io.Writer, name string, moves []watchedMovie, bundles bool) {
	fmt.Fprintf(w, "%s: %d\n", name, len(moves))
	if len(moves) == 0 {
		return
	}
	rows := [][]string{{"  movie", "title", "usual", "now", "ratio", "p", "since", "until"}}
	if bundles {
		rows[0] = append(rows[0], "bundle")
	}
	for _, m := range moves[:min(c.N, len(moves))] {
		until := "goes on"
		if !m.Ended.IsZero() {
			until = minute(m.Ended)
		}
		row := []string{"  " + string(m.Movie), catalog.CutText(m.Title, 40), fmt.Sprintf("%.1f", m.Usual), fmt.Sprintf("%.0f", m.Now), fmt.Sprintf("%.2f", m.Ratio), fmt.Sprintf("%.1e", m.P), minute(m.Since), until}
		if bundles {
			row = append(row, m.Bundle)
		}
		rows = append(rows, row)
	}
	columns(w, rows...)
	if hidden := len(moves) - c.N; hidden > 0 {
		fmt.Fprintf(w, "  and %d more; -n shows them\n", hidden)
	}
}

// follow tells moves as they come, until ctx ends.
func (c watchMoviesCmd) follow(ctx context.Context, e *env, store *sqlstore.Store) error {
	type key struct {
		movie  catalog.MovieID
		rose   bool
		bundle string
	}
	told := make(map[key]bool) // what the last look still had
	for {
		out, err := c.look(ctx, store, time.Now())
		switch {
		case errors.Is(err, catalog.ErrUnavailable):
			e.log.Warn("the store cannot be reached; looking again", "error", err)
		case err != nil:
			return err
		default:
			now := make(map[key]bool)
			fresh := func(moves []watchedMovie) []watchedMovie {
				kept := []watchedMovie{}
				for _, m := range moves {
					k := key{m.Movie, m.Rose, m.Bundle}
					if now[k] = true; !told[k] {
						kept = append(kept, m)
					}
				}
				return kept
			}
			out.Alarms, out.Bundles = fresh(out.Alarms), fresh(out.Bundles)
			told = now
			if len(out.Alarms)+len(out.Bundles) > 0 || c.All {
				if err := e.print(out, func(w io.Writer) { c.text(w, out) }); err != nil {
					return err
				}
			}
			if c.FailOnAlarm && out.Open > 0 {
				return errAlarm
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Duration(c.Follow)):
		}
	}
}
