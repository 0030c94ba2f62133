package stream

import (
	"bytes"
	"context"
	"io"
	"os"
	"time"
)

// A feed reads ahead in a goroutine of its own, so that whoever waits for it
// can stop waiting. Its chunks end where lines do, unless a line is longer than
// readBytes or the input ends; it holds at most some feedChunks+2 of them, each
// of at most readBytes.
type feed struct {
	in     io.Reader
	chunks chan []byte
	stop   chan struct{}
	done   chan struct{} // closed when the goroutine has ended; nil before it began
	err    error         // why chunks was closed
	ctx    context.Context
	now    []byte // of the chunk that is being read
}

const feedChunks = 4

func newFeed(in io.Reader) *feed {
	return &feed{in: in, chunks: make(chan []byte, feedChunks), stop: make(chan struct{})}
}

// during makes ctx the one that ends waiting, and begins to read if need be.
func (f *feed) during(ctx context.Context) {
	f.ctx = ctx
	if f.done == nil {
		f.done = make(chan struct{})
		go f.run()
	}
}

func (f *feed) run() {
	defer close(f.done)
	defer close(f.chunks)
	buf := make([]byte, 0, readBytes)
	for empty := 0; ; {
		n, err := f.in.Read(buf[len(buf):cap(buf)])
		end := bytes.LastIndexByte(buf[len(buf):len(buf)+n], '\n')
		if end >= 0 {
			end += len(buf)
		}
		buf = buf[:len(buf)+n]
		if empty++; n > 0 {
			empty = 0
		}
		if err == nil && empty > 100 {
			err = io.ErrNoProgress
		}
		if err != nil || len(buf) == cap(buf) && end < 0 {
			end = len(buf) - 1
		}
		if end >= 0 {
			select {
			case f.chunks <- bytes.Clone(buf[:end+1]):
			case <-f.stop:
				f.err = os.ErrClosed
				return
			}
			buf = buf[:copy(buf, buf[end+1:])]
		}
		if err != nil {
			f.err = err
			return
		}
	}
}

// wait returns true when Read will not wait: there are bytes, or the end. It
// returns false at the time due, unless that is zero.
func (f *feed) wait(due time.Time) (ready bool, err error) {
	if len(f.now) > 0 {
		return true, nil
	}
	select {
	case f.now = <-f.chunks: // nothing at the end, and Read says why
		return true, nil
	default:
	}
	var late <-chan time.Time
	if !due.IsZero() {
		timer := time.NewTimer(time.Until(due))
		defer timer.Stop()
		late = timer.C
	}
	select {
	case f.now = <-f.chunks:
		return true, nil
	case <-late:
		return false, nil
	case <-f.ctx.Done():
		return false, f.ctx.Err()
	}
}

// Read implements [io.Reader].
func (f *feed) Read(p []byte) (int, error) {
	if len(f.now) == 0 {
		select {
		case chunk, more := <-f.chunks:
			if !more {
				return 0, f.err
			}
			f.now = chunk
		case <-f.ctx.Done():
			return 0, f.ctx.Err()
		}
	}
	n := copy(p, f.now)
	f.now = f.now[n:]
	return n, nil
}

// close ends the goroutine and waits for it, if its reader can be interrupted.
func (f *feed) close() error {
	close(f.stop)
	c, ok := f.in.(io.Closer)
	if file, isFile := f.in.(*os.File); isFile && file.SetReadDeadline(time.Now()) != nil {
		ok = false // closing it does not end a read that waits
	}
	if !ok {
		return nil
	}
	err := c.Close()
	if f.done != nil {
		<-f.done
	}
	return err
}
