package load

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// A client asks over one connection, and waits for each answer.
type client struct {
	address string
	timeout time.Duration
	conn    net.Conn
	reply   reply
}

// do sends a request and reads the answer. After an error the next one dials anew.
func (c *client) do(request []byte) (Answer, error) {
	if c.conn == nil {
		conn, err := net.DialTimeout("tcp", c.address, c.timeout)
		if err != nil {
			return Answer{}, err
		}
		c.conn = conn
	}
	a, again, err := c.exchange(request)
	if err != nil || !again {
		c.close()
	}
	return a, err
}

func (c *client) close() {
	if c.conn != nil {
		c.conn.Close()
		c.conn = nil
	}
}

func (c *client) exchange(request []byte) (a Answer, again bool, err error) {
	if err := c.conn.SetDeadline(time.Now().Add(c.timeout)); err != nil {
		return a, false, err
	}
	if _, err := c.conn.Write(request); err != nil {
		return a, false, err
	}
	c.reply.reset()
	for whole := false; !whole; {
		n, err := c.conn.Read(c.reply.room())
		if err != nil {
			return a, false, err
		}
		c.reply.added(n)
		if a, again, whole, err = c.reply.answer(); err != nil {
			return a, false, err
		}
	}
	return a, again, nil
}

// byClients asks with a goroutine for each connection, which any system can. Each request
// costs the processor several times what it costs by a poll.
func byClients(ctx context.Context, c Config, n int64) Result {
	var next atomic.Int64
	parts := make([]Result, c.Connections)
	began := time.Now()
	var wg sync.WaitGroup
	for k := range parts {
		wg.Go(func() {
			parts[k].Statuses = map[int]int64{}
			one := client{address: c.Address, timeout: c.Timeout}
			defer one.close()
			for ctx.Err() == nil {
				i := next.Add(1) - 1
				if i >= n {
					return
				}
				due := c.due(began, i)
				sleepUntil(ctx, due)
				a, err := one.do(c.Request(int(i)))
				parts[k].note(c, int(i), due, a, err)
			}
		})
	}
	wg.Wait()
	out := Result{Statuses: map[int]int64{}, Took: time.Since(began)}
	for i := range parts {
		out.merge(&parts[i])
	}
	return out
}

// sleepUntil sleeps until a time, or until ctx ends.
func sleepUntil(ctx context.Context, at time.Time) {
	d := time.Until(at)
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
