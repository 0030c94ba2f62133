package main

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// grammar returns the command line as kong knows it, for tests that run nothing.
func grammar(t *testing.T) *kong.Kong {
	t.Helper()
	for _, name := range os.Environ() { // the developer's own settings stay out
		if key, _, _ := strings.Cut(name, "="); strings.HasPrefix(key, "MARQUEE_") {
			t.Setenv(key, "")
			os.Unsetenv(key)
		}
	}
	parser, err := kong.New(&cli{}, kong.Name("marquee"), kong.Vars(rankingDefaults()), kong.DefaultEnvars("MARQUEE"),
		kong.Exit(func(int) { t.Error("a command line ends the program") }))
	if err != nil {
		t.Fatal(err)
	}
	return parser
}

// examples returns the command lines of marquee in a help text, without the name of the
// program and what a shell takes for itself.
func examples(help string) (lines []string) {
	for line := range strings.Lines(help) {
		line = strings.TrimRight(line, "\n")
		if !strings.HasPrefix(line, "  ") {
			continue
		}
		for part := range strings.SplitSeq(strings.ReplaceAll(line, "&&", "|"), "|") {
			after, found := strings.CutPrefix(strings.TrimSpace(part), "marquee ")
			if !found || strings.Contains(after, "...") || strings.Contains(after, "$(") {
				continue
			}
			for _, end := range []string{"  ", " <", " >", " #"} {
				after, _, _ = strings.Cut(after, end)
			}
			lines = append(lines, strings.TrimSpace(after))
		}
	}
	return lines
}

// Every command has help with an example, and every example is a command line that the
// program takes.
func TestEveryCommandHasExamples(t *testing.T) {
	parser := grammar(t)
	tried := 0
	var walk func(*kong.Node)
	walk = func(n *kong.Node) {
		for _, child := range n.Children {
			walk(child)
		}
		if n.Type != kong.CommandNode {
			return
		}
		lines := examples(n.Detail)
		if n.Leaf() && (!slices.Contains(strings.Split(n.Detail, "\n"), "Examples:") || len(lines) == 0) {
			t.Errorf("marquee %s: the help has no examples:\n%s", n.Path(), n.Detail)
		}
		for _, line := range lines {
			tried++
			if _, err := parser.Parse(words(line)); err != nil && !absent(err) {
				t.Errorf("marquee %s: example %q: %v", n.Path(), line, err)
			}
		}
		if n.Leaf() && !slices.ContainsFunc(lines, func(line string) bool { return strings.HasPrefix("marquee "+line, n.FullPath()) }) {
			t.Errorf("marquee %s: no example is of the command itself: %q", n.Path(), lines)
		}
	}
	walk(parser.Model.Node)
	if tried < 100 {
		t.Errorf("%d examples, want those of every command", tried)
	}
}

// absent reports of an error of parsing that only a file of an example is not there.
func absent(err error) bool {
	return errors.Is(err, os.ErrNotExist) || strings.Contains(err.Error(), "no such file")
}
