package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"marquee/recommender/bundle"
	"marquee/recommender/pipeline"
)

// reindex runs a reindex that has to work.
func (s shell) reindex(args ...string) (out reindexed) {
	s.t.Helper()
	s.result(&out, append([]string{"reindex"}, args...)...)
	return out
}

// Only what changed is embedded; the bundle that results is a patch over the build.
func TestReindex(t *testing.T) {
	s := newShell(t)
	s.refuses(exitNotFound, "marquee import", "reindex")
	s.must("import", "jsonl", s.file("films.jsonl", films))
	s.refuses(exitNotFound, "marquee build", "reindex")
	s.must("build", "--index", "flat", "--models", "none")
	built := s.manifest()

	if out := s.reindex(); out.Bundle != nil || out.Published || out.Found.How != "changes" {
		t.Errorf("nothing to do: %+v", out)
	}
	if text := s.must("reindex"); !strings.Contains(text, "nothing to do") {
		t.Errorf("nothing to do:\n%s", text)
	}

	s.must("movie", "edit", "Amélie", "--overview", "A master thief plans a robbery in Paris.")
	s.must("movie", "add", "--title", "Thief", "--year", "1981", "--overview", "A master thief plans one last bank robbery.")
	out := s.reindex("--dry-run")
	if out.Bundle != nil || out.Preview == nil || len(out.Preview.Added) != 1 || len(out.Preview.Changed) != 1 || out.Preview.Affected == 0 {
		t.Errorf("a dry run: %+v", out)
	}
	if text := s.must("reindex", "--dry-run"); !strings.Contains(text, "would add 1 movies") || !strings.Contains(text, "Thief") || !strings.Contains(text, "would move") {
		t.Errorf("a dry run says:\n%s", text)
	}
	if s.manifest().ID != built.ID || len(s.bundles()) != 1 {
		t.Error("a dry run made a bundle")
	}

	out = s.reindex("--ids", "thief+1981", "--no-publish")
	if out.Bundle == nil || out.Published || out.Found.Added != 1 || out.Found.Changed != 0 || out.Found.How != "ids" || s.manifest().ID != built.ID {
		t.Errorf("of one id, not published: %+v", out)
	}
	s.refuses(exitNotFound, "nobody", "reindex", "--ids", "nobody")
	s.refuses(exitUsage, "exclude", "reindex", "--ids", "nobody", "--since", "1h")
	s.refuses(exitUsage, "such as 2h", "reindex", "--since", "yesterday")

	out = s.reindex("--since", "1h", "--most", "1")
	live := s.manifest()
	if !out.Published || out.Bundle.ID != live.ID || out.Found.Added != 1 || out.Found.Changed != 1 || out.Work.Embedded != 2 {
		t.Errorf("since an hour ago: %+v", out)
	}
	if l := live.Later; l == nil || l.Base != built.ID || l.Added != 1 || l.Changed != 1 || live.Parent != built.ID || live.Counts.Movies != 5 || len(live.Gates) != 4 {
		t.Errorf("manifest: %+v", live)
	}
	if text := s.must("bundle", "show"); !strings.Contains(text, "1 added, 1 changed, 0 removed since build "+built.ID) || strings.Count(text, "\ngate ") != 4 {
		t.Errorf("bundle show:\n%s", text)
	}

	s.must("movie", "remove", "Thief", "--yes")
	s.must("movie", "hide", "Heat")
	if out = s.reindex("--max-shrinkage", "1", "--most", "1"); out.Found.Removed != 1 || s.manifest().Later.Base != built.ID || s.manifest().Counts.Movies != 4 {
		t.Errorf("after one left: %+v", out)
	}
	if out = s.reindex("--all"); out.Bundle.Later != nil || out.Work.Embedded != 4 || out.Found.How != "all" {
		t.Errorf("of all: %+v", out)
	}
	s.must("bundle", "verify")
}

// bundles returns the IDs of the bundles on the shelf, newest first.
func (s shell) bundles() (ids []string) {
	s.t.Helper()
	var out struct{ Bundles []bundle.Manifest }
	s.result(&out, "bundle", "list")
	return idsOf(out.Bundles)
}

