package main

import (
	"bufio"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/gorilla/mux"
	"github.com/prometheus/client_golang/prometheus"

	"marquee/catalog/stream"
	"marquee/catalog/stream/kafka"
)

// An input is an open source with what goes with it.
type input struct {
	name     string // for messages, without secrets
	source   stream.Source
	endless  bool // it has no end of its own: that the user ends it is no fault
	close    func() error
	show     func(stream.Summary)            // how far it is; may be nil
	serve    func(ctx context.Context) error // what must run beside it; may be nil
	register func(reg prometheus.Registerer) // its metrics; may be nil
}

// open opens the source that --source names.
func (c *ingestCmd) open(ctx context.Context, e *env, held stream.Offsets, cfg stream.Config, bar *progress) (*input, error) {
	lines := func(s stream.Summary) { bar.show("ingest", int(s.Lines), 0) }
	switch scheme, rest, _ := strings.Cut(c.Source, ":"); {
	case c.Source == "-":
		src, err := stream.NewPipe(&gunzip{from: bufio.NewReader(os.Stdin)}, cfg, time.Now)
		if err != nil {
			return nil, wrapUsage(err)
		}
		return &input{name: "standard input", source: src, close: src.Close, show: lines}, nil
	case scheme == "file" && c.Once:
		return c.openFile(ctx, rest, held, cfg, bar)
	case scheme == "file":
		return c.follow(ctx, e, rest, held, cfg, lines)
	case scheme == "kafka":
		return c.openTopic(ctx, e, held, cfg, lines)
	case scheme == "http":
		return c.openPosts(ctx, e, strings.TrimPrefix(rest, "//"), cfg)
	}
	return nil, usage("--source is %q, want file:PATH, -, kafka://HOST:PORT/TOPIC or http:HOST:PORT", c.Source)
}

func (c *ingestCmd) openFile(ctx context.Context, path string, held stream.Offsets, cfg stream.Config, bar *progress) (*input, error) {
	src, err := stream.OpenFile(ctx, path, held, cfg, time.Now)
	if err != nil {
		return nil, err
	}
	show := func(stream.Summary) {
		read, size := src.Progress()
		bar.bytes("ingest", read, size)
	}
	return &input{name: path, source: src, close: src.Close, show: show}, nil
}

// follow follows a file, like tail -F.
func (c *ingestCmd) follow(ctx context.Context, e *env, path string, held stream.Offsets, cfg stream.Config, show func(stream.Summary)) (*input, error) {
	follow := stream.DefaultFollowConfig()
	follow.Tell = func(n stream.Notice) {
		level := slog.LevelInfo
		if n.What == stream.Missing {
			level = slog.LevelWarn
		}
		e.log.Log(ctx, level, n.String())
	}
	src, err := stream.Follow(ctx, path, held, cfg, follow, time.Now)
	if err != nil {
		return nil, err
	}
	return &input{name: path, source: src, endless: true, close: src.Close, show: show}, nil
}

func (c *ingestCmd) openTopic(ctx context.Context, e *env, held stream.Offsets, cfg stream.Config, show func(stream.Summary)) (*input, error) {
	topic, err := c.kafkaFlags.config(c.Source)
	if err != nil {
		return nil, err
	}
	topic.From, topic.Once = cfg.From, c.Once
	if err := topic.Validate(); err != nil {
		return nil, wrapUsage(err)
	}
	src, err := kafka.Open(ctx, topic, held, cfg, time.Now, e.log)
	if err != nil {
		return nil, err
	}
	name := fmt.Sprintf("topic %s as one of group %s", topic.Topic, topic.Group)
	return &input{name: name, source: src, endless: !c.Once, close: src.Close, show: show, register: topicMetrics(src)}, nil
}

// topicMetrics returns what registers the metrics of a topic: two series a
// partition that is assigned here, of a hundred at most, and four more.
func topicMetrics(src *kafka.Source) func(prometheus.Registerer) {
	return func(reg prometheus.Registerer) { reg.MustRegister(&topicCollector{src: src}) }
}

// openPosts listens for POST /events.
func (c *ingestCmd) openPosts(ctx context.Context, e *env, address string, cfg stream.Config) (*input, error) {
	if c.Once || c.Replay {
		return nil, usage("--once and --replay are not for posts, which end with the program and are repeated by whoever sent them")
	}
	src, err := c.postFlags.source(cfg, e.log)
	if err != nil {
		return nil, err
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("%w; want --source http:HOST:PORT of an address that is free", err)
	}
	r := mux.NewRouter()
	r.Methods(http.MethodPost).Path("/events").Handler(src)
	return &input{name: "POST http://" + l.Addr().String() + "/events", source: src, endless: true, close: src.Close,
		serve: func(ctx context.Context) error { return serveUntil(ctx, l, r, e.log) }}, nil
}

// gunzip reads what comes through a pipe, unpacked if it is gzipped. It looks at
// the first bytes when they are asked for, not before.
type gunzip struct {
	from  *bufio.Reader
	plain io.Reader
}

// Read implements [io.Reader].
func (g *gunzip) Read(p []byte) (int, error) {
	if g.plain == nil {
		g.plain = g.from
		if head, _ := g.from.Peek(2); len(head) == 2 && head[0] == 0x1f && head[1] == 0x8b {
			unpacked, err := gzip.NewReader(g.from)
			if err != nil {
				return 0, err
			}
			g.plain = unpacked
		}
	}
	return g.plain.Read(p)
}
