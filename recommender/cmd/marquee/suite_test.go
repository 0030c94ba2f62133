package main

import (
	"flag"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
)

// realData is the folder of real data; "" for none.
var realData = os.Getenv("MARQUEE_DATA")

// atOnce is how many tests run at once, or as many as there are processors, if -parallel does
// not say: most of them wait for servers, watchers and polls.
const atOnce = 4

// TestMain keeps the developer's own settings out.
func TestMain(m *testing.M) {
	for _, name := range os.Environ() {
		if key, _, _ := strings.Cut(name, "="); strings.HasPrefix(key, "MARQUEE_") {
			os.Unsetenv(key)
		}
	}
	flag.Parse()
	said := false
	flag.Visit(func(f *flag.Flag) { said = said || f.Name == "test.parallel" })
	if !said {
		if err := flag.Set("test.parallel", strconv.Itoa(max(atOnce, runtime.GOMAXPROCS(0)))); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}
