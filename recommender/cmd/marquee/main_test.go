package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A shell runs the program in a home of its own.
type shell struct {
	t    *testing.T
	home string
}

// newShell returns one, of a test that runs beside others.
func newShell(t *testing.T) shell {
	t.Helper()
	t.Parallel()
	return soleShell(t)
}

// soleShell returns one of a test that no other runs beside, since it changes what all
// share, as the environment, or says how long something takes; or one more of a test that
// has one.
func soleShell(t *testing.T) shell {
	t.Helper()
	return shell{t, filepath.Join(t.TempDir(), "home")}
}

// run returns what the program wrote and its exit status.
func (s shell) run(args ...string) (stdout, stderr string, code int) {
	s.t.Helper()
	var out, errs bytes.Buffer
	code = run(s.t.Context(), append([]string{"--home", s.home, "--quiet"}, args...), &out, &errs)
	return out.String(), errs.String(), code
}

// must runs a command that has to work.
func (s shell) must(args ...string) string {
	s.t.Helper()
	out, errs, code := s.run(args...)
	if code != 0 {
		s.t.Fatalf("marquee %s: exit %d\n%s", strings.Join(args, " "), code, errs)
	}
	return out
}

// file writes a file beside the home.
func (s shell) file(name, text string) string {
	s.t.Helper()
	path := filepath.Join(filepath.Dir(s.home), name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		s.t.Fatal(err)
	}
	return path
}

const films = `{"id":"heat+1995","title":"Heat","year":1995,"genres":["Crime","Thriller"],"overview":"A master thief plans one last bank robbery while a detective hunts him through Los Angeles."}
{"id":"ronin+1998","title":"Ronin","year":1998,"genres":["Crime","Thriller"],"overview":"A crew of former agents is hired for a robbery and betrayed; a car chase through Paris decides."}
{"id":"the+score+2001","title":"The Score","year":2001,"genres":["Crime"],"overview":"An old thief plans one last robbery with a young detective of locks."}
{"id":"amelie+2001","title":"Amélie","year":2001,"genres":["Romance"],"overview":"A waitress in Paris mends the love lives of her neighbours."}
{"id":"bad id","title":"Refused"}
not json
`

const ratings = "user_id,movie_id,rating,time\n1,heat+1995,5,2024-01-01T10:00:00\n1,amelie+2001,2,2023-01-01T10:00:00\n2,ronin+1998,4,2024-01-01T10:00:00\n2,heat+1995,9,2024-01-01T10:00:00\n"

// TestMainJob brings a small catalog in, builds with every index, and looks.
func TestMainJob(t *testing.T) {
	s := newShell(t)
	var report struct {
		Movies  struct{ New, Same int }
		Ratings struct{ New int }
		Refused int
		Faults  []struct {
			Line   int
			Reason string
		}
	}
	decode(t, s.must("import", "jsonl", s.file("films.jsonl", films), "--output", "json"), &report)
	if report.Movies.New != 4 || report.Refused != 2 || len(report.Faults) != 2 || report.Faults[0].Line != 5 || report.Faults[1].Line != 6 {
		t.Errorf("import: %+v, want 4 movies and lines 5 and 6 refused", report)
	}
	decode(t, s.must("import", "jsonl", s.file("films.jsonl", films), "--output", "json"), &report)
	if report.Movies.New != 0 || report.Movies.Same != 4 {
		t.Errorf("second import: %+v, want all the same", report)
	}
	decode(t, s.must("import", "csv", s.file("ratings.csv", ratings), "--kind", "ratings", "--output", "json"), &report)
	if report.Ratings.New != 3 || report.Refused != 1 {
		t.Errorf("ratings: %+v, want 3 and one off the scale refused", report)
	}
	for _, index := range []string{"coderhnsw", "flat", "hnsw"} {
		var built struct {
			Bundle struct {
				ID    string
				Index struct{ Kind string }
			}
			Published bool
		}
		decode(t, s.must("build", "--index", index, "--output", "json"), &built)
		if built.Bundle.Index.Kind != index || !built.Published {
			t.Errorf("build with %s: %+v", index, built)
		}
		for _, from := range []string{"table", "index"} {
			if out := s.must("movie", "neighbours", "heat", "--from", from); !strings.Contains(strings.SplitN(out, "\n", 4)[2], "The Score") && !strings.Contains(out, "Ronin") {
				t.Errorf("neighbours by %s from %s:\n%s", index, from, out)
			}
		}
	}
	if out := s.must("user", "show", "1"); !strings.Contains(out, "rated 5") || !strings.Contains(out, "because of Heat (1995)") {
		t.Errorf("user show:\n%s", out)
	}
	if out := s.must("bundle", "list"); strings.Count(out, "\n") != 4 {
		t.Errorf("bundle list, want three and a header:\n%s", out)
	}
	s.must("bundle", "verify")
	if out := s.must("store", "show"); !strings.Contains(out, "movies            4\n") {
		t.Errorf("store show:\n%s", out)
	}
	s.must("eval", "run", "--protocol", "leave-one-out", "--output", "json")
	s.must("version")
}

