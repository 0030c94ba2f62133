package kafka

import (
	"context"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// What brokers take for times of the ends of a log.
const (
	atStart = -2
	atEnd   = -1
)

// list asks for the first offset at or after a time, in milliseconds since
// 1970, of each partition in ask, or for atStart or atEnd. A partition without
// such a record has offset -1. With committed, the end is that of the records
// that are visible, where the first open transaction begins.
func list(ctx context.Context, cl *kgo.Client, topic string, ask map[int32]int64, committed bool) (map[int32]int64, error) {
	if len(ask) == 0 {
		return nil, nil
	}
	req := kmsg.NewPtrListOffsetsRequest()
	req.ReplicaID = -1
	if committed {
		req.IsolationLevel = 1
	}
	t := kmsg.NewListOffsetsRequestTopic()
	t.Topic = topic
	for n, at := range ask {
		p := kmsg.NewListOffsetsRequestTopicPartition()
		p.Partition, p.Timestamp = n, at
		t.Partitions = append(t.Partitions, p)
	}
	req.Topics = append(req.Topics, t)
	resp, err := req.RequestWith(ctx, cl)
	if err != nil {
		return nil, err
	}
	found := make(map[int32]int64, len(ask))
	for _, t := range resp.Topics {
		for _, p := range t.Partitions {
			if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
				return nil, err
			}
			found[p.Partition] = p.Offset
		}
	}
	for n := range ask {
		if _, ok := found[n]; !ok {
			return nil, kerr.UnknownTopicOrPartition
		}
	}
	return found, nil
}

// all asks the same of every partition in ns.
func all(ns []int32, at int64) map[int32]int64 {
	ask := make(map[int32]int64, len(ns))
	for _, n := range ns {
		ask[n] = at
	}
	return ask
}

// epochEnd returns where the log of a partition ends that leaders up to epoch
// wrote; -1 when the broker does not know of that epoch.
func epochEnd(ctx context.Context, cl *kgo.Client, topic string, n, epoch int32) (int64, error) {
	req := kmsg.NewPtrOffsetForLeaderEpochRequest()
	req.ReplicaID = -1
	t := kmsg.NewOffsetForLeaderEpochRequestTopic()
	t.Topic = topic
	p := kmsg.NewOffsetForLeaderEpochRequestTopicPartition()
	p.Partition, p.LeaderEpoch = n, epoch
	t.Partitions = append(t.Partitions, p)
	req.Topics = append(req.Topics, t)
	resp, err := req.RequestWith(ctx, cl)
	if err != nil {
		return 0, err
	}
	if len(resp.Topics) == 0 || len(resp.Topics[0].Partitions) == 0 {
		return 0, kerr.UnknownTopicOrPartition
	}
	answer := resp.Topics[0].Partitions[0] // the one that was asked for
	return answer.EndOffset, kerr.ErrorForCode(answer.ErrorCode)
}

// A topic is what brokers say of one.
type topic struct {
	id      [16]byte // zero before Kafka 2.8
	cluster string
	leaders map[int32]int32 // of each partition, the broker
	ends    map[int32]int64 // of each partition
}

// askTopic asks for the topic, and for its ends with ends.
func askTopic(ctx context.Context, cl *kgo.Client, name string, ends bool) (topic, error) {
	req := kmsg.NewPtrMetadataRequest()
	req.AllowAutoTopicCreation = false
	t := kmsg.NewMetadataRequestTopic()
	t.Topic = &name
	req.Topics = append(req.Topics, t)
	resp, err := req.RequestWith(ctx, cl)
	if err != nil {
		return topic{}, err
	}
	if len(resp.Topics) != 1 {
		return topic{}, kerr.UnknownTopicOrPartition
	}
	got := resp.Topics[0]
	if err := kerr.ErrorForCode(got.ErrorCode); err != nil {
		return topic{}, err
	}
	found := topic{id: got.TopicID, leaders: map[int32]int32{}}
	if resp.ClusterID != nil {
		found.cluster = *resp.ClusterID
	}
	ns := make([]int32, 0, len(got.Partitions))
	for _, p := range got.Partitions {
		found.leaders[p.Partition] = p.Leader
		ns = append(ns, p.Partition)
	}
	if !ends {
		return found, nil
	}
	found.ends, err = list(ctx, cl, name, all(ns, atEnd), true)
	return found, err
}
