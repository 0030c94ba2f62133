package simulate

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// bury takes a life that ended out of the group when its session is over. A
// real broker does that by itself. The fake one forgets to, if the member's
// connection broke while it waited to join: it would hold partitions for ever.
func (k *kafkaStage) bury(ctx context.Context, life string) {
	if sleep(ctx, session+time.Second) != nil {
		return
	}
	info := k.cluster.GroupInfo(group)
	if info == nil {
		return
	}
	for _, m := range info.Members {
		if m.ClientID == life {
			k.leave(ctx, m.MemberID)
		}
	}
}

func (k *kafkaStage) leave(ctx context.Context, memberID string) {
	cl, err := k.client(k.net.Sturdy())
	if err != nil {
		return
	}
	defer cl.Close()
	req := kmsg.NewPtrLeaveGroupRequest()
	req.Group = group
	m := kmsg.NewLeaveGroupRequestMember()
	m.MemberID = memberID
	req.Members = append(req.Members, m)
	_, _ = req.RequestWith(ctx, cl) // it may be gone by itself
}
