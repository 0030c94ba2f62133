package simulate

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"marquee/catalog"
	"marquee/catalog/stream"
)

type ownSource struct {
	cl      *kgo.Client
	topic   string
	rows    *stream.Rows
	mu      sync.Mutex
	pending []catalog.Batch
	n       int
}

func ownName(topic string, p int32) string { return fmt.Sprintf("kafka:%s/%d@own", topic, p) }

func openOwn(ctx context.Context, topic, group string, seeds []string, held stream.Offsets, cfg stream.Config, opts ...kgo.Opt) (*ownSource, error) {
	s := &ownSource{topic: topic, rows: stream.NewRows(cfg, time.Now), n: cfg.BatchLines}
	drop := func(_ context.Context, _ *kgo.Client, lost map[string][]int32) {
		s.mu.Lock()
		defer s.mu.Unlock()
		var keep []catalog.Batch
		for _, b := range s.pending {
			gone := false
			for _, p := range lost[topic] {
				gone = gone || b.Partition == ownName(topic, p)
			}
			if !gone {
				keep = append(keep, b)
			}
		}
		s.pending = keep
	}
	all := append([]kgo.Opt{
		kgo.SeedBrokers(seeds...), kgo.ConsumerGroup(group), kgo.ConsumeTopics(topic), kgo.DisableAutoCommit(),
		kgo.BlockRebalanceOnPoll(), kgo.OnPartitionsRevoked(drop), kgo.OnPartitionsLost(drop), kgo.DisableClientMetrics(),
		kgo.SessionTimeout(10 * time.Second), kgo.HeartbeatInterval(3 * time.Second),
		kgo.AdjustFetchOffsetsFn(func(ctx context.Context, m map[string]map[int32]kgo.Offset) (map[string]map[int32]kgo.Offset, error) {
			for t, ps := range m {
				for p := range ps {
					h, err := held.Offset(ctx, ownName(t, p))
					if err != nil {
						return nil, err
					}
					ps[p] = kgo.NewOffset().At(h)
				}
			}
			return m, nil
		}),
	}, opts...)
	cl, err := kgo.NewClient(all...)
	s.cl = cl
	return s, err
}

func (s *ownSource) Fetch(ctx context.Context) (catalog.Batch, error) {
	for {
		s.mu.Lock()
		if len(s.pending) > 0 {
			b := s.pending[0]
			s.pending = s.pending[1:]
			s.mu.Unlock()
			return b, nil
		}
		s.mu.Unlock()
		s.cl.AllowRebalance()
		fs := s.cl.PollRecords(ctx, s.n)
		if ctx.Err() != nil {
			return catalog.Batch{}, ctx.Err()
		}
		s.mu.Lock()
		fs.EachPartition(func(p kgo.FetchTopicPartition) {
			if len(p.Records) == 0 {
				return
			}
			b := catalog.Batch{Partition: ownName(s.topic, p.Partition), From: p.Records[0].Offset, ReadAt: time.Now()}
			for _, r := range p.Records {
				s.rows.Add(&b, r.Value, r.Offset)
				b.To = r.Offset + 1
			}
			s.pending = append(s.pending, b)
		})
		s.mu.Unlock()
	}
}

func (s *ownSource) Seek(_ context.Context, partition string, offset int64) error {
	var p int32
	fmt.Sscanf(partition, "kafka:"+s.topic+"/%d@own", &p)
	s.mu.Lock()
	defer s.mu.Unlock()
	var keep []catalog.Batch
	for _, b := range s.pending {
		if b.Partition != partition {
			keep = append(keep, b)
		}
	}
	s.pending = keep
	s.cl.SetOffsets(map[string]map[int32]kgo.EpochOffset{s.topic: {p: {Epoch: -1, Offset: offset}}})
	return nil
}

func (s *ownSource) Acknowledge(ctx context.Context, b catalog.Batch, _ catalog.Applied, err error) error {
	var p int32
	fmt.Sscanf(b.Partition, "kafka:"+s.topic+"/%d@own", &p)
	s.cl.CommitOffsets(ctx, map[string]map[int32]kgo.EpochOffset{s.topic: {p: {Epoch: -1, Offset: b.To}}}, nil)
	return err
}

func (s *ownSource) Close() error { s.cl.CloseAllowingRebalance(); return nil }