// A file is imported, or shown as what it would be.
func TestReindexFromFile(t *testing.T) {
	s := editorShell(t)
	const thief = `{"id":"thief+1981","title":"Thief","overview":"A master thief plans one last bank robbery."}` + "\n"
	more := s.file("more.jsonl", thief+"rubbish\n"+`{"id":"heat+1995","title":"Heat","overview":"A waitress."}`+"\n")

	out := s.reindex("--from", more, "--dry-run")
	if out.Import.Movies.New != 1 || out.Import.Movies.Changed != 1 || out.Import.Refused != 1 || len(out.Preview.Added) != 1 || len(out.Preview.Changed) != 1 {
		t.Errorf("a dry run: %+v", out)
	}
	s.refuses(exitNotFound, "thief+1981", "movie", "show", "thief+1981")

	s.refuses(exitRefused, "strict.jsonl:2: row refused", "reindex", "--from", s.file("strict.jsonl", "{\"id\":\"up+2009\",\"title\":\"Up\"}\nrubbish\n"+thief), "--strict")
	s.must("movie", "show", "up+2009") // the rows before it went in
	s.refuses(exitNotFound, "thief+1981", "movie", "show", "thief+1981")

	text := s.must("reindex", "--from", more)
	if !strings.Contains(text, "1 rows refused") || !strings.Contains(text, "more.jsonl:2: ") || !strings.Contains(text, "live now") {
		t.Errorf("says:\n%s", text)
	}
	s.refuses(exitFailed, "were refused", "reindex", "--from", s.file("rubbish.jsonl", "rubbish\n"))

	whole := s.file("films.csv", "Nummer,Titel,overview\nheat+1995,Heat,A waitress.\nronin+1998,Ronin,A robbery.\n")
	args := []string{"reindex", "--from", whole, "--columns", "id=Nummer;title=Titel", "--whole"}
	s.refuses(exitRefused, "nothing was removed", args...)
	s.must("movie", "show", "thief+1981")
	if out := s.reindex(append(args[1:], "--dry-run")...); len(out.Preview.Removed) != 4 {
		t.Errorf("a dry run of a file that is the whole catalog: %+v", out)
	}
	s.must("movie", "show", "thief+1981")
	out = s.reindex(append(args[1:], "--override", "shrinkage=the studio is gone")...)
	if out.Removed != 4 || out.Found.Removed != 4 || !out.Published || s.manifest().Counts.Movies != 2 {
		t.Errorf("a file that is the whole catalog: %+v", out)
	}
	gate := gateOf(s.manifest(), pipeline.GateShrinkage)
	if gate.Passed || !gate.Override || !strings.Contains(gate.Detail, "the studio is gone") {
		t.Errorf("gate: %+v", gate)
	}
	if text := s.must("bundle", "show"); !strings.Contains(text, "shrinkage let pass") {
		t.Errorf("bundle show:\n%s", text)
	}
	s.refuses(exitUsage, "--from", "reindex", "--whole")
	s.refuses(exitUsage, "exclude", "reindex", "--from", whole, "--from-api", "http://localhost:1")
}

func gateOf(m bundle.Manifest, name string) bundle.Gate {
	for _, g := range m.Gates {
		if g.Name == name {
			return g
		}
	}
	return bundle.Gate{}
}

// What a gate refuses is on the shelf and not live, until somebody says so.
func TestReindexGate(t *testing.T) {
	s := editorShell(t)
	live := s.manifest().ID
	s.must("movie", "remove", "Heat", "--yes")
	s.refuses(exitRefused, "gate shrinkage", "reindex", "--most", "1")
	if s.manifest().ID != live || len(s.bundles()) != 2 {
		t.Errorf("%s is live of %q, want %s of two", s.manifest().ID, s.bundles(), live)
	}
	refused := s.bundles()[slices.IndexFunc(s.bundles(), func(id string) bool { return id != live })]
	s.refuses(exitRefused, "--override shrinkage=REASON", "bundle", "publish", refused[:8])
	s.refuses(exitUsage, "bundle publish", "bundle", "publish", refused, "--override", "weather=bad")
	s.must("bundle", "publish", refused[:8], "--override", "shrinkage=sold")
	var list struct{ Published []bundle.Publication }
	s.result(&list, "bundle", "list")
	if p := list.Published[0]; p.ID != refused || !strings.Contains(p.Why, "sold") || p.By == "" {
		t.Errorf("published: %+v", p)
	}
}

// While a reindex was at work another bundle went live: its own stays on the shelf.
func TestReindexMoved(t *testing.T) {
	s := newShell(t)
	s.must("import", "jsonl", s.file("films.jsonl", films))
	embeddings := &embeddingsAPI{t: t}
	server := httptest.NewServer(embeddings)
	defer server.Close()
	build := []string{"build", "--index", "flat", "--models", "none", "--embedder", "remote", "--remote-url", server.URL, "--remote-model", "m"}
	s.must(build...)
	built := s.manifest().ID
	var other struct{ Bundle bundle.Manifest }
	s.result(&other, append(build, "--neighbours", "2", "--no-publish")...)
	s.must("movie", "add", "--title", "Thief", "--overview", "A thief.", "--remote-url", server.URL)
	embeddings.next = func() { s.must("bundle", "publish", other.Bundle.ID) }
	s.refuses(exitRefused, "another bundle went live meanwhile", "reindex", "--remote-url", server.URL, "--all")
	if live := s.manifest().ID; live != other.Bundle.ID || live == built || len(s.bundles()) != 3 {
		t.Errorf("%s is live of %q, want %s of three", live, s.bundles(), other.Bundle.ID)
	}
	s.refuses(exitFailed, "--remote-url", "reindex", "--all")
}

// An embeddingsAPI embeds texts by their letters. next, if it is set, is called once, by
// the next request for more than one text.
type embeddingsAPI struct {
	t    *testing.T
	next func()
}

