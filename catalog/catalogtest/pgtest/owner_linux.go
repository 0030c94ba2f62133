package pgtest

import (
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"
)

// An owner is the user that runs the server; nil is the one that runs the tests.
type owner struct{ uid, gid int }

// unprivileged returns nil unless the tests run as root, for whom initdb refuses
// to work; then the user postgres, or nobody if there is none.
func unprivileged() (*owner, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.Atoi(u.Uid)
		if err != nil {
			return nil, fmt.Errorf("user %s has id %q", name, u.Uid)
		}
		gid, err := strconv.Atoi(u.Gid)
		if err != nil {
			return nil, fmt.Errorf("group of user %s has id %q", name, u.Gid)
		}
		return &owner{uid, gid}, nil
	}
	return nil, fmt.Errorf("initdb refuses root, and there is no user postgres or nobody; run the tests as another user, or set %s", EnvServer)
}

// give makes folder the owner's.
func (o *owner) give(folder string) error {
	if o == nil {
		return nil
	}
	return os.Chown(folder, o.uid, o.gid)
}

// run makes cmd run as the owner, and end when the thread that starts it ends,
// at the latest when this process is killed.
func (o *owner) run(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGQUIT} // "immediate"
	if o != nil {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(o.uid), Gid: uint32(o.gid)}
		cmd.Env = append(os.Environ(), "HOME="+cmd.Dir)
	}
}
