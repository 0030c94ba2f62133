package kill

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"marquee/tests/faults/ledger"
)

const (
	topicName  = "movielog1"
	groupName  = "killed"
	partitions = 3
)

// pace is how often each source gets lines.
const pace = 20 * time.Millisecond

// A topic is a broker in this process and what was produced.
type topic struct {
	cluster *kfake.Cluster
	client  *kgo.Client
	lines   *ledger.Generator
	rng     *rand.Rand
	book    *ledger.Book
	ends    [partitions]int64
}

func newTopic(seed uint64, cfg ledger.Config) (*topic, error) {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(2), kfake.SeedTopics(partitions, topicName))
	if err != nil {
		return nil, err
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(cluster.ListenAddrs()...), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		cluster.Close()
		return nil, err
	}
	return &topic{cluster: cluster, client: client, lines: ledger.New(seed, cfg), rng: rand.New(rand.NewPCG(seed, 1)), book: new(ledger.Book)}, nil
}

func (k *topic) close() {
	k.client.Close()
	k.cluster.Close()
}

// url is what --source takes for the reader of that name.
func (k *topic) url(client string) string {
	return fmt.Sprintf("kafka://%s/%s?group=%s&client=%s", strings.Join(k.cluster.ListenAddrs(), ","), topicName, groupName, client)
}

// write produces some lines.
func (k *topic) write(ctx context.Context) error {
	var records []*kgo.Record
	for range 1 + k.rng.IntN(80) {
		n, l := k.rng.IntN(partitions), k.lines.Next()
		k.book.Put(k.part(n), k.ends[n], k.ends[n]+1, l)
		k.ends[n]++
		records = append(records, &kgo.Record{Topic: topicName, Partition: int32(n), Value: []byte(l.Text)})
	}
	return k.client.ProduceSync(ctx, records...).FirstErr()
}

func (k *topic) part(n int) string { return fmt.Sprintf("topic/%d", n) }

// names maps the names under which the store may hold the partitions.
func (k *topic) names(names map[string]string) {
	id := k.cluster.TopicInfo(topicName).TopicID
	for n := range partitions {
		names[ledger.TopicName(topicName, n, id)] = k.part(n)
	}
}

// bury takes the members of a dead process out of the group, which the brokers
// do by themselves only when the session is over, half a minute later.
func (k *topic) bury(client string) {
	info := k.cluster.GroupInfo(groupName)
	if info == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	for _, m := range info.Members {
		if m.ClientID != client {
			continue
		}
		req := kmsg.NewPtrLeaveGroupRequest()
		req.Group = groupName
		member := kmsg.NewLeaveGroupRequestMember()
		member.MemberID = m.MemberID
		req.Members = append(req.Members, member)
		_, _ = req.RequestWith(ctx, k.client) // it may be gone by itself
	}
}
