package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"marquee/catalog"
	"marquee/catalog/sqlstore"
	"marquee/recommender/bundle"
	"marquee/recommender/model"
	"marquee/recommender/overlay"
	"marquee/recommender/rank"
	"marquee/recommender/trace"
)

type traceCmd struct {
	Request string `arg:"" help:"Id of the request: the X-Request-Id of the answer."`
	Replay  bool   `help:"Make the list anew and hold it against what was served, bit by bit." env:"-"`
	Seen    int    `help:"Newest movies of the history shown; 0: all." default:"20" env:"-" placeholder:"N"`
	bundleSpaceFlags
}

// Help is shown below the flags.
func (traceCmd) Help() string {
	return `Examples:
  curl -si localhost:8082/recommend/7 | grep -i x-request-id
  marquee trace 1f0c9a6be2d34a7788aa0c11
  marquee trace 1f0c9a6be2d34a7788aa0c11 --replay
  marquee trace 1f0c9a6be2d34a7788aa0c11 --output json | jq .list

Shows the list that answered a request, the bundle and the number of the last change it was
made from, the data, the program and the settings behind that bundle, the history as it was
then, and what placed each movie. --replay lays the changes on the bundle anew and makes the
list again, on the kernel path that scored it; exit status 1 if it is another one. A list is
written to the store within a second or two of its answer; exit status 3 if it is not there.

For a replay the bundle must still be on the shelf ("marquee bundle prune" leaves those of
a week), and the log of changes must reach back to it ("marquee store prune").`
}

// A tracedList is the result of trace.
type tracedList struct {
	RequestID string           `json:"request_id"`
	At        time.Time        `json:"at"`
	User      catalog.UserID   `json:"user"`
	Tier      string           `json:"tier"`
	Arm       string           `json:"arm"`
	Bundle    string           `json:"bundle"`
	Sequence  int64            `json:"sequence"`
	Manifest  *bundle.Manifest `json:"manifest,omitempty"` // nil if the bundle is gone
	Stale     bool             `json:"history_stale"`
	Kernel    string           `json:"kernel"`
	History   []tracedSeen     `json:"history"`
	Unknown   int              `json:"unknown"` // watched movies that the bundle did not know
	List      []tracedItem     `json:"list"`
	Replayed  *bool            `json:"replayed,omitempty"` // the same bits; nil if that was not asked
	Reason    string           `json:"reason,omitempty"`   // why it is not, or why there is no more to tell

	seen int
	told bool // the history is known
}

type tracedSeen struct {
	Movie      catalog.MovieID `json:"movie"`
	Title      string          `json:"title"`
	At         time.Time       `json:"at,omitzero"`
	Rating     float32         `json:"rating,omitempty"`
	Share      float32         `json:"share,omitempty"` // watched
	Preference float64         `json:"preference"`      // 1 to 5
}

type tracedItem struct {
	Movie      catalog.MovieID `json:"movie"`
	Title      string          `json:"title"`
	Source     string          `json:"source"`
	Propensity float32         `json:"propensity"`
	Score      *float32        `json:"score,omitempty"`
	Similarity *float32        `json:"similarity,omitempty"`
	Quality    *float32        `json:"quality,omitempty"`
	Popularity *float32        `json:"popularity,omitempty"`
	Because    []string        `json:"because,omitempty"`
}

// Run traces one request.
func (c traceCmd) Run(ctx context.Context, e *env) error {
	store, err := e.openStore(ctx, false)
	if err != nil {
		return err
	}
	defer store.Close()
	served, err := store.Exposure(ctx, c.Request)
	if err != nil {
		if !errors.Is(err, catalog.ErrNotFound) {
			return err
		}
		return fmt.Errorf("%w; a list is written within a second or two of its answer, so try again if it is new. Lists of /recommend/USER and of batches are kept, but for those with reasons (explain), unless serve runs with --no-exposures, and go with \"marquee store prune\"", err)
	}
	out := tracedList{
		RequestID: served.RequestID, At: served.At, User: served.User, Tier: served.Tier, Arm: served.Arm,
		Bundle: served.Bundle, Sequence: served.Sequence, History: []tracedSeen{}, seen: c.Seen,
	}
	for _, m := range served.Movies {
		out.List = append(out.List, tracedItem{Movie: m.Movie, Source: m.Source, Propensity: m.Propensity})
	}
	failed := c.fill(ctx, e, store, served, &out)
	if failed != nil {
		out.Reason = failed.Error()
	}
	if err := e.print(out, out.text); err != nil {
		return err
	}
	if c.Replay && failed != nil {
		return fmt.Errorf("request %s: %w", c.Request, failed)
	}
	return nil
}