func decode(t *testing.T, text string, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
}

func TestIngestOnce(t *testing.T) {
	s := newShell(t)
	log := s.file("movielog.log", "2022-11-14T12:23,5,GET /data/m/heat+1995/0.mpg\n2022-11-14T12:24:01,5,GET /rate/heat+1995=4\nrubbish\n")
	var sum struct {
		Lines   int
		Kept    struct{ Watch, Rate int }
		Refused map[string]int
	}
	decode(t, s.must("ingest", "--source", "file:"+log, "--once", "--output", "json"), &sum)
	if sum.Lines != 3 || sum.Kept.Watch != 1 || sum.Kept.Rate != 1 || len(sum.Refused) != 1 {
		t.Errorf("ingest: %+v", sum)
	}
	decode(t, s.must("ingest", "--source", "file:"+log, "--once", "--output", "json"), &sum)
	if sum.Lines != 0 {
		t.Errorf("second time: %+v, want nothing new", sum)
	}
}

// What is wrong says so, says what to do, and has the right exit status.
func TestErrors(t *testing.T) {
	s := newShell(t)
	text := s.file("text.txt", strings.Repeat("no database ", 1000))
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"nonsense"}, 2, "nonsense"},
		{[]string{"build", "--index", "faiss"}, 2, "hnsw"},
		{[]string{"build"}, 3, "marquee import"},
		{[]string{"--store", "host=x password=PWSECRET", "store", "show"}, 2, "postgres://"},
		{[]string{"--store", "u:PWSECRET@127.0.0.1/db", "import", "jsonl", text}, 2, "postgres://"},
		{[]string{"--store", "file:x.db?key=PWSECRET", "build"}, 2, "postgres://"},
		{[]string{"serve"}, 3, "marquee build"},
		{[]string{"movie", "neighbours", "Heat"}, 3, "marquee import"},
		{[]string{"import", "jsonl", "nowhere.jsonl"}, 2, "nowhere.jsonl"},
		{[]string{"ingest", "--source", "ftp://x"}, 2, "file:PATH"},
		{[]string{"ingest", "--source", "file:nowhere.log", "--once"}, 1, "nowhere.log"},
		{[]string{"store", "scale", "1-5"}, 2, "min..max/step"},
		{[]string{"--store", text, "store", "show"}, 1, "SQLite"},
		{[]string{"--config", "nowhere.json", "version"}, 2, "nowhere.json"},
		{[]string{"--config", s.file("bad.json", `{"lissten": ":1"}`), "version"}, 2, "lissten"},
		{[]string{"build", "--weight-similarity=-1"}, 2, "want 0 to"},
		{[]string{"build", "--weight-similarity", "NaN"}, 2, "want 0 to"},
		{[]string{"build", "--neighbours", "100000000"}, 2, "want 1 to"},
		{[]string{"build", "--lsa-rank", "0"}, 2, "rank"},
		{[]string{"ingest", "--source", "-", "--batch-rows", "0"}, 2, "want 1 to"},
		{[]string{"serve", "--listen", ""}, 2, "HOST:PORT"},
		{[]string{"import", "csv", text, "--columns", "foo=Titel"}, 2, "foo"},
		{[]string{"import", "jsonl", s.file("wrong.jsonl", `{"id":"a b"}`)}, 1, "all 1 rows were refused"},
		{[]string{"model", "verify"}, 1, "marquee model download"},
		{[]string{"bundle", "publish", "x"}, 2, "16 hex digits"},
		{[]string{"ingest", "--source", "file:" + text, "--once"}, 1, "all 1 lines were refused"},
	} {
		_, errs, code := s.run(c.args...)
		if code != c.code || !strings.Contains(errs, c.want) {
			t.Errorf("marquee %s: exit %d, %q; want %d and %q", strings.Join(c.args, " "), code, errs, c.code, c.want)
		}
		if strings.Contains(errs, "PWSECRET") {
			t.Errorf("marquee %s tells a password: %s", strings.Join(c.args, " "), errs)
		}
	}
	s.must("import", "jsonl", s.file("films.jsonl", films))
	if _, errs, code := s.run("serve"); code != 3 || !strings.Contains(errs, "marquee build") {
		t.Errorf("serve without a bundle: exit %d, %s", code, errs)
	}
	if _, errs, code := s.run("build", "--recall-floor", "2"); code != 2 || !strings.Contains(errs, "0 to 1") {
		t.Errorf("build with a floor of 2: exit %d, %s", code, errs)
	}
}

