package main

import (
	"bytes"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/catalog/sqlstore"
)

// A person is removed everywhere, to the last byte of the home folder, and does not
// come back by any way that there is.
func TestForgetEverywhere(t *testing.T) {
	s := newShell(t)
	const person = "918273645"
	s.must("import", "jsonl", s.file("films.jsonl", films))
	s.must("import", "csv", s.file("ratings.csv", ratings), "--kind", "ratings")
	s.must("import", "jsonl", s.file("people.jsonl", `{"user_id":`+person+`,"age":30,"gender":"F","occupation":"archivist"}`+"\n"), "--kind", "users")
	events := s.file("movielog.log", strings.ReplaceAll(`2024-02-01T10:00:03,ID,GET /data/m/heat+1995/3.mpg
2024-02-01T10:01,ID,GET /rate/heat+1995=4
2024-02-01T10:02,ID,GET /rate/heat+1995=9
2024-02-01T10:02,ID,GET /fly
2024-02-01T10:03,ID,GET /create_account
`, "ID", person))
	s.must("ingest", "--once", "--source", "file:"+events)
	served := func() {
		store, err := sqlstore.Open(t.Context(), filepath.Join(s.home, "marquee.db"), slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		defer store.Close()
		if _, err := store.PutExposures(t.Context(), []catalog.Exposure{{RequestID: "r" + time.Now().String(), User: person, At: time.Now(), Bundle: "b", Tier: "popular", Movies: []catalog.Exposed{{Movie: "heat+1995"}}}}); err != nil {
			t.Fatal(err)
		}
	}
	served()
	s.must("data", "snapshot")
	s.must("build", "--index", "flat")
	if held := holds(t, s.home, person); len(held) < 3 {
		t.Fatalf("before, only %v hold the person; want store, data version and bundle", held)
	}

	backup := filepath.Join(t.TempDir(), "backup.tar")
	s.must("bundle", "export", "-o", backup)
	if _, stderr, code := s.run("user", "forget", person); code != 2 || !strings.Contains(stderr, "--yes") {
		t.Errorf("without --yes: exit %d, %s", code, stderr)
	}
	out := s.must("user", "forget", person, "--yes")
	for _, want := range []string{"is forgotten", "histories", "people", "accounts", "quarantine", "exposures", "data version", "and live"} {
		if !strings.Contains(out, want) {
			t.Errorf("what was removed lacks %q:\n%s", want, out)
		}
	}
	if held := holds(t, s.home, person); len(held) > 0 {
		t.Errorf("after, %v still hold the person", held)
	}
	s.must("bundle", "import", backup)
	if held := holds(t, s.home, person); len(held) > 0 {
		t.Errorf("after an older bundle came back from a backup, %v hold the person", held)
	}

	s.must("ingest", "--once", "--source", "file:"+events, "--replay")
	s.must("ingest", "--once", "--source", "file:"+s.file("later.log", "2024-03-01T10:00:03,"+person+",GET /data/m/ronin+1998/3.mpg\n2024-03-01T10:00:03,7,GET /data/m/ronin+1998/3.mpg\n"))
	s.must("import", "csv", s.file("back.csv", "user_id,movie_id,rating,time\n"+person+",heat+1995,5,2024-02-01T10:00:00\n"), "--kind", "ratings")
	s.must("import", "jsonl", s.home+"/../people.jsonl", "--kind", "users")
	s.must("quarantine", "replay")
	served()
	s.must("data", "snapshot")
	s.must("build", "--index", "flat")
	if held := holds(t, s.home, person); len(held) > 0 {
		t.Errorf("the person came back: %v", held)
	}
	var shown shownUser
	decode(t, s.must("user", "show", person, "--output", "json"), &shown)
	if shown.Watched != 0 || shown.User.Age != 0 {
		t.Errorf("user show: %+v", shown)
	}
	if out := s.must("user", "forget", person, "--yes"); !strings.Contains(out, "0 rows removed") {
		t.Errorf("again:\n%s", out)
	}
}

// holds returns the files below home in which a text stands.
func holds(t *testing.T, home, text string) (names []string) {
	t.Helper()
	err := filepath.WalkDir(home, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if bytes.Contains(data, []byte(text)) {
			names = append(names, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}
