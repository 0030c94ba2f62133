package sqlstore

import (
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// limitSilence makes the system give up a TCP connection whose other end does not
// acknowledge for peerTimeout: some quarter of an hour otherwise.
func limitSilence(network, _ string, raw syscall.RawConn) error {
	if !strings.HasPrefix(network, "tcp") {
		return nil
	}
	var set error
	err := raw.Control(func(fd uintptr) {
		set = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(peerTimeout.Milliseconds()))
	})
	if err != nil {
		return err
	}
	return set
}
