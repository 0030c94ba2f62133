package main

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// completed returns what the program answers a shell that asks what could follow line.
func (s shell) completed(line string) []string {
	s.t.Helper()
	s.t.Setenv("COMP_LINE", line)
	defer os.Unsetenv("COMP_LINE")
	return strings.Fields(s.must())
}

// Values that a program alone can know are completed, wherever global flags stand.
func TestCompletionOfValues(t *testing.T) {
	s := soleShell(t)
	s.publish()
	s.must("movie", "hide", "Heat", "Ronin")
	live := s.manifest().ID
	home := " --home " + s.home + " "
	for line, want := range map[string]string{
		"marquee" + home + "bundle publish ":                    live,
		"marquee bundle publish" + home:                         live,
		"marquee bundle show --home=" + s.home + " -q ":         live,
		"marquee --output json bundle verify" + home + live[:3]: live,
		"marquee bundle export" + home:                          live,
		"marquee bundle diff" + home + live + " ":               live,
		"marquee movie unhide" + home:                           "heat+1995 ronin+1998",
		"marquee movie unhide" + home + "heat+1995 ":            "ronin+1998", // not again
		"marquee movie unhide" + home + "heat+1995 ro":          "ronin+1998",
		"marquee movie hide" + home:                             "",
		"marquee build --models al":                             "als als-popular",
		"marquee build --models ease,al":                        "ease,als ease,als-popular",
		"marquee build --models=no":                             "none",
		"marquee serve --arm content-r":                         "content-ratings-popularity",
		"marquee user show 1 --arm bl":                          "blend",
		"marquee build --override sh":                           "shrinkage=",
		"marquee bundle publish " + live + " --override ":       "empty= offline= recall= shrinkage=",
		"marquee movie resto":                                   "restore",
	} {
		got := s.completed(line)
		slices.Sort(got)
		if strings.Join(got, " ") != want {
			t.Errorf("%q is followed by %q, want %q", line, got, want)
		}
	}
	if _, err := os.Stat(s.home + "/none"); err == nil || len(s.completed("marquee --home "+s.home+"/none movie unhide ")) > 0 {
		t.Error("a home that is not there completes something")
	}
	if _, err := os.Stat(s.home + "/none"); err == nil {
		t.Error("a completion made a folder")
	}
}