func (a *embeddingsAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var asked struct{ Input []string }
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
		a.t.Error(err)
	}
	if next := a.next; next != nil && len(asked.Input) > 1 {
		a.next = nil
		next()
	}
	type vector struct {
		Index     int       `json:"index"`
		Embedding []float32 `json:"embedding"`
	}
	out := struct {
		Data []vector `json:"data"`
	}{}
	for i, text := range asked.Input {
		v := vector{i, make([]float32, 16)}
		for _, c := range []byte(text) {
			v.Embedding[c%16]++
		}
		out.Data = append(out.Data, v)
	}
	if err := json.NewEncoder(w).Encode(out); err != nil {
		a.t.Error(err)
	}
}

// What the catalog API says of movies that events name comes in; a crawl that was cut
// short goes on where it was, even one that asks for all again.
func TestReindexFromAPI(t *testing.T) {
	s := editorShell(t)
	a := &api{movies: map[string]string{
		"thief+1981": movieJSON("thief+1981", "Thief", "A master thief plans one last bank robbery."),
		"heat+1995":  movieJSON("heat+1995", "Heat", "A waitress in Paris."),
	}}
	server := httptest.NewServer(a)
	defer server.Close()
	s.must("ingest", "--once", "--source", "file:"+s.file("movielog.log", "2024-02-01T10:00:03,7,GET /data/m/thief+1981/3.mpg\n2024-02-01T10:00:04,7,GET /data/m/emma+1996/3.mpg\n"))
	from := []string{"--from-api", server.URL, "--rate", "0", "--parallel", "1"}

	out := s.reindex(from...)
	if got := a.questions(); !slices.Equal(got, []string{"emma+1996", "thief+1981"}) || out.Import.Movies.New != 1 || out.Found.Added != 1 || !out.Published {
		t.Errorf("asked for %q: %+v", got, out)
	}
	if near := s.near("heat+1995"); near[0] != "thief+1981" {
		t.Errorf("near Heat: %q", near)
	}
	s.reindex(from...)
	if got := a.questions(); len(got) > 0 {
		t.Errorf("asked again for %q", got)
	}

	a.up = 2 // answers, and then none
	refresh := append(from, "--refresh")
	s.refuses(exitFailed, "refuses access", append([]string{"reindex"}, refresh...)...)
	a.up = 0
	first := a.questions()
	for _, id := range first { // who names a movie wants it asked for now, whatever a crawl of all had begun
		s.must(append(append([]string{"reindex"}, refresh...), "--ids", id)...)
		if got := a.questions(); !slices.Equal(got, []string{id}) {
			t.Errorf("named while a crawl is half done: asked for %q, want %s", got, id)
		}
	}
	s.reindex(refresh...)
	second := a.questions()
	if len(first) != 2 || len(second) != 3 || slices.ContainsFunc(second, func(id string) bool { return slices.Contains(first, id) }) {
		t.Errorf("asked for %q, then %q, want each of the five movies once", first, second)
	}
	var shown shownMovie
	s.result(&shown, "movie", "show", "heat+1995")
	if shown.Overview != "A waitress in Paris." || !slices.Equal(shown.Genres, []string{"Crime"}) {
		t.Errorf("Heat after a refresh: %+v", shown.Movie)
	}
	s.reindex(append(refresh, "--ids", "heat+1995")...)
	if got := a.questions(); !slices.Equal(got, []string{"heat+1995"}) {
		t.Errorf("for one id, asked for %q", got)
	}
	s.refuses(exitUsage, "--from-api", "reindex", "--refresh")
	s.refuses(exitUsage, "exclude", append([]string{"reindex", "--dry-run"}, from...)...)
}

// An api answers as the catalog API of edition 2025 does.
type api struct {
	movies map[string]string // by id, in the API's JSON

	mu    sync.Mutex
	asked []string
	up    int // requests that are answered before it wants a password; 0: all
}

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	id := strings.TrimPrefix(r.URL.EscapedPath(), "/movie/")
	if a.up > 0 && len(a.asked) >= a.up {
		http.Error(w, "who is asking?", http.StatusUnauthorized)
		return
	}
	a.asked = append(a.asked, id)
	if text, ok := a.movies[id]; ok {
		fmt.Fprint(w, text)
		return
	}
	http.Error(w, `{"message":"movie not found"}`, http.StatusNotFound)
}

// questions returns what was asked since the last call, in order of the ids.
func (a *api) questions() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	list := slices.Sorted(slices.Values(a.asked))
	a.asked = nil
	return list
}

// movieJSON is a movie as the catalog API tells of one.
func movieJSON(id, title, plot string) string {
	return fmt.Sprintf(`{"id":%q,"title":%q,"overview":%q,"adult":"False","vote_average":"6.1","release_date":"1981-03-27","genres":[{"id":80,"name":"Crime"}],"belongs_to_collection":{},"imdb_id":"null"}`, id, title, plot)
}