func TestHelp(t *testing.T) {
	s := newShell(t)
	for _, args := range [][]string{{"--help"}, {"build", "--help"}, {"serve", "--help"}, {"import", "csv", "--help"}} {
		if out := s.must(args...); !strings.Contains(out, "Usage: marquee") {
			t.Errorf("%v: %s", args, out)
		}
	}
}

// Flags win over the environment, which wins over the file.
func TestSettings(t *testing.T) {
	s := soleShell(t)
	file := s.file("settings.json", `{"log-format": "json", "output": "json", "listen": ":1234"}`)
	if out := s.must("--config", file, "version"); !strings.HasPrefix(out, "{") {
		t.Errorf("the file's output is json, got %s", out)
	}
	t.Setenv("MARQUEE_OUTPUT", "text")
	if out := s.must("--config", file, "version"); strings.HasPrefix(out, "{") {
		t.Errorf("the environment's output is text, got %s", out)
	}
	if out := s.must("--config", file, "--output", "json", "version"); !strings.HasPrefix(out, "{") {
		t.Errorf("the flag's output is json, got %s", out)
	}
}

// A server answers, takes a new bundle while it does, and ends cleanly.
func TestServe(t *testing.T) {
	s := newShell(t)
	s.must("import", "jsonl", s.file("films.jsonl", films))
	s.must("import", "csv", s.file("ratings.csv", ratings), "--kind", "ratings")
	s.must("build", "--index", "flat")
	address := free(t)
	end := s.background("serve", "--listen", address, "--admin-listen", "", "--bundle-poll", "10ms")
	first := get(t, address)
	if got := get(t, address); got.bundle != first.bundle {
		t.Errorf("bundle changed by itself")
	}
	if strings.Contains(first.body, "heat+1995") || strings.Contains(first.body, "amelie+2001") {
		t.Errorf("user 1 got what they watched: %s", first.body)
	}
	s.must("import", "jsonl", s.file("more.jsonl", `{"id":"sneakers+1992","title":"Sneakers","overview":"A crew plans a robbery."}`+"\n"))
	s.must("build", "--index", "flat")
	deadline := time.Now().Add(10 * time.Second)
	for got := first; got.bundle == first.bundle; got = get(t, address) {
		if time.Now().After(deadline) {
			t.Fatal("the new bundle was not taken")
		}
	}
	if got := get(t, address); !strings.Contains(got.body, "sneakers+1992") {
		t.Errorf("the new movie is not in %s", got.body)
	}
	if _, errs, code := s.run("--store", filepath.Join(s.home, "other.db"), "serve", "--listen", address); code != 1 || !strings.Contains(errs, "--listen") {
		t.Errorf("a port in use: exit %d, %s", code, errs)
	}
	end()
}

type reply struct{ body, bundle string }

// get asks for user 1's list, waiting for the server to come up.
func get(t *testing.T, address string) reply {
	t.Helper()
	for range 200 {
		res, err := http.Get("http://" + address + "/recommend/1")
		if err != nil {
			time.Sleep(20 * time.Millisecond)
			continue
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || res.StatusCode != 200 {
			t.Fatalf("status %d, %v", res.StatusCode, err)
		}
		return reply{string(body), res.Header.Get("X-Marquee-Bundle")}
	}
	t.Fatal("the server did not come up")
	return reply{}
}

func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
