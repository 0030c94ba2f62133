package simulate

import (
	"context"
	"log/slog"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"marquee/catalog/stream"
	"marquee/catalog/stream/kafka"
)

// Kafka opens catalog/stream/kafka, which is what all this is about. Its
// settings are those of production but for the times, which are short, so that
// a life holds more of everything. The rebalance timeout is so short because
// the fake broker, unlike a real one, begins it anew whenever a member joins:
// three that come in turn, each some 14 s after it came last, would keep a
// longer one from ever passing.
func Kafka(ctx context.Context, topic Topic, held stream.Offsets, lines stream.Config, opts ...kgo.Opt) (Source, error) {
	cfg := kafka.DefaultConfig()
	cfg.Brokers, cfg.Topic, cfg.Group = topic.Seeds, topic.Name, topic.Group
	cfg.Session, cfg.Heartbeat, cfg.Rebalance = session, 1500*time.Millisecond, 3500*time.Millisecond
	cfg.FetchWait = 5 * time.Second
	src, err := kafka.Open(ctx, cfg, held, lines, time.Now, slog.New(slog.DiscardHandler), append(opts, clientOptions()...)...)
	if err != nil {
		return nil, err // not src, which would be a nil that is not nil
	}
	return src, nil
}
