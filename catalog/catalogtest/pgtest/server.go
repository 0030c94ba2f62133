package pgtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// superuser is the database user that initdb makes.
const superuser = "postgres"

// debian is where Debian and its kin put the programs of each version.
const debian = "/usr/lib/postgresql/*/bin"

// A server is a PostgreSQL that this process started.
type server struct {
	folder   string // holds the data, the socket and the log
	owner    *owner
	postgres string // its program
	settings []string
	cmd      *exec.Cmd
	exited   chan error // receives what Wait returned
}

// quick are settings of a server whose data need not outlive it.
func quick() []string {
	return []string{"-F", "-c", "synchronous_commit=off", "-c", "full_page_writes=off", "-c", "max_connections=200", "-c", "shared_buffers=64MB"}
}

// lasting are settings of a server that is crashed, but not its machine: what it
// has answered for is with the system then.
func lasting() []string {
	return []string{"-F", "-c", "synchronous_commit=on", "-c", "max_connections=50", "-c", "shared_buffers=64MB"}
}

// start makes a new database cluster and serves it.
func start(settings []string) (*server, error) {
	initdb, postgres, err := find()
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "pgtest")
	if err != nil {
		return nil, err
	}
	s := &server{folder: folder, postgres: postgres, settings: settings, exited: make(chan error, 1)}
	if err := s.boot(initdb); err != nil {
		return nil, errors.Join(err, s.stop())
	}
	return s, nil
}

// find returns the paths of initdb and postgres of one version: those that are
// on the PATH, or the newest of Debian's folders.
func find() (initdb, postgres string, err error) {
	folders, err := filepath.Glob(debian)
	if err != nil {
		return "", "", err
	}
	slices.SortFunc(folders, func(a, b string) int { // newest first; 9 before 10 would be wrong
		return len(b) - len(a) + strings.Compare(b, a)
	})
	if onPath, err := exec.LookPath("initdb"); err == nil {
		if real, err := filepath.EvalSymlinks(onPath); err == nil {
			folders = append([]string{filepath.Dir(real), filepath.Dir(onPath)}, folders...)
		}
	}
	for _, folder := range folders {
		initdb, postgres := filepath.Join(folder, "initdb"), filepath.Join(folder, "postgres")
		if isProgram(initdb) && isProgram(postgres) {
			return initdb, postgres, nil
		}
	}
	return "", "", fmt.Errorf("PostgreSQL's initdb and postgres are neither on the PATH nor in %s; install the server package, or set %s to the URL of a server", debian, EnvServer)
}

func isProgram(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}

func (s *server) boot(initdb string) error {
	var err error
	if s.owner, err = unprivileged(); err != nil {
		return err
	}
	if err := s.owner.give(s.folder); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), startWithin)
	defer cancel()
	init := exec.CommandContext(ctx, initdb, "--pgdata="+s.data(), "--username="+superuser, "--auth=trust",
		"--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions")
	init.Dir = s.folder
	s.owner.run(init)
	if out, err := init.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb in %s: %w\n%s", s.folder, err, bytes.TrimSpace(out))
	}
	return s.launch(ctx)
}

func (s *server) data() string { return filepath.Join(s.folder, "data") }

// launch serves the cluster that is there.
func (s *server) launch(ctx context.Context) error {
	s.cmd = exec.Command(s.postgres, append([]string{"-D", s.data(), "-k", s.folder, "-h", ""}, s.settings...)...)
	s.cmd.Dir = s.folder
	s.owner.run(s.cmd)
	return s.serve(ctx)
}

// serve starts the server and waits until it answers. The process is started
// and waited for on one thread that lives as long as it does, because the kernel
// counts the end of that thread as the end of the parent (see owner.run).
func (s *server) serve(ctx context.Context) error {
	logPath := filepath.Join(s.folder, "log")
	log, err := os.Create(logPath)
	if err != nil {
		return err
	}
	defer log.Close() // the process has its own copy
	s.cmd.Stdout, s.cmd.Stderr = log, log
	begun := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		err := s.cmd.Start()
		begun <- err
		if err == nil {
			s.exited <- s.cmd.Wait()
		}
	}()
	if err := <-begun; err != nil {
		s.cmd = nil
		return fmt.Errorf("start postgres: %w", err)
	}
	for {
		err := execute(s.url(), "SELECT 1")
		if err == nil {
			return nil
		}
		select {
		case exit := <-s.exited:
			s.cmd = nil
			return fmt.Errorf("postgres ended (%v): %s", exit, tail(logPath))
		case <-ctx.Done():
			return fmt.Errorf("postgres does not answer after %v (%w): %s", startWithin, err, tail(logPath))
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// url names the database that every cluster has.
func (s *server) url() *url.URL {
	query := url.Values{"host": {s.folder}, "sslmode": {"disable"}}
	return &url.URL{Scheme: "postgres", User: url.User(superuser), Path: "/postgres", RawQuery: query.Encode()}
}

// stop ends the server, waits for it, and removes its folder.
func (s *server) stop() error {
	var failed error
	if s.cmd != nil {
		if err := s.cmd.Process.Signal(os.Interrupt); err != nil { // "fast": open connections are cut
			failed = fmt.Errorf("stop postgres: %w", err)
		}
		select {
		case <-s.exited:
		case <-time.After(startWithin):
			failed = errors.Join(fmt.Errorf("postgres did not stop within %v and was killed", startWithin), s.cmd.Process.Kill())
			<-s.exited
		}
	}
	return errors.Join(failed, os.RemoveAll(s.folder))
}

// tail returns the end of a log.
func tail(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	return string(bytes.TrimSpace(text[max(0, len(text)-2000):]))
}
