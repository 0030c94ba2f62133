package kafka_test

import (
	"context"

	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/goleak"

	"marquee/catalog/stream"
	"marquee/catalog/stream/kafka"
)

const movielog = "movielog1"

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// cluster starts brokers that hold the topic with that many partitions.
func cluster(t testing.TB, partitions int32, opts ...kfake.Opt) *kfake.Cluster {
	t.Helper()
	c, err := kfake.NewCluster(append([]kfake.Opt{
		kfake.NumBrokers(2), kfake.SeedTopics(partitions, movielog), kfake.GroupMinSessionTimeout(time.Millisecond),
	}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// config returns settings for c that wait for nothing long.
func config(c *kfake.Cluster) kafka.Config {
	cfg := kafka.DefaultConfig()
	cfg.Brokers, cfg.Topic = c.ListenAddrs(), movielog
	cfg.Heartbeat, cfg.FetchWait = 20*time.Millisecond, 100*time.Millisecond
	cfg.CommitEvery = 10 * time.Millisecond
	cfg.AssignWait = 200 * time.Millisecond
	return cfg
}

func lines() stream.Config {
	cfg := stream.DefaultConfig()
	cfg.BatchLines, cfg.BatchWait = 50, 20*time.Millisecond
	return cfg
}

func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

// open opens a Source, which is closed when the test ends.
func open(t testing.TB, cfg kafka.Config, dst *sink, opts ...kgo.Opt) *kafka.Source {
	t.Helper()
	s, err := kafka.Open(t.Context(), cfg, dst, lines(), time.Now, quiet(), opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// runOnce reads to the end and returns what became of the lines.
func runOnce(t testing.TB, cfg kafka.Config, dst *sink, opts ...kgo.Opt) stream.Summary {
	t.Helper()
	cfg.Once = true
	s := open(t, cfg, dst, opts...)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	sum, err := stream.Run(ctx, s, dst, stream.DefaultRunConfig())
	if err != nil {
		t.Fatalf("run: %v; %+v", err, s.Stats())
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return sum
}

// client returns a client of c, which is closed when the test ends.
func client(t testing.TB, c *kfake.Cluster, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	cl, err := kgo.NewClient(append([]kgo.Opt{
		kgo.SeedBrokers(c.ListenAddrs()...), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.DefaultProduceTopic(movielog),
	}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cl.Close)
	return cl
}

// produce puts the lines from to to, exclusive, into the topic: line i into
// partition i % partitions.
func produce(t testing.TB, cl *kgo.Client, partitions, from, to int) {
	t.Helper()
	records := make([]*kgo.Record, 0, to-from)
	for i := from; i < to; i++ {
		records = append(records, &kgo.Record{Partition: int32(i % partitions), Value: []byte(line(i))})
	}
	send(t, cl, records...)
}

func send(t testing.TB, cl *kgo.Client, records ...*kgo.Record) {
	t.Helper()
	if err := cl.ProduceSync(context.Background(), records...).FirstErr(); err != nil {
		t.Fatal(err)
	}
}

// eventually fails unless ok becomes true in time.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("never: %s", what)
}

// background runs src into dst until stop is called, which returns Run's error.
func background(t testing.TB, src *kafka.Source, dst *sink) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		_, err := stream.Run(ctx, src, dst, stream.DefaultRunConfig())
		done <- err
	}()
	stopped := false
	stop = func() error {
		if stopped {
			return nil
		}
		stopped = true
		cancel()
		return <-done
	}
	t.Cleanup(func() { stop() })
	return stop
}

func name(c *kfake.Cluster, n int) string {
	return kafka.PartitionName(movielog, int32(n), c.TopicInfo(movielog).TopicID, "")
}

func admin(cl *kgo.Client) *kadm.Client { return kadm.NewClient(cl) }
