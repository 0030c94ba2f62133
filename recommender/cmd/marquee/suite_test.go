package main

import (
	"flag"
	"os"
	"strings"
	"testing"
)

// realData is the folder of real data; "" for none.
var realData = os.Getenv("MARQUEE_DATA")

// TestMain keeps the developer's own settings out, and runs more tests at a time than there
// are processors: most of them wait for servers, watchers and polls.
func TestMain(m *testing.M) {
	for _, name := range os.Environ() {
		if key, _, _ := strings.Cut(name, "="); strings.HasPrefix(key, "MARQUEE_") {
			os.Unsetenv(key)
		}
	}
	flag.Parse()
	set := false
	flag.Visit(func(f *flag.Flag) { set = set || f.Name == "test.parallel" })
	if !set {
		flag.Set("test.parallel", "4")
	}
	os.Exit(m.Run())
}
