package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What bundles are told of: refused ones, why they went live, and what they lie over.
func TestBundlesAreTold(t *testing.T) {
	s := newShell(t)
	if text := s.must("bundle", "list"); !strings.Contains(text, "no bundle is on the shelf") {
		t.Errorf("an empty shelf:\n%s", text)
	}
	s.must("import", "jsonl", s.file("films.jsonl", films))
	s.must("build", "--index", "flat", "--models", "none")
	built := s.manifest()
	s.must("movie", "remove", "heat+1995", "--yes")
	s.refuses(exitRefused, "gate shrinkage", "reindex", "--most", "1")
	if text := s.must("bundle", "list"); !strings.Contains(text, "refused: shrinkage") || !strings.Contains(text, "build of data") {
		t.Errorf("bundle list:\n%s", text)
	}
	s.must("reindex", "--most", "1", "--override", "shrinkage=sold")
	if text := s.must("bundle", "list"); !strings.Contains(text, "gate shrinkage overridden: sold") || !strings.Contains(text, "reindex: 0 added") {
		t.Errorf("bundle list:\n%s", text)
	}
	text := s.must("bundle", "show")
	for _, want := range []string{built.DataVersion + ": 4 movies", "holds     3 movies", "as in build " + built.ID, "gate      shrinkage"} {
		if !strings.Contains(text, want) {
			t.Errorf("bundle show lacks %q:\n%s", want, text)
		}
	}
	if text = s.must("bundle", "diff", built.ID, "live"); strings.Index(text, "movies:") > strings.Index(text, "manifest:") || !strings.Contains(text, "counts.movies") {
		t.Errorf("bundle diff, want movies before the manifest:\n%s", text)
	}
	s.must("reindex", "--all")
	text = s.must("bundle", "prune", "--keep", "0", "--age", "0s", "--published", "0", "--traced", "0s")
	if !strings.Contains(text, "removed 0 bundles") || !strings.Contains(text, "last ten minutes") || !strings.Contains(text, built.ID) {
		t.Errorf("bundle prune:\n%s", text)
	}
}

// An archive with a flaw is refused, also if its bundle is there.
func TestImportOfAFlawedArchive(t *testing.T) {
	s := editorShell(t)
	file := filepath.Join(filepath.Dir(s.home), "b.tar")
	s.must("bundle", "export", "-o", file)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	s.refuses(exitRefused, "cut short", "bundle", "import", s.file("cut.tar", string(text[:len(text)-3000])))
	last := len(text) - 1
	for text[last] == 0 { // behind the last file
		last--
	}
	text[last] ^= 1
	s.refuses(exitRefused, "broken", "bundle", "import", s.file("flipped.tar", string(text)))
	s.must("bundle", "import", file)
}

// A command line that cannot be read leads to the help of its command, and says a fault once.
func TestHelpForAFault(t *testing.T) {
	s := newShell(t)
	for want, args := range map[string]string{
		"Try \"marquee reindex --help\"":      "reindex --nosuch",
		"Try \"marquee bundle --help\"":       "bundle nosuch",
		"Try \"marquee bundle prune --help\"": "bundle prune --keep x",
		"Try \"marquee movie show --help\"":   "movie show",
		"Try \"marquee --help\"":              "nosuch",
	} {
		s.refuses(exitUsage, want, strings.Fields(args)...)
	}
	if _, errs, _ := s.run("reindex", "--ids", ","); strings.Contains(errs, "invalid") || strings.Contains(errs, errUsage.Error()) {
		t.Errorf("says more than what is wrong: %s", errs)
	}
	s.must("import", "jsonl", s.file("films.jsonl", films))
	s.refuses(exitNotFound, "within a second or two", "trace", "0123")
}
