package kafka_test

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"marquee/catalog"
	"marquee/catalog/stream"
	"marquee/catalog/stream/kafka"
)

// nothing is a store that holds nothing.
type nothing struct{}

func (nothing) Offset(context.Context, string) (int64, error) { return 0, nil }

// watchLine is what the rival reads lines with.
var watchLine = regexp.MustCompile(`^([^,]*),(\d+),GET /data/m/([a-z0-9+\-_.*]+)/(\d+)\.mpg$`)

// BenchmarkFetch reads the same topic of 4 partitions with a Source, to parsed
// batches, and with the plain client and a regular expression, to slices of the
// same rows.
func BenchmarkFetch(b *testing.B) {
	const partitions, total = 4, 400_000
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(partitions, movielog))
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	cl := client(b, c)
	for i := 0; i < total; i += 20_000 {
		produce(b, cl, partitions, i, i+20_000)
	}
	cl.Close()
	for _, impl := range []struct {
		name string
		read func(b *testing.B, c *kfake.Cluster) int
	}{{"source", readSource}, {"plain", readPlain}} {
		b.Run(fmt.Sprintf("impl=%s", impl.name), func(b *testing.B) {
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				got := impl.read(b, c)
				if got != total {
					b.Fatalf("read %d lines, want %d", got, total)
				}
				n += got
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "lines/s")
		})
	}
}

func readSource(b *testing.B, c *kfake.Cluster) int {
	cfg := kafka.DefaultConfig()
	cfg.Brokers, cfg.Topic, cfg.Once = c.ListenAddrs(), movielog, true
	cfg.Group = fmt.Sprint("g", time.Now().UnixNano())
	s, err := kafka.Open(b.Context(), cfg, nothing{}, stream.DefaultConfig(), time.Now, quiet())
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	sum, err := stream.Run(b.Context(), s, take{}, stream.RunConfig{})
	if err != nil {
		b.Fatal(err)
	}
	return int(sum.Kept.Watch)
}

// take is a store that takes all.
type take struct{}

func (take) Append(_ context.Context, b catalog.Batch) (catalog.Applied, error) {
	return catalog.Applied{Held: b.To}, nil
}

func readPlain(b *testing.B, c *kfake.Cluster) int {
	cl := client(b, c, kgo.ConsumeTopics(movielog))
	defer cl.Close()
	n := 0
	for n < 400_000 {
		var rows []catalog.Minute
		cl.PollRecords(b.Context(), 10_000).EachRecord(func(r *kgo.Record) {
			m := watchLine.FindSubmatch(r.Value)
			if m == nil {
				b.Fatalf("%s", r.Value)
			}
			at, err := time.Parse("2006-01-02T15:04:05", string(m[1]))
			minute, _ := strconv.Atoi(string(m[4]))
			if err != nil {
				b.Fatal(err)
			}
			rows = append(rows, catalog.Minute{User: catalog.UserID(m[2]), Movie: catalog.MovieID(m[3]), At: at, Minute: minute})
		})
		n += len(rows)
	}
	return n
}
