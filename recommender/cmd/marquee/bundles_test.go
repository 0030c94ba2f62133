package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"marquee/catalog"
	"marquee/indexer/qdrant/qdranttest"
	"marquee/recommender/bundle"
	"marquee/recommender/pipeline"
)

// built builds without models and returns the bundle.
func (s shell) built(args ...string) bundle.Manifest {
	s.t.Helper()
	var out struct{ Bundle bundle.Manifest }
	s.result(&out, append([]string{"build", "--models", "none"}, args...)...)
	return out.Bundle
}

// Bundles are published by the beginning of their IDs, rolled back one after the other,
// compared, pruned, and moved to another home in a file.
func TestBundles(t *testing.T) {
	s := editorShell(t)
	s.refuses(exitNotFound, "", "bundle", "rollback")
	a := s.manifest().ID
	b := s.built("--index", "flat", "--neighbours", "2").ID
	c := s.built("--index", "flat", "--neighbours", "3", "--no-publish").ID
	if s.manifest().ID != b {
		t.Fatalf("%s is live, want %s", s.manifest().ID, b)
	}
	s.must("bundle", "publish", c[:10], "--why", "three are enough")
	for _, want := range []string{b, a} {
		s.must("bundle", "rollback")
		if s.manifest().ID != want {
			t.Errorf("after a rollback %s is live, want %s", s.manifest().ID, want)
		}
	}
	s.refuses(exitNotFound, "", "bundle", "rollback")
	s.refuses(exitNotFound, "begins with", "bundle", "publish", "00000000")
	s.refuses(exitNotFound, "", "bundle", "publish", "0123456789abcdef")
	s.must("bundle", "publish", b)

	var d bundle.Difference
	s.result(&d, "bundle", "diff", a[:10])
	if d.From != a || d.To != b || d.Movies.Same != 4 {
		t.Errorf("diff: %+v", d)
	}
	if text := s.must("bundle", "diff"); !strings.Contains(text, "from "+a+" to "+b) {
		t.Errorf("diff with what was live before:\n%s", text)
	}

	var pruned struct {
		Removed []string
		Dry     bool `json:"dry_run"`
	}
	for _, id := range s.bundles() { // what came a moment ago stays in any case
		ago := time.Now().Add(-24 * time.Hour)
		if err := os.Chtimes(filepath.Join(s.home, "bundles", id, "manifest.json"), ago, ago); err != nil {
			t.Fatal(err)
		}
	}
	prune := []string{"bundle", "prune", "--keep", "0", "--age", "0s", "--published", "0"}
	s.result(&pruned, append(prune, "--dry-run")...)
	if would := pruned.Removed; len(would) != 2 || slices.Contains(would, b) || !pruned.Dry || len(s.bundles()) != 3 {
		t.Errorf("would prune %q of %q", would, s.bundles())
	}
	s.must(prune...)
	if left := s.bundles(); !slices.Equal(left, []string{b}) {
		t.Errorf("pruned %q: %q are left", pruned.Removed, left)
	}

	for _, name := range []string{"bundle.tar", "bundle.tar.gz"} {
		file := filepath.Join(t.TempDir(), name)
		s.must("bundle", "export", "-o", file)
		other := soleShell(t)
		other.must("bundle", "import", file, "--publish")
		if m := other.manifest(); m.ID != b {
			t.Errorf("imported %s, want %s", m.ID, b)
		}
		other.must("bundle", "verify")
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		at := len(text) / 2
		if i := bytes.Index(text, []byte("Heat")); i >= 0 {
			at = i // not the padding of the archive, which nobody reads
		}
		text[at] ^= 1
		if err := os.WriteFile(file, text, 0o644); err != nil {
			t.Fatal(err)
		}
		empty := soleShell(t)
		if _, errs, code := empty.run("bundle", "import", file); code != exitRefused || len(empty.bundles()) > 0 {
			t.Errorf("%s with a bit flipped: exit %d, %s; %q on the shelf", name, code, errs, empty.bundles())
		}
	}
	s.refuses(exitUsage, "nowhere.tar", "bundle", "import", "nowhere.tar")
	s.refuses(exitUsage, "--bundles", "bundle", "import", b)
	if _, _, code := s.run("bundle", "export", "-o", filepath.Join(t.TempDir(), "no", "folder.tar")); code == 0 {
		t.Error("an export to a folder that is not there went well")
	}
}

