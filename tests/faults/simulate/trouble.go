package simulate

import (
	"context"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

func (k *kafkaStage) trouble(ctx context.Context, t Trouble) {
	switch t.Act {
	case BrokerAway:
		port := 1 + t.Which%k.plan.Brokers
		k.net.SetAway(port, true)
		_ = sleep(ctx, t.For)
		k.net.SetAway(port, false)
	case BreakConnections:
		k.net.BreakAll()
	case MoveLeaders:
		k.cluster.ShufflePartitionLeaders()
	case MoveCoordinators:
		k.cluster.RehashCoordinators()
	default:
		k.failRequests(t)
	}
}

// requestFaults are the answers with which requests fail.
var requestFaults = map[Act]struct {
	keys []kmsg.Key
	errs []*kerr.Error
}{
	FailFetches:    {[]kmsg.Key{kmsg.Fetch}, []*kerr.Error{kerr.NotLeaderForPartition, kerr.UnknownServerError, kerr.KafkaStorageError}},
	FailCommits:    {[]kmsg.Key{kmsg.OffsetCommit}, []*kerr.Error{kerr.NotCoordinator, kerr.RebalanceInProgress, kerr.UnknownMemberID, kerr.IllegalGeneration, kerr.CoordinatorLoadInProgress}},
	FailHeartbeats: {[]kmsg.Key{kmsg.Heartbeat}, []*kerr.Error{kerr.RebalanceInProgress, kerr.UnknownMemberID, kerr.IllegalGeneration, kerr.NotCoordinator}},
	FailJoins:      {[]kmsg.Key{kmsg.JoinGroup, kmsg.SyncGroup}, []*kerr.Error{kerr.UnknownMemberID, kerr.NotCoordinator, kerr.CoordinatorLoadInProgress, kerr.RebalanceInProgress}},
	FailOffsets:    {[]kmsg.Key{kmsg.ListOffsets, kmsg.OffsetFetch, kmsg.OffsetForLeaderEpoch}, []*kerr.Error{kerr.NotLeaderForPartition, kerr.CoordinatorLoadInProgress, kerr.UnknownServerError}},
}

func (k *kafkaStage) failRequests(t Trouble) {
	f := requestFaults[t.Act]
	k.cluster.Fault(kfake.Fault{
		Keys: f.keys, TopLevel: t.Act == FailHeartbeats || t.Act == FailJoins,
		Err: f.errs[t.Which%len(f.errs)], Count: t.Count,
	})
}