// fill adds to out what can be found out; the error says what cannot.
func (c traceCmd) fill(ctx context.Context, e *env, store *sqlstore.Store, served catalog.Exposure, out *tracedList) error {
	in, unread := inputOf(served)
	out.Stale, out.Kernel, out.Unknown = in.Stale, in.Kernel, in.Unknown
	// Loading and laying on round as scoring does, so all of it is done as on the server.
	// Without its kernels the rest can still be told; a replay says that it cannot.
	restore, _ := trace.Use(in.Kernel)
	defer restore()
	b, err := c.load(ctx, e, served.Bundle)
	if err != nil {
		return fmt.Errorf("the bundle is not to be had, so titles, history and features are not told: %w", err)
	}
	out.Manifest = &b.Manifest
	out.titles(b.Movies)
	if unread != nil {
		return unread
	}
	w := &working{bundle: b, env: e, store: store, flags: c.bundleSpaceFlags}
	defer w.close()
	state, err := trace.StateAt(ctx, b, store, served, in, w.embed)
	if state == nil {
		return err
	}
	rows := state.Snapshot.Movies.Len()
	if err != nil {
		rows = b.Movies.Len() // what stands behind these may be another movie
	}
	out.history(state, in, rows)
	out.features(state, in, rows)
	if err != nil || !c.Replay {
		return err
	}
	return out.replay(state, in, served)
}

// inputOf returns what a list was made from.
func inputOf(served catalog.Exposure) (trace.Input, error) {
	if served.Input == nil {
		return trace.Input{}, fmt.Errorf("what the list was made from was not kept: %w", trace.ErrLost)
	}
	return trace.Unpack(served.Input)
}

// load loads a bundle, or the one that replaced it when somebody was forgotten.
func (c traceCmd) load(ctx context.Context, e *env, id string) (*bundle.Bundle, error) {
	shelf, err := e.openShelf()
	if err != nil {
		return nil, err
	}
	if id, err = shelf.Successor(id); err != nil {
		return nil, err
	}
	opened := e.opener()
	opened.NoModels = !c.Replay
	return shelf.Load(ctx, id, opened)
}

// passing stands for a movie of a row that is not known any more.
const passing = "a movie that came and left"

// titles names the movies that were served as the bundle does.
func (t *tracedList) titles(movies *rank.Movies) {
	for i, x := range t.List {
		if row, known := movies.Row(x.Movie); known {
			t.List[i].Title = movies.Label(row)
		}
	}
}

// history tells the history as it was. Rows from the given one on are not surely those
// of s.
func (t *tracedList) history(s *overlay.State, in trace.Input, rows int) {
	t.told = true
	movies := s.Snapshot.Movies
	for i, x := range in.Seen {
		seen := tracedSeen{Title: passing, Preference: x.Preference(s.Snapshot.Scale)}
		if int64(x.Movie) < int64(rows) {
			seen.Movie, seen.Title = movies.IDs[x.Movie], movies.Label(x.Movie)
		}
		if x.At != 0 {
			seen.At = x.Time()
		}
		if x.Rated {
			seen.Rating = x.Rating
		}
		if x.Shared {
			seen.Share = x.Share
		}
		if i < len(in.Watched) {
			seen.Preference = float64(in.Watched[i].Preference) / 10
		}
		t.History = append(t.History, seen)
	}
}

// features tells what placed each movie that was served, as far as the history has rows
// below the given one.
func (t *tracedList) features(s *overlay.State, in trace.Input, rows int) {
	taste := in.Taste()
	taste.Watched = slices.DeleteFunc(slices.Clone(taste.Watched), func(w rank.Watched) bool { return int64(w.Row) >= int64(rows) })
	taste.Seen = slices.DeleteFunc(slices.Clone(taste.Seen), func(x model.Seen) bool { return int64(x.Movie) >= int64(rows) })
	snap := s.Snapshot
	var items []rank.Item
	var of []int // place in the list of each item
	for i := range t.List {
		row, known := snap.Movies.Row(t.List[i].Movie)
		if !known {
			continue
		}
		t.List[i].Title = snap.Movies.Label(row)
		t.List[i].Quality, t.List[i].Popularity = &snap.Stats.Quality[row], &snap.Stats.Popularity[row]
		if i < len(in.Scores) {
			t.List[i].Score = &in.Scores[i]
		}
		items, of = append(items, rank.Item{Row: row}), append(of, i)
	}
	for k, reasons := range snap.Reasons(items, taste, 3) {
		for n, r := range reasons {
			if n == 0 {
				t.List[of[k]].Similarity = &r.Similarity
			}
			t.List[of[k]].Because = append(t.List[of[k]].Because, fmt.Sprintf("%s (%.3f)", snap.Movies.Label(r.Row), r.Similarity))
		}
	}
}