// What is built on one machine comes to another by way of a bucket; who is forgotten is
// forgotten there too.
func TestSharedBundles(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "me")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "SECRETKEY")
	backend := s3mem.New()
	if err := backend.CreateBucket("movies"); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(gofakes3.New(backend).Server())
	defer server.Close()
	at, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	shared := "s3://movies/bundles?endpoint=" + at.Host + "&insecure=true&path-style=true&region=us-east-1"
	s := soleShell(t)
	s.must("import", "jsonl", s.file("films.jsonl", films))
	s.must("import", "csv", s.file("ratings.csv", ratings), "--kind", "ratings")
	with := func(args ...string) []string { return append([]string{"--bundles", shared}, args...) }
	s.must(with("build", "--index", "flat", "--models", "none")...)
	first := s.manifest().ID

	other := soleShell(t)
	other.must("import", "jsonl", other.file("films.jsonl", films))
	other.must(with("bundle", "import", "live", "--publish")...)
	if got := other.manifest().ID; got != first {
		t.Errorf("%s came, want %s", got, first)
	}
	s.must("movie", "edit", "Heat", "--overview", "A waitress.")
	s.must(with("reindex", "--most", "1")...)
	second := s.manifest().ID
	address := free(t)
	end := other.background(with("serve", "--listen", address, "--admin-listen", "", "--bundle-poll", "20ms")...)
	get(t, address)
	eventually(t, func() bool { return get(t, address).bundle == second })
	// Another machine that has not seen it does not undo it.
	late := soleShell(t)
	late.must("import", "jsonl", late.file("films.jsonl", films))
	late.must(with("bundle", "import", first)...)
	late.must("bundle", "publish", first)
	late.must("movie", "edit", "Heat", "--overview", "Two waitresses.")
	if _, errs, code := late.run(with("reindex", "--most", "1")...); code != exitRefused || !strings.Contains(errs, "another machine published") {
		t.Errorf("over another publication: exit %d, %s", code, errs)
	}
	if got := late.manifest().ID; got != first {
		t.Errorf("%s is live there, want %s still", got, first)
	}
	here := free(t) // a server beside the command, which follows what is shared
	endHere := s.background(with("serve", "--listen", here, "--admin-listen", "", "--bundle-poll", "2ms")...)
	get(t, here)
	s.must(with("bundle", "rollback")...)
	eventually(t, func() bool { return get(t, address).bundle == first && get(t, here).bundle == first })
	end()
	endHere()
	s.refuses(exitNotFound, "", with("bundle", "rollback")...) // nobody went back to what was taken back

	if text := s.must(with("user", "forget", "1", "--yes")...); !strings.Contains(text, "is forgotten") {
		t.Errorf("forget:\n%s", text)
	}
	// A server that had pulled what held the person takes them out with the next bundle.
	e := &env{cli: &cli{Home: late.home, Bundles: shared}, log: slog.New(slog.DiscardHandler)}
	defer e.end()
	shelf, err := e.openShelf()
	if err != nil {
		t.Fatal(err)
	}
	depot, err := e.openDepot()
	if err != nil {
		t.Fatal(err)
	}
	follower := &depotFollower{depot: depot, shelf: shelf, gone: s.store().Tombstones, log: e.log}
	if err := follower.look(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, id := range late.bundles() {
		b, err := shelf.Load(t.Context(), id, e.opener())
		if err != nil {
			t.Fatal(err)
		}
		if _, holds := b.Histories.Of("1"); holds {
			t.Errorf("bundle %s holds who was forgotten", id)
		}
	}
	fresh := soleShell(t)
	fresh.must(with("bundle", "import", "live")...)
	if came := fresh.bundles(); slices.Contains(came, first) || !slices.Contains(came, s.manifest().ID) {
		t.Errorf("after a person was forgotten %q came, want %s", came, s.manifest().ID)
	}
	var pruned struct {
		Shared []string `json:"removed_shared"`
	}
	for want := 1; want >= 0; want-- { // the second time nothing is left to go
		s.result(&pruned, with("bundle", "prune", "--keep", "0", "--age", "0s", "--published", "0", "--traced", "0s")...)
		if len(pruned.Shared) != want {
			t.Errorf("pruned %q where bundles are shared, want the %d that are not live", pruned.Shared, want)
		}
	}
	s.refuses(exitUsage, "--bundles", "--bundles", "ftp://x", "build", "--models", "none", "--index", "flat")
}

