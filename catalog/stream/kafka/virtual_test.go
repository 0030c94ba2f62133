package kafka_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"marquee/catalog/stream"
	"marquee/catalog/stream/kafka"
)

// virtual runs test in virtual time, with brokers in a network in memory.
func virtual(t *testing.T, test func(t *testing.T, c *kfake.Cluster, dial kgo.Opt)) {
	synctest.Test(t, func(t *testing.T) {
		network := &kfake.VirtualNetwork{}
		c, err := kfake.NewCluster(kfake.NumBrokers(2), kfake.Ports(9092, 9093), kfake.ListenFn(network.Listen), kfake.SeedTopics(2, movielog))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		test(t, c, kgo.Dialer(network.DialContext))
	})
}

// As it is set by default, in time that costs none.
func defaults(c *kfake.Cluster) kafka.Config {
	cfg := kafka.DefaultConfig()
	cfg.Brokers, cfg.Topic = c.ListenAddrs(), movielog
	return cfg
}

// No goroutine of a Source outlives Close: synctest would wait for it.
func TestVirtualOnce(t *testing.T) {
	virtual(t, func(t *testing.T, c *kfake.Cluster, dial kgo.Opt) {
		cl := client(t, c, dial)
		produce(t, cl, 2, 0, 500)
		cl.Close()
		dst := newSink()
		cfg, patient := defaults(c), stream.DefaultConfig()
		cfg.Once, patient.BatchWait = true, time.Hour
		begin := time.Now()
		s, err := kafka.Open(t.Context(), cfg, dst, patient, time.Now, quiet(), dial)
		if err != nil {
			t.Fatal(err)
		}
		if sum, err := stream.Run(t.Context(), s, dst, stream.RunConfig{}); err != nil || sum.Lines != 500 {
			t.Errorf("%d lines, %v, want 500", sum.Lines, err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		dst.checkOnce(t, 0, 500)
		if took := time.Since(begin); took > time.Minute {
			t.Errorf("took %v: the last batch waited for lines that do not come", took)
		}
	})
}

func TestVirtualBatchWait(t *testing.T) {
	virtual(t, func(t *testing.T, c *kfake.Cluster, dial kgo.Opt) {
		cl := client(t, c, dial)
		defer cl.Close()
		lines := stream.DefaultConfig() // 5,000 lines or a second
		s, err := kafka.Open(t.Context(), defaults(c), newSink(), lines, time.Now, quiet(), dial)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		time.Sleep(time.Minute)
		produce(t, cl, 1, 0, 3)
		begin := time.Now()
		b, err := s.Fetch(t.Context())
		if err != nil || len(b.Minutes) != 3 {
			t.Fatalf("%d lines, %v; want 3", len(b.Minutes), err)
		}
		if took := time.Since(begin); took < lines.BatchWait || took > 3*lines.BatchWait {
			t.Errorf("handed over after %v, want about %v after the first line", took, lines.BatchWait)
		}
		if b.ReadAt.Before(begin) || b.ReadAt.After(time.Now()) {
			t.Errorf("read at %v, want after %v", b.ReadAt, begin)
		}
	})
}

func TestVirtualUnknownTopic(t *testing.T) {
	virtual(t, func(t *testing.T, c *kfake.Cluster, dial kgo.Opt) {
		cfg := defaults(c)
		cfg.Topic = "movielog7"
		begin := time.Now()
		s, err := kafka.Open(t.Context(), cfg, newSink(), lines(), time.Now, quiet(), dial)
		if err != nil {
			t.Fatalf("open: %v, want the wait left to fetch", err)
		}
		defer s.Close()
		if _, err := s.Fetch(t.Context()); !errors.Is(err, kerr.UnknownTopicOrPartition) {
			t.Errorf("got %v, want an unknown topic", err)
		}
		if took := time.Since(begin); took < cfg.TopicWait || took > 2*cfg.TopicWait {
			t.Errorf("an error after %v, want %v to %v", took, cfg.TopicWait, 2*cfg.TopicWait)
		}
	})
}

// An outage of an hour is told once.
func TestVirtualOutage(t *testing.T) {
	virtual(t, func(t *testing.T, c *kfake.Cluster, dial kgo.Opt) {
		book := &logbook{}
		dst := newSink()
		s, err := kafka.Open(t.Context(), defaults(c), dst, lines(), time.Now, book.log(), dial)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		stop := background(t, s, dst)
		time.Sleep(time.Minute)
		if n := book.count("do not answer"); n != 0 || !s.Stats().Away.IsZero() {
			t.Errorf("told %d times of an outage that is none", n)
		}
		c.Close()
		time.Sleep(time.Hour)
		if n := book.count("do not answer; reading waits"); n != 1 {
			t.Errorf("told %d times, want once", n)
		}
		if away := s.Stats().Away; away.IsZero() || time.Since(away) < 50*time.Minute {
			t.Errorf("away since %v, want an hour ago", away)
		}
		if err := stop(); !errors.Is(err, context.Canceled) {
			t.Errorf("run ended with %v", err)
		}
	})
}

// Brokers that are away are waited for, told once, and found again.
func TestVirtualRestart(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		network := &kfake.VirtualNetwork{}
		dial := kgo.Dialer(network.DialContext)
		start := func() *kfake.Cluster {
			c, err := kfake.NewCluster(kfake.NumBrokers(2), kfake.Ports(9092, 9093), kfake.ListenFn(network.Listen), kfake.SeedTopics(2, movielog), kfake.DataDir(dir))
			if err != nil {
				t.Fatal(err)
			}
			return c
		}
		c := start()
		cfg := defaults(c)
		cl := client(t, c, dial)
		defer cl.Close()
		produce(t, cl, 2, 0, 100)
		c.Close()

		book := &logbook{}
		dst := newSink()
		s, err := kafka.Open(t.Context(), cfg, dst, lines(), time.Now, book.log(), dial)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		stop := background(t, s, dst)
		applied := func(n int) {
			t.Helper()
			time.Sleep(5 * time.Minute)
			if got, _ := dst.total(); got != n {
				t.Errorf("%d lines applied 5 minutes later, want %d", got, n)
			}
		}
		told := func(away, back int) {
			t.Helper()
			a, b := book.count("brokers do not answer; reading waits"), book.count("brokers answer again")
			if a != away || b != back || s.Stats().Away.IsZero() != (away == back) {
				t.Errorf("told %d times that brokers are away and %d that they are back, want %d and %d; away since %v", a, b, away, back, s.Stats().Away)
			}
		}
		applied(0)
		told(1, 0)
		c = start()
		applied(100)
		told(1, 1)
		c.Close()
		applied(100)
		told(2, 1)
		c = start()
		produce(t, cl, 2, 100, 200)
		applied(200)
		told(2, 2)
		dst.checkOnce(t, 0, 200)
		if err := stop(); !errors.Is(err, context.Canceled) {
			t.Errorf("run ended with %v", err)
		}
		s.Close()
		cl.Close()
		c.Close()
	})
}
