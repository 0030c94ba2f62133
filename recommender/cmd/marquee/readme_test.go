package main

import (
	"os"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// Every command line of README is one that the program takes. Files that it names
// need not be there.
func TestReadmeCommands(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	tried := 0
	for line := range strings.Lines(string(text)) {
		line, _, _ = strings.Cut(strings.TrimSpace(line), "  #")
		_, after, found := strings.Cut("| "+strings.TrimPrefix(line, "$ "), "| marquee ")
		if !found {
			continue
		}
		tried++
		parser, err := newGrammar(&cli{}, kong.Exit(func(int) { t.Errorf("%q ends the program", line) }))
		if err != nil {
			t.Fatal(err)
		}
		_, err = parser.Parse(words(after))
		if err != nil && !strings.Contains(err.Error(), "no such file") {
			t.Errorf("%q: %v", line, err)
		}
	}
	if tried < 15 {
		t.Errorf("README has %d commands, want those of every step", tried)
	}
}

// words splits a command line at blanks outside quotes.
func words(line string) []string {
	var out []string
	for i, part := range strings.Split(line, `"`) {
		if i%2 == 1 {
			if n := len(out); n > 0 && strings.HasSuffix(line[:strings.Index(line, `"`+part+`"`)], "=") {
				out[n-1] += part
				continue
			}
			out = append(out, part)
			continue
		}
		out = append(out, strings.Fields(part)...)
	}
	return out
}
