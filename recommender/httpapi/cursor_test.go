package httpapi_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"testing"

	"pgregory.net/rapid"

	"marquee/catalog"
	"marquee/recommender"
	"marquee/recommender/bundle"
)

// A page is what an answer says of its items and of the page behind it.
type page struct {
	Items []struct{ ID string }
	Next  string
}

func (c *caller) page(t testing.TB, path, cursor string) page {
	t.Helper()
	if cursor != "" {
		path += "&cursor=" + url.QueryEscape(cursor)
	}
	w := c.get(path)
	var p page
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || w.Code != 200 {
		t.Fatalf("%s: %d %s, %v", path, w.Code, w.Body, err)
	}
	return p
}

// turned returns a sample in which popularity goes the other way round and some movies are
// others, as another build may have it.
func turned(t testing.TB, n int) *bundle.Bundle {
	t.Helper()
	b := sample(t, n)
	b.Manifest.ID = "fedcba9876543210"
	b.Manifest.Sequence = 99
	return b
}

// The pages of a list hold each movie once, all that there are, and no watched one,
// whatever bundle makes the next page.
func TestPagesRepeatNothing(t *testing.T) {
	for _, path := range []string{"/recommend/seven?format=json", "/recommend/new?format=json", "/popular?", "/trending?"} {
		c := calls(t, 70)
		seen := map[string]bool{}
		cursor := ""
		for i := 0; ; i++ {
			p := c.page(t, fmt.Sprintf("%s&n=%d", path, 7+i%5), cursor)
			for _, item := range p.Items {
				if seen[item.ID] {
					t.Fatalf("%s: page %d repeats %s", path, i, item.ID)
				}
				seen[item.ID] = true
			}
			if p.Next == "" {
				break
			}
			cursor = p.Next
			if i > 20 {
				t.Fatalf("%s: no end after %d pages", path, i)
			}
			n := 70
			if i == 2 {
				n = 65 // some movies left the catalog
			}
			if err := c.service.Swap(turned(t, n)); err != nil {
				t.Fatal(err)
			}
		}
		want := 69 // all but the adult one
		if path == "/recommend/seven?format=json" {
			want-- // and the watched one
		}
		if len(seen) != want {
			t.Errorf("%s: %d movies on all pages, want %d", path, len(seen), want)
		}
	}
}

// Pages end behind the most that a cursor holds.
func TestPagesEnd(t *testing.T) {
	c := calls(t, 650)
	cursor, total := "", 0
	for {
		p := c.page(t, "/popular?n=90", cursor)
		total += len(p.Items)
		if p.Next == "" {
			break
		}
		if len(p.Next) > 4000 {
			t.Errorf("a cursor of %d bytes, want at most 4000", len(p.Next))
		}
		cursor = p.Next
	}
	if total < 500 || total > 600 {
		t.Errorf("%d movies on all pages, want 500 to 600", total)
	}
}

// A cursor holds what [recommender.HashID] makes of the movies given.
func TestCursorHoldsHashes(t *testing.T) {
	c := calls(t, 30)
	first := c.page(t, "/popular?n=4", "")
	c.page(t, "/popular?n=4", first.Next)
	skip := c.heard.last(t).Skip
	if len(skip) != 4 {
		t.Fatalf("%d movies to skip, want 4", len(skip))
	}
	for i, item := range first.Items {
		if skip[i] != recommender.HashID(catalog.MovieID(item.ID)) {
			t.Errorf("hash %d is %x, want that of %s", i, skip[i], item.ID)
		}
	}
}

// A cursor with any bit turned, cut or made longer is refused, and so is that of a
// history.
func TestCursorIsChecked(t *testing.T) {
	c := calls(t, 30)
	good := c.page(t, "/popular?n=5", "").Next
	raw, err := base64.RawURLEncoding.DecodeString(good)
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		b := append([]byte(nil), raw...)
		switch rapid.IntRange(0, 2).Draw(t, "how") {
		case 0:
			bit := rapid.IntRange(0, len(b)*8-1).Draw(t, "bit")
			b[bit/8] ^= 1 << (bit % 8)
		case 1:
			b = b[:rapid.IntRange(0, len(b)-1).Draw(t, "length")]
		case 2:
			b = append(b, rapid.SliceOfN(rapid.Byte(), 1, 20).Draw(t, "more")...)
		}
		if w := c.get("/popular?cursor=" + base64.RawURLEncoding.EncodeToString(b)); w.Code != 400 {
			t.Fatalf("status %d, want 400: %s", w.Code, w.Body)
		}
	})
	for _, bad := range []string{good + "=", good + "A", " " + good, "x", "AQ", good + good} {
		refused(t, c.get("/popular?cursor="+url.QueryEscape(bad)), 400, "cursor")
	}
	refused(t, c.get("/users/seven/history?cursor="+good, "Authorization", "Bearer reader"), 400, "cursor")
}

// FuzzCursor holds that any text is a cursor that the server gave, or a 400.
func FuzzCursor(f *testing.F) {
	c := calls(f, 30)
	f.Add(c.page(f, "/popular?n=5", "").Next)
	f.Add("")
	f.Add("AQ")
	f.Fuzz(func(t *testing.T, text string) {
		for _, path := range []string{"/popular?cursor=", "/users/seven/history?cursor="} {
			if w := c.get(path+url.QueryEscape(text), "Authorization", "Bearer reader"); w.Code != 200 && w.Code != 400 {
				t.Fatalf("%s%q: %d %s", path, text, w.Code, w.Body)
			}
		}
	})
}
