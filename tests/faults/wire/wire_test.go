package wire_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"marquee/tests/faults/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// echo answers every connection to port with what comes.
func echo(t *testing.T, n *wire.Network) {
	t.Helper()
	l, err := n.Listen("tcp", "127.0.0.1:1")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				_, _ = io.Copy(c, c)
			}()
		}
	}()
}

func dial(t *testing.T, l *wire.Link) net.Conn {
	t.Helper()
	c, err := l.DialContext(t.Context(), "tcp", "localhost:1")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func ask(c net.Conn) error {
	if _, err := c.Write([]byte("hello")); err != nil {
		return err
	}
	_, err := io.ReadFull(c, make([]byte, 5))
	return err
}

func TestCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := wire.New()
		echo(t, n)
		cut, other := n.Link(), n.Link()
		a, b := dial(t, cut), dial(t, other)
		if err := errors.Join(ask(a), ask(b)); err != nil {
			t.Fatal(err)
		}
		cut.Cut()
		if err := ask(a); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("over a link that was cut: %v, want a dropped connection", err)
		}
		if _, err := cut.DialContext(t.Context(), "tcp", "localhost:1"); err == nil || !cut.IsCut() {
			t.Error("a link that was cut makes connections")
		}
		if err := ask(b); err != nil {
			t.Errorf("over another link: %v", err)
		}
	})
}

// What is sent over a link that is held comes when it is released; deadlines
// pass meanwhile.
func TestHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := wire.New()
		echo(t, n)
		l := n.Link()
		c := dial(t, l)
		began := time.Now()
		l.Hold()
		time.AfterFunc(time.Minute, l.Release)
		if err := ask(c); err != nil || time.Since(began) < time.Minute {
			t.Errorf("answered after %v (%v), want a minute", time.Since(began), err)
		}
		l.Hold()
		if err := c.SetDeadline(time.Now().Add(time.Second)); err != nil {
			t.Fatal(err)
		}
		if err := ask(c); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("a deadline over a link that is held: %v", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := l.DialContext(ctx, "tcp", "localhost:1"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("dialled over a link that is held: %v", err)
		}
	})
}

func TestAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := wire.New()
		echo(t, n)
		l, sturdy := n.Link(), n.Sturdy()
		a, b := dial(t, l), dial(t, sturdy)
		n.SetAway(1, true)
		if err := ask(a); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("with the port away: %v, want a dropped connection", err)
		}
		if _, err := l.DialContext(t.Context(), "tcp", "localhost:1"); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("dialled a port that is away: %v", err)
		}
		if err := ask(b); err != nil {
			t.Errorf("over a sturdy link: %v", err)
		}
		n.SetAway(1, false)
		c := dial(t, l)
		n.BreakAll()
		if err := ask(c); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("after all connections broke: %v", err)
		}
		if err := ask(dial(t, l)); err != nil {
			t.Errorf("with a new connection: %v", err)
		}
	})
}
