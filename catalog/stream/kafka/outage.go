package kafka

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// quiet is how long brokers may be away before that is told.
const quiet = 2 * time.Second

// An outage knows since when no broker answers. The client tells it of every
// connection and every answer; it is safe for concurrent use.
type outage struct {
	log  *slog.Logger
	what string // waits for them: "reading"

	mu    sync.Mutex
	since time.Time // of the first failure after the last answer; zero when brokers answer
	told  bool
	last  error // the latest failure, of an outage that may be over
}

// OnBrokerConnect implements [kgo.HookBrokerConnect].
func (o *outage) OnBrokerConnect(b kgo.BrokerMetadata, _ time.Duration, _ net.Conn, err error) {
	switch {
	case errors.Is(err, io.EOF):
		o.failed(fmt.Errorf("broker %s:%d closed the connection while it was set up; it may be starting, or refuse the TLS or SASL settings: %w", b.Host, b.Port, err))
	case err != nil:
		o.failed(fmt.Errorf("connect to broker %s:%d: %w", b.Host, b.Port, err))
	}
}

// OnBrokerRead implements [kgo.HookBrokerRead].
func (o *outage) OnBrokerRead(_ kgo.BrokerMetadata, _ int16, _ int, _, _ time.Duration, err error) {
	switch {
	case err == nil:
		o.over()
	case errors.Is(err, io.EOF), errors.Is(err, net.ErrClosed): // a connection that one side let go: a new one shows more
	default:
		o.failed(err)
	}
}

func (o *outage) failed(err error) {
	if errors.Is(err, context.Canceled) || errors.Is(err, kgo.ErrClientClosed) {
		return // by ourselves
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.last = err
	if o.since.IsZero() {
		o.since = time.Now()
	}
	if !o.told && time.Since(o.since) >= quiet {
		o.told = true
		o.log.Warn("kafka brokers do not answer; "+o.what+" waits until they do", "since", o.since, "err", err)
	}
}

func (o *outage) over() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.told {
		o.log.Info("kafka brokers answer again", "after", time.Since(o.since))
	}
	o.since, o.told = time.Time{}, false
}

// state returns since when no broker answers, zero if one does, and the last
// failure.
func (o *outage) state() (since time.Time, last error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.since, o.last
}
