package shelf

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A shop is the real program on a folder of its own.
type shop struct {
	t    *testing.T
	path string
	home string
	rng  *rand.Rand
	edit int // of the next movie
}

// movies is how many the catalog begins with.
const movies = 300

func newShop(t *testing.T) *shop {
	t.Helper()
	path, err := filepath.Abs("../../../bin/marquee")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("%v; run \"make build\" first", err)
	}
	s := &shop{t: t, path: path, home: t.TempDir(), rng: rand.New(rand.NewPCG(1, 5))}
	var text strings.Builder
	for i := range movies {
		text.WriteString(s.movie(i))
	}
	s.must("import", "jsonl", s.file("films.jsonl", text.String()))
	s.must("build", "--embedder", "lsa", "--models", "none")
	return s
}

// words are what plots are made of.
var words = strings.Fields("heist space robot love war lighthouse detective train winter vampire school river piano boxing mirror desert island submarine circus chess")

// movie returns a line with a movie of random words.
func (s *shop) movie(i int) string {
	plot := make([]string, 12)
	for k := range plot {
		plot[k] = words[s.rng.IntN(len(words))]
	}
	return fmt.Sprintf("{\"id\":\"m%d\",\"title\":\"Movie %d\",\"year\":%d,\"overview\":%q}\n", i, i, 1950+i%70, strings.Join(plot, " "))
}

func (s *shop) file(name, text string) string {
	s.t.Helper()
	path := filepath.Join(s.home, name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		s.t.Fatal(err)
	}
	return path
}

func (s *shop) command(args ...string) (*exec.Cmd, *bytes.Buffer) {
	cmd := exec.Command(s.path, append([]string{"--home", filepath.Join(s.home, "state"), "--quiet"}, args...)...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + s.home, "TMPDIR=" + os.TempDir()}
	said := &bytes.Buffer{}
	cmd.Stderr = said
	return cmd, said
}

// must runs a call to its end and returns what it printed.
func (s *shop) must(args ...string) string {
	s.t.Helper()
	cmd, said := s.command(args...)
	out, err := cmd.Output()
	if err != nil {
		s.t.Fatalf("marquee %s: %v\n%s", strings.Join(args, " "), err, said)
	}
	return string(out)
}

// killed starts calls together and kills them after a while, if they run still. It
// returns how many were killed.
func (s *shop) killed(after time.Duration, calls ...[]string) int {
	s.t.Helper()
	cmds := make([]*exec.Cmd, len(calls))
	for i, args := range calls {
		cmds[i], _ = s.command(args...)
		if err := cmds[i].Start(); err != nil {
			s.t.Fatal(err)
		}
	}
	time.Sleep(after)
	n := 0
	for _, cmd := range cmds {
		if cmd.Process.Kill() == nil {
			n++
		}
	}
	for _, cmd := range cmds {
		var exit *exec.ExitError
		if err := cmd.Wait(); err != nil && !errors.As(err, &exit) {
			s.t.Fatal(err)
		}
	}
	return n
}

// listed is the result of bundle list.
type listed struct {
	Live    string
	Bundles []struct {
		ID    string
		Files []struct{ Name string }
	}
}

// check holds the shelf against what must be: the live bundle is there, and every one
// that is listed is whole.
func (s *shop) check(verified map[string]bool) listed {
	s.t.Helper()
	var l listed
	if err := json.Unmarshal([]byte(s.must("bundle", "list", "--output", "json")), &l); err != nil {
		s.t.Fatal(err)
	}
	if !slices.ContainsFunc(l.Bundles, func(b struct {
		ID    string
		Files []struct{ Name string }
	}) bool {
		return b.ID == l.Live
	}) {
		s.t.Fatalf("live is %q, which is not on the shelf", l.Live)
	}
	for _, b := range l.Bundles {
		if !verified[b.ID] || b.ID == l.Live {
			s.must("bundle", "verify", b.ID)
			verified[b.ID] = true
		}
	}
	return l
}

// folder returns the names in the folder of bundles.
func (s *shop) folder() []string {
	s.t.Helper()
	entries, err := os.ReadDir(filepath.Join(s.home, "state", "bundles"))
	if err != nil {
		s.t.Fatal(err)
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names
}

// changed returns a file with one movie that is new or another than before.
func (s *shop) changed() string {
	s.edit++
	return s.file(fmt.Sprintf("edit%d.jsonl", s.edit), s.movie(s.rng.IntN(movies+50)))
}

// calls returns what runs next, one call or two at once.
func (s *shop) calls(ids []string) [][]string {
	one := func() []string {
		switch s.rng.IntN(8) {
		case 0:
			return []string{"bundle", "publish", ids[s.rng.IntN(len(ids))]}
		case 1:
			return []string{"bundle", "rollback"}
		case 2:
			return []string{"bundle", "prune", "--keep", "4", "--age", "0s", "--traced", "0s"}
		case 3:
			return []string{"reindex", "--all", "--override", "shrinkage=test;empty=test;recall=test;offline=test"}
		}
		return []string{"reindex", "--from", s.changed()}
	}
	calls := [][]string{one()}
	if s.rng.IntN(3) == 0 {
		calls = append(calls, one())
	}
	return calls
}

// TestKill takes MARQUEE_KILLS kills.
func TestKill(t *testing.T) {
	text := os.Getenv("MARQUEE_KILLS")
	if text == "" {
		t.Skip("SKIPPED: set MARQUEE_KILLS, to 200 for example, to kill the real program so often")
	}
	kills, err := strconv.Atoi(text)
	if err != nil || kills < 1 {
		t.Fatalf("MARQUEE_KILLS is %q, want a number from 1", text)
	}
	s := newShop(t)
	whole := s.span()
	verified := map[string]bool{}
	l := s.check(verified)
	lives := map[string]bool{}
	for done := 0; done < kills; {
		ids := make([]string, len(l.Bundles))
		for i, b := range l.Bundles {
			ids[i] = b.ID
		}
		done += s.killed(time.Duration(s.rng.Int64N(int64(whole))), s.calls(ids)...)
		l = s.check(verified)
		lives[l.Live] = true
	}
	if len(lives) < 2 {
		t.Errorf("%d bundles were live in all, so nothing was published between the kills", len(lives))
	}
	s.must("reindex", "--from", s.changed())
	s.must("bundle", "prune", "--keep", "2", "--age", "0s", "--traced", "0s")
	s.check(verified)
	t.Logf("%d kills, %d bundles live in turn; left on the shelf: %q", kills, len(lives), s.folder())
}

// span returns how long a reindex takes here, and as long again, so that half of the calls come to their end.
func (s *shop) span() time.Duration {
	began := time.Now()
	s.must("reindex", "--from", s.changed())
	return 2 * time.Since(began)
}
