package main

import (
	"errors"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// grammar returns the command line as kong knows it, for tests that run nothing.
func grammar(t *testing.T) *kong.Kong {
	t.Helper()
	parser, err := newGrammar(&cli{}, kong.Exit(func(int) { t.Error("a command line ends the program") }))
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

// The flags of a Qdrant server are in the help of the commands that ask one, and every
// command takes them.
func TestHelpOfQdrant(t *testing.T) {
	s := newShell(t)
	for _, command := range qdrantCommands {
		out := s.must(append(strings.Fields(command), "--help")...)
		if !strings.HasPrefix(out, "Usage: marquee "+command+" ") || !strings.Contains(out, "--qdrant-addr") {
			t.Errorf("marquee %s --help has no flags of a Qdrant server:\n%s", command, out)
		}
	}
	for _, command := range []string{"", "bundle list", "import csv", "ingest", "experiment list", "movie hide"} {
		if out := s.must(append(strings.Fields(command), "--help")...); strings.Contains(out, "--qdrant-") {
			t.Errorf("marquee %s --help has flags of a Qdrant server:\n%s", command, out)
		}
	}
	s.must("version", "--qdrant-addr", "127.0.0.1:6334", "--no-qdrant-quantise")
}

// The values that other packages set stand in defaults and in help.
func TestDefaultsAreFilled(t *testing.T) {
	for name, value := range rankingDefaults() {
		if value == "" {
			t.Errorf("%s has no value", name)
		}
	}
	s := newShell(t)
	for _, command := range []string{"build", "ingest"} {
		if out := s.must(command, "--help"); strings.Contains(out, "${") {
			t.Errorf("marquee %s --help:\n%s", command, out)
		}
	}
	if out := s.must("ingest", "--help"); !strings.Contains(out, rankingDefaults()["batch_rows"]) {
		t.Errorf("marquee ingest --help has not the default of --batch-rows:\n%s", out)
	}
}

// A call reads the same by the grammar of its command as by that of all commands.
func TestGrammarOfOneCommand(t *testing.T) {
	for _, args := range [][]string{
		{"version"},
		{"--home", "x", "bundle", "list", "--output", "json"},
		{"-q", "build", "--index=flat", "--weight-quality", "2"},
		{"store", "scale", "1..5/1"},
		{"movie", "show", "serve"},   // two words that are commands
		{"--home", "trace", "build"}, // the first of them is none here
	} {
		if _, is := others(args); !is {
			t.Errorf("%q names a command", args)
		}
		var one, all cli
		parsed, err := parseCommand(&one, args, kong.Exit(func(int) {}))
		if err != nil {
			t.Fatalf("%q: %v", args, err)
		}
		parser, err := newGrammar(&all)
		if err != nil {
			t.Fatal(err)
		}
		whole, err := parser.Parse(args)
		if err != nil {
			t.Fatalf("%q: %v", args, err)
		}
		got, want := parsed.Selected().Target.Interface(), whole.Selected().Target.Interface()
		if commandOf(whole) != commandOf(parsed) || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %s %+v, want %s %+v", args, commandOf(parsed), got, commandOf(whole), want)
		}
		if one.Home != all.Home || one.Output != all.Output || one.Quiet != all.Quiet || one.Qdrant != all.Qdrant {
			t.Errorf("%q: the flags of every command differ", args)
		}
	}
	for _, args := range [][]string{{}, {"--help"}, {"bundle", "-qh"}, {"bild"}, {"--config", "x", "build"}, {"--config=x", "build"}} {
		if _, is := others(args); is {
			t.Errorf("%q wants all commands", args)
		}
	}
}

// What the grammar of one command refuses, that of all commands explains.
func TestGrammarOfAllExplains(t *testing.T) {
	s := newShell(t)
	if _, errs, code := s.run("bundel", "--home", "build"); code != exitUsage || !strings.Contains(errs, `did you mean "bundle"`) {
		t.Errorf("exit %d, %s", code, errs)
	}
}
