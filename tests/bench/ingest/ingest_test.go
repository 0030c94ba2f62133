package ingest

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	_ "modernc.org/sqlite" // the driver "sqlite"

	"marquee/catalog/catalogtest/pgtest"
	"marquee/catalog/sqlstore"
	"marquee/catalog/stream"
	"marquee/catalog/stream/kafka"
	realkafka "marquee/tests/kafka"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// The rival gets a tenth: it would take all day otherwise.
const (
	ourLines   = 1_000_000
	rivalLines = 100_000
)

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func report(b *testing.B, lines int) {
	b.Helper()
	b.ReportMetric(float64(lines)*float64(b.N)/b.Elapsed().Seconds(), "lines/s")
	b.ReportMetric(0, "ns/op")
}

// From a file into SQLite, with a sync to disk a transaction.
func BenchmarkFileToSQLite(b *testing.B) {
	path := filepath.Join(b.TempDir(), "movielog.log")
	if err := os.WriteFile(path, text(ourLines), 0o600); err != nil {
		b.Fatal(err)
	}
	for _, batch := range []int{5000, stream.DefaultConfig().BatchLines, 50_000} {
		b.Run(fmt.Sprintf("impl=marquee/batch=%d", batch), func(b *testing.B) { fileToSQLite(b, path, batch) })
	}
	b.Run(fmt.Sprintf("impl=plain/batch=%d", plainBatch), func(b *testing.B) {
		lines := text(rivalLines)
		for b.Loop() {
			db, err := sql.Open("sqlite", "file:"+filepath.Join(b.TempDir(), "plain.db")+"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)")
			if err != nil {
				b.Fatal(err)
			}
			plainly(b, &plain{db: db}, lines)
		}
		report(b, rivalLines)
	})
}

func fileToSQLite(b *testing.B, path string, batch int) {
	for b.Loop() {
		store, err := sqlstore.Open(b.Context(), filepath.Join(b.TempDir(), "marquee.db"), quiet())
		if err != nil {
			b.Fatal(err)
		}
		cfg := stream.DefaultConfig()
		cfg.BatchLines = batch
		src, err := stream.OpenFile(b.Context(), path, store, cfg, time.Now)
		if err != nil {
			b.Fatal(err)
		}
		sum, err := stream.Run(b.Context(), src, store, stream.RunConfig{})
		if err != nil || sum.Lines != ourLines {
			b.Fatalf("%d lines, %v", sum.Lines, err)
		}
		if err := errors.Join(src.Close(), store.Close()); err != nil {
			b.Fatal(err)
		}
	}
	report(b, ourLines)
}

func plainly(b *testing.B, p *plain, lines []byte) {
	b.Helper()
	p.db.SetMaxOpenConns(1)
	if _, err := p.db.ExecContext(b.Context(), plainTables); err != nil {
		b.Fatal(err)
	}
	if err := p.all(context.WithoutCancel(b.Context()), bytes.NewReader(lines)); err != nil {
		b.Fatal(err)
	}
	if err := p.db.Close(); err != nil {
		b.Fatal(err)
	}
}

// From Kafka into PostgreSQL, both on the same cores.
func BenchmarkKafkaToPostgres(b *testing.B) {
	seeds := broker(b, text(ourLines))
	for _, batch := range []int{5000, stream.DefaultConfig().BatchLines, 50_000} {
		b.Run(fmt.Sprintf("impl=marquee/batch=%d", batch), func(b *testing.B) { kafkaToPostgres(b, seeds, batch) })
	}
	b.Run(fmt.Sprintf("impl=plain/batch=%d", plainBatch), func(b *testing.B) {
		for b.Loop() {
			db, err := sql.Open("postgres", pgtest.DSN(b))
			if err != nil {
				b.Fatal(err)
			}
			plainlyFromKafka(b, &plain{db: db, dollars: true}, seeds)
		}
		report(b, rivalLines)
	})
}

func kafkaToPostgres(b *testing.B, seeds []string, batch int) {
	for b.Loop() {
		store, err := sqlstore.Open(b.Context(), pgtest.DSN(b), quiet())
		if err != nil {
			b.Fatal(err)
		}
		topic := kafka.DefaultConfig()
		topic.Brokers, topic.Topic, topic.Once = seeds, topicName, true
		cfg := stream.DefaultConfig()
		cfg.BatchLines = batch
		src, err := kafka.Open(b.Context(), topic, store, cfg, time.Now, quiet())
		if err != nil {
			b.Fatal(err)
		}
		sum, err := stream.Run(b.Context(), src, store, stream.RunConfig{})
		if err != nil || sum.Lines != ourLines {
			b.Fatalf("%d lines, %v", sum.Lines, err)
		}
		if err := errors.Join(src.Close(), store.Close()); err != nil {
			b.Fatal(err)
		}
	}
	report(b, ourLines)
}

func plainlyFromKafka(b *testing.B, p *plain, seeds []string) {
	b.Helper()
	if _, err := p.db.ExecContext(b.Context(), plainTables); err != nil {
		b.Fatal(err)
	}
	cl, err := kgo.NewClient(kgo.SeedBrokers(seeds...), kgo.ConsumeTopics(topicName), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		b.Fatal(err)
	}
	defer cl.Close()
	ctx := context.WithoutCancel(b.Context())
	for p.n < rivalLines {
		fetches := cl.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			b.Fatal(err)
		}
		for records := fetches.RecordIter(); !records.Done() && p.n < rivalLines; {
			if err := p.line(ctx, string(records.Next().Value)); err != nil {
				b.Fatal(err)
			}
		}
	}
	if err := errors.Join(p.commit(), p.db.Close()); err != nil {
		b.Fatal(err)
	}
}

const (
	topicName  = "movielog1"
	partitions = 4
)

// broker returns where a broker with the lines in a topic is: a real one if there
// are jars.
func broker(b *testing.B, lines []byte) (seeds []string) {
	b.Helper()
	if os.Getenv(realkafka.EnvJars) != "" {
		seeds = []string{realkafka.Start(b).Plain}
	} else {
		b.Logf("set %s for a real broker; this one is kfake, in this process", realkafka.EnvJars)
		fake, err := kfake.NewCluster(kfake.NumBrokers(1))
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(fake.Close)
		seeds = fake.ListenAddrs()
	}
	cl, err := kgo.NewClient(kgo.SeedBrokers(seeds...), kgo.DefaultProduceTopic(topicName), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		b.Fatal(err)
	}
	defer cl.Close()
	if _, err := kadm.NewClient(cl).CreateTopic(b.Context(), partitions, 1, nil, topicName); err != nil {
		b.Fatal(err)
	}
	for i, line := range split(lines) {
		cl.Produce(b.Context(), &kgo.Record{Partition: int32(i % partitions), Value: line}, func(_ *kgo.Record, err error) {
			if err != nil {
				b.Error(err)
			}
		})
	}
	if err := cl.Flush(b.Context()); err != nil {
		b.Fatal(err)
	}
	return seeds
}
