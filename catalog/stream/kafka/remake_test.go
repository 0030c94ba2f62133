package kafka_test

import (
	"context"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"marquee/catalog"
	"marquee/catalog/stream"
	"marquee/catalog/stream/kafka"
)

// hasty makes a client notice soon that a topic changed.
func hasty() []kgo.Opt {
	return []kgo.Opt{kgo.MetadataMinAge(10 * time.Millisecond), kgo.RetryBackoffFn(func(int) time.Duration { return 10 * time.Millisecond })}
}

// again deletes the topic and makes it anew.
func again(t *testing.T, c *kfake.Cluster, partitions int32) {
	t.Helper()
	old := name(c, 0)
	if err := c.DeleteTopic(movielog); err != nil {
		t.Fatal(err)
	}
	if err := c.CreateTopic(movielog, partitions, nil); err != nil {
		t.Fatal(err)
	}
	if name(c, 0) == old {
		t.Fatal("the topic has the same id, want another")
	}
}

// A topic that is made anew while it is read is read from its first record,
// though it was written before that was noticed, and wherever the first began.
func TestTopicMadeAnewIsReadFromItsStart(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		from  stream.From
		first int // the first line that is read of the old topic
	}{
		{"latest", stream.From{Place: stream.Latest}, 30},
		{"latest, replay", stream.From{Place: stream.Latest, Replay: true}, 30},
		{"offset", stream.From{Place: stream.AtOffset, Offset: 12}, 12},
		{"offset, replay", stream.From{Place: stream.AtOffset, Offset: 12, Replay: true}, 12},
		{"time to come", stream.From{Place: stream.AtTime, At: time.Now().Add(time.Hour)}, 30},
		{"last", stream.From{Place: stream.Last, Span: time.Nanosecond}, 30},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			brokers := cluster(t, 1)
			cl := client(t, brokers)
			for i := range 30 {
				send(t, cl, &kgo.Record{Value: []byte(line(i)), Timestamp: noon})
			}
			dst := newSink()
			cfg := config(brokers)
			cfg.From = c.from
			s := open(t, cfg, dst, hasty()...)
			background(t, s, dst)
			eventually(t, "the partition is placed", func() bool { st := s.Stats(); return len(st.Partitions) == 1 && st.Partitions[0].Name != "" })
			produce(t, cl, 1, 30, 60)
			eventually(t, "the first topic is applied", func() bool { n, _ := dst.total(); return n >= 60-c.first })
			again(t, brokers, 1)
			fresh := client(t, brokers)
			for i := 60; i < 100; i++ { // as old as the others: no time finds them
				send(t, fresh, &kgo.Record{Value: []byte(line(i)), Timestamp: noon})
			}
			eventually(t, "it is noticed", func() bool { return s.Stats().Remade > 0 })
			eventually(t, "the new topic is placed", func() bool {
				st := s.Stats()
				return len(st.Partitions) == 1 && st.Partitions[0].Name == name(brokers, 0)
			})
			produce(t, fresh, 1, 100, 110)
			eventually(t, "the last line is applied", func() bool {
				dst.mu.Lock()
				defer dst.mu.Unlock()
				return dst.applied[key(109)] > 0
			})
			dst.checkOnce(t, c.first, 110)
		})
	}
}

// Brokers that do not know the topic for a while, and then the same one again,
// do not move where "latest" is, nor where a replay began.
func TestTopicThatWasAwayIsTheSame(t *testing.T) {
	t.Parallel()
	brokers := cluster(t, 1)
	cl := client(t, brokers)
	produce(t, cl, 1, 0, 30)
	dst := newSink()
	cfg := config(brokers)
	cfg.From = stream.From{Place: stream.Latest}
	brokers.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Err: kerr.UnknownTopicID, Count: 8})
	s := open(t, cfg, dst, hasty()...)
	produce(t, cl, 1, 30, 60)
	background(t, s, dst)
	eventually(t, "what came since is applied", func() bool {
		dst.mu.Lock()
		defer dst.mu.Unlock()
		return dst.applied[key(59)] > 0
	})
	dst.checkOnce(t, 30, 60)
	if n := s.Stats().Remade; n != 0 {
		t.Errorf("remade %d times, want 0", n)
	}
}

// A ledger is a sink that tells the names it holds offsets of, too.
type ledger struct {
	*sink
	silent int // times that it is away before it tells
	asked  int
}

func (l *ledger) Partitions(_ context.Context, prefix string, limit int) ([]string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.asked++; l.asked <= l.silent {
		return nil, catalog.ErrUnavailable
	}
	var names []string
	for name := range l.held {
		if strings.HasPrefix(name, prefix) && len(names) < limit {
			names = append(names, name)
		}
	}
	return names, nil
}

// A topic that was made anew between two Sources is known by the names in the
// store, and begins at its first record; another one's name says nothing, nor do
// other partitions of the same.
func TestTopicMadeAnewBetweenSources(t *testing.T) {
	t.Parallel()
	const old = "kafka:" + movielog + "/0@AAAAAAAAAAAAAAAAAAAAAQ"
	latest := stream.From{Place: stream.Latest}
	for _, c := range []struct {
		name  string
		held  func(id string) map[string]int64
		from  stream.From
		first int // the first line that is read
		asked int
	}{
		{"made anew", func(string) map[string]int64 { return map[string]int64{old: 500} }, latest, 0, 3},
		{"made anew, offset", func(string) map[string]int64 { return map[string]int64{old: 500} }, stream.From{Place: stream.AtOffset, Offset: 25}, 0, 3},
		{"made anew, replay", func(string) map[string]int64 { return map[string]int64{old: 500} }, stream.From{Place: stream.AtOffset, Offset: 25, Replay: true}, 25, 0},
		{"made anew, earliest", func(string) map[string]int64 { return map[string]int64{old: 500} }, stream.From{Place: stream.Earliest}, 0, 0},
		{"made anew, read since", func(id string) map[string]int64 { return map[string]int64{old: 500, id: 10} }, latest, 10, 3},
		{"never read", func(string) map[string]int64 { return nil }, latest, 30, 3},
		{"other partition", func(id string) map[string]int64 {
			return map[string]int64{strings.Replace(id, "/0@", "/1@", 1): 7}
		}, latest, 30, 3},
		{"other topic", func(string) map[string]int64 {
			return map[string]int64{"kafka:" + movielog + "0/0@AAAA": 7, "kafka:x/0@AAAA": 7}
		}, latest, 30, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			brokers := cluster(t, 1)
			cl := client(t, brokers)
			produce(t, cl, 1, 0, 30)
			dst := &ledger{sink: newSink(), silent: 2}
			maps.Copy(dst.held, c.held(name(brokers, 0)))
			cfg := config(brokers)
			cfg.From = c.from
			s, err := kafka.Open(t.Context(), cfg, dst, lines(), time.Now, quiet())
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			stop := background(t, s, dst.sink)
			eventually(t, "the partition is placed", func() bool { st := s.Stats(); return len(st.Partitions) == 1 && st.Partitions[0].Name != "" })
			produce(t, cl, 1, 30, 40)
			eventually(t, "the last line is applied", func() bool {
				dst.mu.Lock()
				defer dst.mu.Unlock()
				return dst.applied[key(39)] > 0
			})
			stop()
			dst.checkOnce(t, c.first, 40)
			if dst.asked != c.asked {
				t.Errorf("the store was asked for names %d times, want %d", dst.asked, c.asked)
			}
		})
	}
}