// replay makes the list anew.
func (t *tracedList) replay(s *overlay.State, in trace.Input, served catalog.Exposure) error {
	same := false
	t.Replayed = &same
	list, err := trace.Replay(s, in, served.Arm)
	if err != nil {
		return err
	}
	if err := trace.Same(s, list, served, in); err != nil {
		return fmt.Errorf("made anew the list is another: %w%s", err, t.otherProgram())
	}
	same = true
	return nil
}

// otherProgram says so if another version of the program built the bundle, which is the
// likeliest reason of other scores.
func (t *tracedList) otherProgram() string {
	built := t.Manifest.Program
	if built.Version == version && built.Commit == commit {
		return ""
	}
	return fmt.Sprintf(" (this program is version %s, the bundle was built by %s; versions may score differently, so try the one that served)", version, built.Version)
}

func (t tracedList) text(w io.Writer) {
	rows := [][]string{
		{"request", t.RequestID}, {"at", t.At.Format(time.RFC3339)}, {"user", string(t.User)},
		{"tier", t.Tier}, {"arm", t.Arm},
		{"bundle", fmt.Sprintf("%s, with every change up to %d", t.Bundle, t.Sequence)},
	}
	if m := t.Manifest; m != nil {
		rows = append(rows,
			[]string{"data", m.DataVersion}, []string{"embedder", m.Embedder.String()},
			[]string{"program", fmt.Sprintf("%s, commit %s, %s, kernels %s", m.Program.Version, orElse(m.Program.Commit, "unknown"), m.Program.Go, m.Program.Kernel)},
			[]string{"index", m.Index.Kind + " " + compact(m.Index.Settings)},
			[]string{"seed", fmt.Sprint(m.Seed)},
		)
		for _, x := range m.Models {
			rows = append(rows, []string{"model", strings.TrimSpace(x.Name + " (" + x.Kind + ") " + compact(x.Settings))})
		}
	}
	columns(w, rows...)
	if t.told {
		t.historyText(w)
	}
	fmt.Fprintln(w, "\nThe list:")
	t.listText(w)
	switch {
	case t.Replayed != nil && *t.Replayed:
		fmt.Fprintf(w, "\nMade anew it is the same list, bit for bit (kernels %s).\n", t.Kernel)
	case t.Reason != "":
		fmt.Fprintf(w, "\n%s\n", t.Reason)
	}
}

func (t tracedList) historyText(w io.Writer) {
	freshness := ""
	if t.Stale {
		freshness = ", stale: the store was away"
	}
	fmt.Fprintf(w, "\nThe history as it was: %d movies%s\n", len(t.History)+t.Unknown, freshness)
	var rows [][]string
	shown := t.History
	if t.seen > 0 {
		shown = shown[:min(t.seen, len(shown))]
	}
	for _, s := range shown {
		when := ""
		if !s.At.IsZero() {
			when = s.At.Format(time.DateOnly)
		}
		what := ""
		if s.Rating != 0 {
			what = fmt.Sprintf("rated %g", s.Rating)
		} else if s.Share != 0 {
			what = fmt.Sprintf("watched %.0f%%", 100*s.Share)
		}
		rows = append(rows, []string{"  " + when, s.Title, what, fmt.Sprintf("preference %.1f", s.Preference)})
	}
	columns(w, rows...)
	if more := len(t.History) - len(shown); more > 0 {
		fmt.Fprintf(w, "  and %d more\n", more)
	}
}

func (t tracedList) listText(w io.Writer) {
	rows := [][]string{{"", "score", "movie", "sources", "similarity", "quality", "popularity", "because", "id"}}
	for i, x := range t.List {
		rows = append(rows, []string{
			fmt.Sprint(i + 1), figure(x.Score), x.Title, x.Source, figure(x.Similarity), figure(x.Quality), figure(x.Popularity), strings.Join(x.Because, "; "), string(x.Movie),
		})
	}
	columns(w, rows...)
}

// figure writes a number that may not be known.
func figure(x *float32) string {
	if x == nil {
		return ""
	}
	return fmt.Sprintf("%.3f", *x)
}

// compact returns JSON without blanks.
func compact(text json.RawMessage) string {
	var out bytes.Buffer
	if json.Compact(&out, text) != nil {
		return "" // none
	}
	return out.String()
}
