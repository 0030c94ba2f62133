package main

import (
	"io/fs"
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/alecthomas/kong"
)

// Every variable that deploy/ sets is that of a flag: a misspelt one would be passed over
// in silence.
func TestDeploySetsKnownVariables(t *testing.T) {
	parser, err := newGrammar(&cli{})
	if err != nil {
		t.Fatal(err)
	}
	known := []string{"MARQUEE_CONFIG"}
	if err := kong.Visit(parser.Model, func(node kong.Visitable, next kong.Next) error {
		if flag, is := node.(*kong.Flag); is {
			known = append(known, flag.Envs...)
		}
		return next(nil)
	}); err != nil {
		t.Fatal(err)
	}
	names, set := regexp.MustCompile(`\bMARQUEE_[A-Z0-9_]+`), 0
	for _, dir := range []string{"compose", "container", "kubernetes"} {
		files := os.DirFS("../../../deploy/" + dir)
		if err := fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			text, err := fs.ReadFile(files, path)
			for _, name := range names.FindAllString(string(text), -1) {
				set++
				if !slices.Contains(known, name) {
					t.Errorf("deploy/%s/%s sets %s, which no flag has", dir, path, name)
				}
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	if set < 5 {
		t.Errorf("%d variables are set there, want those of the store and the bundles among more", set)
	}
}
