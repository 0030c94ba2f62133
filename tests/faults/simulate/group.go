package simulate

import (
	"context"
	"strconv"
	"strings"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"marquee/tests/faults/wire"
)

// groupOffsets says where the consumer group stands: the offsets that a mutant
// trusts instead of the store's.
type groupOffsets struct {
	world *world
	link  *wire.Link
}

// Offset implements catalog/stream.Offsets.
func (g *groupOffsets) Offset(ctx context.Context, partition string) (int64, error) {
	cl, err := kgo.NewClient(append(clientOptions(), kgo.SeedBrokers(g.world.seeds()...), kgo.Dialer(g.link.DialContext))...)
	if err != nil {
		return 0, err
	}
	defer cl.Close()
	all, err := kadm.NewClient(cl).FetchOffsets(ctx, group)
	if err != nil {
		return 0, err
	}
	n, err := strconv.Atoi(partOf(partition))
	if err != nil {
		return 0, err
	}
	if o, known := all.Lookup(g.world.topic, int32(n)); known && o.At >= 0 {
		return o.At, nil
	}
	return 0, nil
}

// partOf returns the number of a Kafka partition from the name under which its
// offset is stored: "kafka:TOPIC/NUMBER@...".
func partOf(partition string) string {
	_, rest, _ := strings.Cut(partition, "/")
	number, _, _ := strings.Cut(rest, "@")
	return number
}

// clientOptions are those of every client here.
func clientOptions() []kgo.Opt { return []kgo.Opt{kgo.DisableClientMetrics()} }
