package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"marquee/catalog"
	"marquee/recommender/pipeline"
)

// scope returns what is to be looked at.
func (c *reindexCmd) scope(now time.Time) (pipeline.Scope, error) {
	s := pipeline.Scope{All: c.All}
	switch {
	case c.From != "" && c.FromAPI != "":
		return s, usage("--from and --from-api exclude each other")
	case c.DryRun && c.FromAPI != "":
		return s, usage("--dry-run and --from-api exclude each other: what the API says goes into the store, and servers take it in at once")
	case c.From == "" && (c.Whole || c.Strict || c.Merge != "" || len(c.Columns) > 0):
		return s, usage("--whole, --strict, --merge and --columns are about a file: name it with --from")
	case c.Whole && c.Merge != "":
		return s, usage("--whole and --merge exclude each other: a file of facts about some movies is not the whole catalog")
	case len(c.IDs) > 0 && c.Since != "":
		return s, usage("--ids and --since exclude each other")
	case c.Refresh && c.FromAPI == "":
		return s, usage("--refresh is about the catalog API: name it with --from-api")
	case !(c.Most >= 0 && c.Most <= 1):
		return s, usage("--most is %v, want 0 to 1", c.Most)
	case c.N < 0 || c.N > 1000:
		return s, usage("-n is %d, want 0 to 1000", c.N)
	}
	if c.Since != "" {
		at, err := sinceTime(c.Since, now)
		if err != nil {
			return s, err
		}
		s.Since = at
	}
	for _, text := range c.named() {
		if path, isFile := strings.CutPrefix(text, "@"); isFile {
			ids, err := readIDs(path, catalog.ParseMovieID)
			if err != nil {
				return s, wrapUsage(err)
			}
			if len(ids) == 0 {
				return s, usage("--ids names no movie: %s is empty; leave --ids out for all that changed", path)
			}
			s.IDs = append(s.IDs, ids...)
			continue
		}
		id, err := catalog.ParseMovieID(text)
		if err != nil {
			return s, wrapUsage(fmt.Errorf("--ids: %w", err))
		}
		s.IDs = append(s.IDs, id)
	}
	return s, nil
}

// named returns the ids and the names of files that --ids holds. An empty value is one of
// them, and not all that changed.
func (c *reindexCmd) named() (list []string) {
	for _, text := range c.IDs {
		if text == "" {
			return []string{""}
		}
		list = append(list, kong.SplitEscaped(text, ',')...)
	}
	return list
}

// sinceTime returns the time that text means: one of its own, or as long before now.
func sinceTime(text string, now time.Time) (time.Time, error) {
	if d, err := time.ParseDuration(text); err == nil && d > 0 {
		return now.Add(-d), nil
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04", time.DateOnly} {
		if at, err := time.ParseInLocation(layout, text, time.UTC); err == nil {
			return at, nil
		}
	}
	return time.Time{}, usage("--since is %q, want a time such as 2026-11-22T08:00:00Z or a span such as 2h", text)
}
