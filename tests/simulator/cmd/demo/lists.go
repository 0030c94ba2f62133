package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"time"

	"marquee/tests/simulator"
)

// lists shows three people's histories beside their lists, and checks the lists.
func (d *demo) lists(ctx context.Context) error {
	for _, p := range d.three() {
		likes := make([]string, 0, 2)
		for _, theme := range p.Favourites[:min(2, len(p.Favourites))] {
			likes = append(likes, d.world.Themes[theme])
		}
		fmt.Printf("\n%s is %d and likes above all: %s.\n", p.ID, p.Age, strings.Join(likes, ", "))
		if err := d.command(ctx, "user", "show", p.ID, "-n", "8", "--seen", "8"); err != nil {
			return err
		}
		if err := d.checkList(ctx, p.ID); err != nil {
			return fmt.Errorf("list of %s: %w", p.ID, err)
		}
	}
	first := d.three()[0].ID
	fmt.Printf("\n$ curl %s/recommend/%s\n", d.host(), first)
	line, err := d.get(ctx, "/recommend/"+first)
	fmt.Print(line)
	return err
}

// three returns people of different tastes who watched neither little nor much.
func (d *demo) three() []simulator.Person {
	watched := map[int]int{}
	for _, w := range d.stream.Watches {
		watched[w.Person]++
	}
	var out []simulator.Person
	taken := map[int]bool{}
	for i, p := range d.world.People {
		if n := watched[i]; n < 8 || n > 20 || taken[p.Favourites[0]] || p.Taste[p.Favourites[0]] < 0.3 {
			continue
		}
		taken[p.Favourites[0]] = true
		if out = append(out, p); len(out) == 3 {
			break
		}
	}
	return out
}

// checkList holds the server's answer against what must be true of it.
func (d *demo) checkList(ctx context.Context, user string) error {
	line, err := d.get(ctx, "/recommend/"+user)
	if err != nil {
		return err
	}
	ids := strings.Split(strings.TrimSuffix(line, "\n"), ",")
	if len(ids) != 20 {
		return fmt.Errorf("%d movies, want 20", len(ids))
	}
	var shown struct {
		History []struct{ Movie string }
		Tier    string
	}
	text, err := d.exec(ctx, "--output", "json", "user", "show", user, "--seen", "10000").Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			return fmt.Errorf("%w: %s", err, exit.Stderr)
		}
		return err
	}
	if err := json.Unmarshal(text, &shown); err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, h := range shown.History {
		seen[h.Movie] = true
	}
	if len(seen) == 0 || shown.Tier != "personal" {
		return fmt.Errorf("%d watched movies and tier %q, want a history and a personal list", len(seen), shown.Tier)
	}
	for _, id := range ids {
		if _, known := d.world.Movie(id); !known || seen[id] {
			return fmt.Errorf("%q is unknown, was watched or stands twice", id)
		}
		seen[id] = true
	}
	return nil
}

func (d *demo) get(ctx context.Context, path string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+d.host()+path, nil)
	if err != nil {
		return "", err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", path, res.Status)
	}
	return string(body), err
}
