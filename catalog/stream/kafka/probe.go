package kafka

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// probeAfter is how long a partition may stand still before its end before the
// brokers are asked what is there.
const probeAfter = 500 * time.Millisecond

// probe looks at what is left of partitions that stand still before their end:
// records of transactions that were given up, and places that compaction left
// empty, are not handed out, and the client does not tell that it passed them.
func (s *Source) probe(ctx context.Context) error {
	for _, p := range s.still() {
		if err := s.pass(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

// still returns the partitions that stand still before their end.
func (s *Source) still() []*partition {
	s.mu.Lock()
	defer s.mu.Unlock()
	var still []*partition
	for _, p := range s.parts {
		if p.placed && p.trouble == nil && p.next < p.stop && time.Since(p.moved) >= probeAfter {
			still = append(still, p)
		}
	}
	return still
}

// pass moves p over what holds nothing to read, if that is all that comes next.
func (s *Source) pass(ctx context.Context, p *partition) error {
	var next int64
	err := s.retry(ctx, func(ctx context.Context) (err error) {
		next, err = s.glance(ctx, p)
		return err
	})
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p.moved = time.Now()
	if s.parts[p.n] == p && p.trouble == nil && len(s.pending) == 0 {
		p.next = max(p.next, next)
	}
	return nil
}

// glance fetches once at p.next, aside from the client, and returns the offset
// behind what came if nothing of it is to be read, else p.next.
func (s *Source) glance(ctx context.Context, p *partition) (int64, error) {
	found, err := askTopic(ctx, s.client, s.cfg.Topic, false)
	if err != nil {
		return 0, err
	}
	part := kmsg.NewFetchRequestTopicPartition()
	part.Partition, part.FetchOffset, part.PartitionMaxBytes = p.n, p.next, int32(s.cfg.PartitionBytes)
	t := kmsg.NewFetchRequestTopic()
	t.Topic, t.TopicID = s.cfg.Topic, s.topic.id
	t.Partitions = append(t.Partitions, part)
	req := kmsg.NewPtrFetchRequest()
	req.ReplicaID, req.MinBytes, req.MaxBytes, req.IsolationLevel = -1, 1, int32(s.cfg.FetchBytes), 1
	req.MaxWaitMillis = int32(probeAfter.Milliseconds())
	req.SessionEpoch = -1 // no session
	req.Topics = append(req.Topics, t)
	resp, err := s.client.Broker(int(found.leaders[p.n])).RetriableRequest(ctx, req)
	if err != nil {
		return 0, err
	}
	got := resp.(*kmsg.FetchResponse)
	if err := kerr.ErrorForCode(got.ErrorCode); err != nil {
		return 0, err
	}
	for _, t := range got.Topics {
		for i := range t.Partitions {
			return s.behind(p, &t.Partitions[i])
		}
	}
	return p.next, nil
}

// behind returns the offset behind got if it holds nothing to read.
func (s *Source) behind(p *partition, got *kmsg.FetchResponseTopicPartition) (int64, error) {
	read, next := kgo.ProcessFetchPartition(kgo.ProcessFetchPartitionOpts{
		Offset: p.next, Topic: s.cfg.Topic, Partition: p.n, IsolationLevel: kgo.ReadCommitted(),
	}, got, kgo.DefaultDecompressor(), nil)
	if read.Err != nil {
		return 0, read.Err
	}
	if len(read.Records) > 0 {
		return p.next, nil
	}
	return next, nil
}
