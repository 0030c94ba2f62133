//go:build !linux

package pgtest

import (
	"fmt"
	"os"
	"os/exec"
)

// An owner is the user that runs the server: here always the one that runs the
// tests.
type owner struct{}

// unprivileged refuses root, for whom initdb would not work.
func unprivileged() (*owner, error) {
	if os.Geteuid() == 0 {
		return nil, fmt.Errorf("initdb refuses root; run the tests as another user, or set %s", EnvServer)
	}
	return nil, nil
}

func (*owner) give(string) error { return nil }

func (*owner) run(*exec.Cmd) {}
