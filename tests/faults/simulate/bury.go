package simulate

import (
	"context"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// session is how long a silent member keeps its partitions.
const session = 10 * time.Second

// clientID names a life, so that its member can be found in the group.
func (p *process) clientID(n int) string {
	return "process-" + strconv.Itoa(p.number) + "-life-" + strconv.Itoa(n)
}

// bury takes a life that ended out of the group when its session is over. A
// real broker does that by itself. The fake one forgets to, if the member's
// connection broke while it waited to join: it would hold partitions for ever.
func (w *world) bury(ctx context.Context, clientID string) {
	if sleep(ctx, session+time.Second) != nil {
		return
	}
	info := w.cluster.GroupInfo(group)
	if info == nil {
		return
	}
	for _, m := range info.Members {
		if m.ClientID == clientID {
			w.leave(ctx, m.MemberID)
		}
	}
}

func (w *world) leave(ctx context.Context, memberID string) {
	cl, err := kgo.NewClient(append(clientOptions(), kgo.SeedBrokers(w.seeds()...), kgo.Dialer(w.net.Sturdy().DialContext))...)
	if err != nil {
		w.note(err)
		return
	}
	defer cl.Close()
	req := kmsg.NewPtrLeaveGroupRequest()
	req.Group = group
	m := kmsg.NewLeaveGroupRequestMember()
	m.MemberID = memberID
	req.Members = append(req.Members, m)
	if _, err := req.RequestWith(ctx, cl); err != nil && ctx.Err() == nil {
		w.note(err)
	}
}
