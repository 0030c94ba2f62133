package simulate

import (
	"context"
	"strconv"
	"strings"

	"github.com/twmb/franz-go/pkg/kadm"

	"marquee/catalog/stream"
	"marquee/tests/faults/wire"
)

// groupOffsets says where the consumer group stands: the offsets that a mutant
// trusts instead of the store's.
type groupOffsets struct {
	stage *kafkaStage
	link  *wire.Link
}

// committed returns what the mutant trusts.
func (k *kafkaStage) committed(link *wire.Link) stream.Offsets { return &groupOffsets{k, link} }

// Offset implements catalog/stream.Offsets.
func (g *groupOffsets) Offset(ctx context.Context, partition string) (int64, error) {
	cl, err := g.stage.client(g.link)
	if err != nil {
		return 0, err
	}
	defer cl.Close()
	all, err := kadm.NewClient(cl).FetchOffsets(ctx, group)
	if err != nil {
		return 0, err
	}
	topic, number, _ := strings.Cut(g.stage.part(partition), "/")
	n, err := strconv.Atoi(number)
	if err != nil {
		return 0, err
	}
	if o, known := all.Lookup(topic, int32(n)); known && o.At >= 0 {
		return o.At, nil
	}
	return 0, nil
}
