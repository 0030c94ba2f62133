package simulate

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
)

// tag makes the Kafka client wait for its own locks in a way that virtual time
// knows: without it the clock of testing/synctest stands still for ever when
// one goroutine waits for a lock that another one holds over a request.
const tag = "synctests"

// TestMain builds these very tests anew with the client's tag and runs those,
// so that a plain "go test" is all that is ever needed.
func TestMain(m *testing.M) {
	if strings.Contains(setting("-tags"), tag) {
		os.Exit(m.Run())
	}
	os.Exit(again())
}

func setting(key string) string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, s := range info.Settings {
		if s.Key == key {
			return s.Value
		}
	}
	return ""
}

func again() int {
	folder, err := os.MkdirTemp("", "simulate")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(folder)
	binary := filepath.Join(folder, "simulate.test")
	build := []string{"test", "-c", "-vet=off", "-tags=" + tag, "-o", binary}
	if setting("-race") == "true" {
		build = append(build, "-race")
	}
	if out, err := exec.Command("go", append(build, ".")...).CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build with -tags=%s: %v\n%s", tag, err, out)
		return 1
	}
	run := exec.Command(binary, os.Args[1:]...)
	run.Stdout, run.Stderr = os.Stdout, os.Stderr
	err = run.Run()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		return exit.ExitCode()
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}
