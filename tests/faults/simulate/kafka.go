package simulate

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"marquee/catalog/stream"
	"marquee/catalog/stream/kafka"
	"marquee/tests/faults/ledger"
	"marquee/tests/faults/wire"
)

// group is the consumer group of all processes.
const group = "marquee"

// session is how long a silent member keeps its partitions.
const session = 10 * time.Second

// kafkaStage is a topic on fake brokers.
type kafkaStage struct {
	plan      Plan
	topic     string
	firstUser int
	net       *wire.Network
	cluster   *kfake.Cluster
}

func newKafkaStage(p Plan, play Play, net *wire.Network) (*kafkaStage, error) {
	k := &kafkaStage{plan: p, topic: play.Topic, firstUser: play.FirstUser, net: net}
	var ports []int
	for i := range p.Brokers {
		ports = append(ports, i+1)
	}
	var err error
	k.cluster, err = kfake.NewCluster(kfake.Ports(ports...), kfake.ListenFn(net.Listen), kfake.SeedTopics(int32(p.Partitions), k.topic))
	return k, err
}

// brokers returns the addresses of all brokers.
func (k *kafkaStage) brokers() []string {
	var all []string
	for i := range k.plan.Brokers {
		all = append(all, "127.0.0.1:"+strconv.Itoa(i+1))
	}
	return all
}

// client returns a client of this test's own.
func (k *kafkaStage) client(link *wire.Link, opts ...kgo.Opt) (*kgo.Client, error) {
	return kgo.NewClient(append(opts, kgo.SeedBrokers(k.brokers()...), kgo.Dialer(link.DialContext), kgo.DisableClientMetrics())...)
}

// open opens catalog/stream/kafka. Its settings are those of production but for
// the times, which are short, so that a life holds more of everything. The
// rebalance timeout is so short because the fake broker, unlike a real one,
// begins it anew whenever a member joins: three that come in turn, each some 14 s
// after it came last, would keep a longer one from ever passing.
func (k *kafkaStage) open(ctx context.Context, life string, link *wire.Link, held stream.Offsets, lines stream.Config) (Source, error) {
	cfg := kafka.DefaultConfig()
	cfg.Brokers, cfg.Topic, cfg.Group = k.brokers(), k.topic, group
	cfg.Session, cfg.Heartbeat, cfg.Rebalance = session, 1500*time.Millisecond, 3500*time.Millisecond
	cfg.FetchWait = 5 * time.Second
	src, err := kafka.Open(ctx, cfg, held, lines, time.Now, slog.New(slog.DiscardHandler),
		kgo.Dialer(link.DialContext), kgo.ClientID(life), kgo.DisableClientMetrics())
	if err != nil {
		return nil, err // not src, which would be a nil that is not nil
	}
	return src, nil
}

// write produces the lines, each person's into any partition, so that the order
// among partitions is not theirs.
func (k *kafkaStage) write(ctx context.Context, w *world) error {
	cl, err := k.client(k.net.Sturdy(), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerBatchCompression(kgo.NoCompression()))
	if err != nil {
		return err
	}
	defer cl.Close()
	cfg := ledger.DefaultConfig()
	cfg.FirstUser = k.firstUser
	lines := ledger.New(k.plan.Seed, cfg)
	rng := rand.New(rand.NewPCG(k.plan.Seed, 0x70726f64))
	ends := make([]int64, k.plan.Partitions)
	return k.plan.inBursts(ctx, func(count int) error {
		var records []*kgo.Record
		for range count {
			n, l := rng.IntN(k.plan.Partitions), lines.Next()
			w.out.Book.Put(k.topic+"/"+strconv.Itoa(n), ends[n], ends[n]+1, l)
			ends[n]++
			records = append(records, &kgo.Record{Topic: k.topic, Partition: int32(n), Value: []byte(l.Text)})
		}
		if err := cl.ProduceSync(ctx, records...).FirstErr(); err != nil {
			return fmt.Errorf("produce: %w", err)
		}
		return nil
	})
}

// part names a partition in the book by topic and number, so that books of
// several topics can be merged. The store knows it as "kafka:TOPIC/NUMBER@...".
func (k *kafkaStage) part(partition string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(partition, "kafka:"), "@")
	return name
}
