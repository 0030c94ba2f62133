//go:build unix

package durable

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// TryLock takes the lock on the file at name, which it makes if need be, and writes the
// number of this process into it. If the lock is held, the error wraps [ErrLocked] and
// names the process that holds it. Unlock leaves the file where it is, empty: were it removed, two
// could each hold the lock on a file of that name. The lock ends with the process
// too, whatever ends it, so a crash leaves none behind. [Lock] and TryLock on one name
// exclude each other.
func TryLock(name string) (unlock func(), err error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	for {
		err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if !errors.Is(err, unix.EINTR) {
			break
		}
	}
	if errors.Is(err, unix.EWOULDBLOCK) {
		err = fmt.Errorf("%s is held%s: %w", name, holder(f), ErrLocked)
	}
	if err == nil {
		err = sign(f)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return func() {
		_ = f.Truncate(0) // the number is a hint only
		f.Close()
	}, nil
}

// sign leaves nothing but the number of this process in f.
func sign(f *os.File) error {
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err := f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return err
}

// holder says which process signed f, "" if none did: it may not have got to it yet.
func holder(f *os.File) string {
	text, err := io.ReadAll(io.NewSectionReader(f, 0, 20))
	if err != nil {
		return ""
	}
	pid, err := strconv.Atoi(string(bytes.TrimSpace(text)))
	if err != nil || pid < 1 {
		return ""
	}
	return fmt.Sprintf(" by process %d", pid)
}
