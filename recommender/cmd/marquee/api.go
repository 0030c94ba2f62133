package main

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"

	"marquee/catalog"
	"marquee/catalog/catalogapi"
	"marquee/catalog/sqlstore"
)

// apiFlags say how the catalog API is asked.
type apiFlags struct {
	Edition  string  `help:"Edition of the catalog API: 2025 (one id a request) or 2026 (up to 200)." enum:"2025,2026" default:"2025" placeholder:"YEAR"`
	Rate     float64 `help:"Requests a second to the catalog API at most; 0: no limit." default:"50" placeholder:"N"`
	Parallel int     `help:"Requests to the catalog API under way at once." default:"4" placeholder:"N"`
	Bulk     int     `help:"Ids in one request of edition 2026." default:"100" placeholder:"N"`
}

// client returns a client of the catalog API at url. user maps fields of a person's record
// to ours; it may be nil.
func (f apiFlags) client(e *env, url string, user map[string]string) (*catalogapi.Client, error) {
	cfg := catalogapi.DefaultConfig(url, f.Edition)
	cfg.RequestsPerSecond, cfg.Parallel = f.Rate, f.Parallel
	if f.Edition == catalogapi.Edition2026 {
		cfg.Bulk = f.Bulk
	}
	if user != nil {
		cfg.Fields.User = user
	}
	client, err := catalogapi.New(cfg, http.DefaultClient, e.log)
	return client, wrapUsage(err)
}

// crawl asks for ids, keeps in dst what it learns, and shows how far it is.
func (e *env) crawl(ctx context.Context, client *catalogapi.Client, ids catalogapi.IDs, dst catalogapi.Store) (catalog.Report, error) {
	bar := e.progress()
	defer bar.end()
	return client.Crawl(ctx, ids, dst, func(p catalogapi.Progress) { bar.show("ask for "+p.Kind+"s", p.Done, p.Total) })
}

type importAPICmd struct {
	URL       string `help:"Base URL of the catalog API." required:"" placeholder:"URL"`
	Movies    string `help:"File of movie ids, one a line. Default: the movies that events name and the store does not know." type:"existingfile" predictor:"file" placeholder:"FILE"`
	Users     string `help:"File of people's ids, one a line. Default: the people that events name and the store does not know." type:"existingfile" predictor:"file" placeholder:"FILE"`
	Liked     string `help:"Field of a person's record with the movies they say they like." placeholder:"NAME"`
	Disliked  string `help:"Field of a person's record with the movies they say they dislike." placeholder:"NAME"`
	NoPeople  bool   `help:"Ask for movies only."`
	MaxMovies int    `help:"Movies asked for in one run at most; 0: all." default:"0" placeholder:"N"`
	apiFlags
}

// Help is shown below the flags.
func (importAPICmd) Help() string {
	return `Examples:
  marquee ingest --source file:movielog.log --once && marquee import api --url http://localhost:8080
  marquee import api --url http://localhost:8080 --edition 2026 --movies ids.txt

What the store knows already, and what the API has said it does not know, is not
asked again: an interrupted run goes on where it was.`
}

// Run asks for everything that is wanted and not known.
func (c *importAPICmd) Run(ctx context.Context, e *env) error {
	user := map[string]string{}
	for field, ours := range map[string]string{c.Liked: "liked", c.Disliked: "disliked"} {
		if field != "" {
			user[field] = ours
		}
	}
	client, err := c.client(e, c.URL, user)
	if err != nil {
		return err
	}
	store, err := e.openStore(ctx, true)
	if err != nil {
		return err
	}
	defer store.Close()
	ids, err := c.ids(ctx, store)
	if err != nil {
		return err
	}
	e.log.Info("asking the catalog API", "movies", len(ids.Movies), "people", len(ids.Users), "edition", c.Edition)
	report, err := e.crawl(ctx, client, ids, store)
	if err != nil {
		return err
	}
	return e.printReport(report)
}

// ids returns what to ask for.
func (c *importAPICmd) ids(ctx context.Context, store *sqlstore.Store) (ids catalogapi.IDs, err error) {
	if c.Movies != "" {
		ids.Movies, err = readIDs(c.Movies, catalog.ParseMovieID)
	} else {
		ids.Movies, err = store.MissingMovies(ctx)
	}
	if err != nil {
		return ids, err
	}
	if c.MaxMovies > 0 {
		ids.Movies = ids.Movies[:min(c.MaxMovies, len(ids.Movies))]
	}
	switch {
	case c.NoPeople:
	case c.Users != "":
		ids.Users, err = readIDs(c.Users, catalog.ParseUserID)
	default:
		ids.Users, err = store.MissingUsers(ctx)
	}
	return ids, err
}

// readIDs reads one id a line; blank lines are passed over.
func readIDs[T ~string](path string, parse func(string) (T, error)) ([]T, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var out []T
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		text := strings.TrimSpace(lines.Text())
		if text == "" {
			continue
		}
		id, err := parse(text)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, n, err)
		}
		out = append(out, id)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return out, nil
}