// The index may be on a Qdrant server; while that is away all but what asks it goes on.
func TestQdrantIndex(t *testing.T) {
	server := qdranttest.Start(t, qdranttest.Options{APIKey: "QDRANTKEY"})
	s := newShell(t)
	s.must("import", "jsonl", s.file("films.jsonl", films))
	with := func(args ...string) []string {
		return append([]string{"--qdrant-addr", server.Addr, "--qdrant-api-key", "QDRANTKEY", "--qdrant-timeout", "1s"}, args...)
	}
	s.refuses(exitUsage, "--qdrant-addr", "build", "--index", "qdrant", "--models", "none")
	first := s.built(with("--index", "qdrant")...)
	if first.Index.Kind != "qdrant" || len(server.Collections()) != 1 {
		t.Errorf("built %+v, on the server %v", first.Index, server.Collections())
	}
	if got := s.near("Heat", with("--from", "index")...); got[0] != "the+score+2001" {
		t.Errorf("by index: %q", got)
	}
	points := server.Calls("Points/Upsert")
	s.must(with("movie", "edit", "Heat", "--overview", "A waitress mends love lives.", "--dry-run")...)
	if server.Calls("Points/Upsert") != points {
		t.Error("a dry run wrote to the server")
	}
	s.must(with("movie", "edit", "Heat", "--overview", "A waitress mends love lives.")...)
	if got := s.near("Heat", with("--from", "index")...); got[0] != "amelie+2001" {
		t.Errorf("by index after an edit: %q", got)
	}
	s.must(with("reindex", "--most", "1")...)
	s.must(with("bundle", "rollback")...)

	server.Stop()
	if got := s.near("Heat", with()...); got[0] != "amelie+2001" {
		t.Errorf("by table without the server: %q", got)
	}
	var found searched
	s.result(&found, with("movie", "search", "waitress")...)
	if len(found.Movies) == 0 {
		t.Error("nothing is found without the server")
	}
	_, errs, code := s.run(with("movie", "neighbours", "Ronin", "--from", "index")...)
	if code != exitUnavailable || strings.Contains(errs, "QDRANTKEY") {
		t.Errorf("by index without the server: exit %d, %s", code, errs)
	}
}

func TestExitStatus(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		ctx  context.Context
		err  error
		want int
	}{
		{t.Context(), nil, 0},
		{t.Context(), errors.New("x"), 1},
		{t.Context(), usage("x"), 2},
		{t.Context(), wrapUsage(catalog.ErrInvalid), 2},
		{t.Context(), fmt.Errorf("x: %w", catalog.ErrNotFound), 3},
		{t.Context(), fmt.Errorf("x: %w", pipeline.ErrGate), 4},
		{t.Context(), fmt.Errorf("x: %w", bundle.ErrMoved), 4},
		{t.Context(), fmt.Errorf("x: %w", bundle.ErrBroken), 4},
		{t.Context(), fmt.Errorf("x: %w", catalog.ErrUnavailable), 5},
		{t.Context(), context.Canceled, 1},
		{ended, fmt.Errorf("x: %w", context.Canceled), 130},
	} {
		if got := exitStatus(c.ctx, c.err); got != c.want {
			t.Errorf("%v: exit %d, want %d", c.err, got, c.want)
		}
	}
}

// Shells complete commands, flags, values and bundles.
func TestCompletion(t *testing.T) {
	s := soleShell(t)
	s.publish()
	for _, sh := range []string{"bash", "zsh", "fish"} {
		if out := s.must("completion", "-c", sh); !strings.Contains(out, "complete") {
			t.Errorf("%s: %s", sh, out)
		}
	}
	id := s.manifest().ID
	file := s.file("films.csv", "")
	t.Setenv("MARQUEE_HOME", s.home)
	for _, c := range []struct{ line, want string }{
		{"marquee ", "reindex"},
		{"marquee mov", "movie"},
		{"marquee movie ", "neighbours"},
		{"marquee movie neighbours --fr", "--from"},
		{"marquee movie neighbours --from ", "index"},
		{"marquee build --index ", "qdrant"},
		{"marquee bundle publish ", id},
		{"marquee bundle show " + id[:3], id},
		{"marquee bundle diff " + id + " ", id},
		{"marquee reindex --from " + strings.TrimSuffix(file, ".csv"), file},
		{"marquee --output ", "json"},
	} {
		t.Setenv("COMP_LINE", c.line)
		out := s.must()
		if !slices.Contains(strings.Split(out, "\n"), c.want) {
			t.Errorf("%q is completed to %q, want %q", c.line, out, c.want)
		}
	}
	t.Setenv("MARQUEE_HOME", filepath.Join(t.TempDir(), "none"))
	t.Setenv("COMP_LINE", "marquee bundle publish ")
	if out := s.must(); strings.Contains(out, id) {
		t.Errorf("another home: %q", out)
	}
}

// Where standard error is no terminal progress is plain lines, and none with --quiet.
func TestProgress(t *testing.T) {
	for _, quiet := range []bool{false, true} {
		var out strings.Builder
		p := (&env{cli: &cli{Quiet: quiet}, stderr: &out}).progress()
		p.show("embed", 0, 100)
		p.last = p.last.Add(-lineEvery)
		p.show("embed", 50, 100)
		p.last = time.Now().Add(time.Hour)
		p.show("embed", 60, 100)
		p.end()
		want := "embed: 50 of 100 (50%)\n"
		if quiet {
			want = ""
		}
		if out.String() != want {
			t.Errorf("quiet %v: %q, want %q", quiet, &out, want)
		}
	}
}
