package sqlstore_test

import (
	"net"
	"testing"

	"golang.org/x/sys/unix"

	"marquee/catalog/sqlstore"
)

// The system is told to give up a server that acknowledges nothing.
func TestSystemLimitsSilence(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	conn, err := sqlstore.Dial(t.Context(), "tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	raw, err := conn.(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	got := func(level, option int) (value int) {
		err := raw.Control(func(fd uintptr) {
			var get error
			if value, get = unix.GetsockoptInt(int(fd), level, option); get != nil {
				t.Error(get)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
	if ms := got(unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT); int64(ms) != sqlstore.PeerTimeout.Milliseconds() {
		t.Errorf("TCP_USER_TIMEOUT is %d ms, want %v", ms, sqlstore.PeerTimeout)
	}
	if got(unix.SOL_SOCKET, unix.SO_KEEPALIVE) == 0 {
		t.Error("SO_KEEPALIVE is off")
	}
	idle, every, n := got(unix.IPPROTO_TCP, unix.TCP_KEEPIDLE), got(unix.IPPROTO_TCP, unix.TCP_KEEPINTVL), got(unix.IPPROTO_TCP, unix.TCP_KEEPCNT)
	if total := idle + every*n; float64(total) > sqlstore.PeerTimeout.Seconds() {
		t.Errorf("a silent server is found after %d s, want at most %v", total, sqlstore.PeerTimeout)
	}
}
