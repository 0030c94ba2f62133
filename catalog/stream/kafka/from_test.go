package kafka_test

import (
	"context"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"marquee/catalog"
	"marquee/catalog/stream"
)

var noon = time.Date(2026, 2, 14, 12, 0, 0, 0, time.UTC)

// stamped puts lines 0 to 99 into one partition, line i stamped i minutes after
// noon.
func stamped(t *testing.T, cl *kgo.Client) {
	t.Helper()
	for i := range 100 {
		send(t, cl, &kgo.Record{Value: []byte(line(i)), Timestamp: noon.Add(time.Duration(i) * time.Minute)})
	}
}

func TestFrom(t *testing.T) {
	t.Parallel()
	last := stream.From{Place: stream.Last, Span: time.Since(noon.Add(39*time.Minute + 30*time.Second))}
	for _, c := range []struct {
		name string
		from stream.From
		held int64 // 0: the store knows nothing
		want int   // the first line that is read
	}{
		{"earliest", stream.From{Place: stream.Earliest}, 0, 0},
		{"earliest, held", stream.From{Place: stream.Earliest}, 30, 30},
		{"earliest, replay", stream.From{Place: stream.Earliest, Replay: true}, 30, 0},
		{"latest", stream.From{Place: stream.Latest}, 0, 100},
		{"latest, held", stream.From{Place: stream.Latest}, 30, 30},
		{"latest, replay", stream.From{Place: stream.Latest, Replay: true}, 30, 100},
		{"offset", stream.From{Place: stream.AtOffset, Offset: 12}, 0, 12},
		{"offset, replay", stream.From{Place: stream.AtOffset, Offset: 12, Replay: true}, 100, 12},
		{"offset behind the end", stream.From{Place: stream.AtOffset, Offset: 1000}, 0, 100},
		{"time of a record", stream.From{Place: stream.AtTime, At: noon.Add(20 * time.Minute)}, 0, 20},
		{"time between records", stream.From{Place: stream.AtTime, At: noon.Add(20*time.Minute + time.Nanosecond)}, 0, 21},
		{"time, replay", stream.From{Place: stream.AtTime, At: noon.Add(20 * time.Minute), Replay: true}, 70, 20},
		{"time before all", stream.From{Place: stream.AtTime, At: noon.Add(-time.Hour)}, 0, 0},
		{"time before 1970", stream.From{Place: stream.AtTime, At: time.Date(1960, 1, 1, 0, 0, 0, 0, time.UTC)}, 0, 0},
		{"time after all", stream.From{Place: stream.AtTime, At: noon.Add(100 * time.Minute)}, 0, 100},
		{"last", last, 0, 40},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			brokers := cluster(t, 1)
			stamped(t, client(t, brokers))
			dst := newSink()
			p := name(brokers, 0)
			if c.held > 0 {
				dst.held[p] = c.held
			}
			cfg := config(brokers)
			cfg.From = c.from
			if sum := runOnce(t, cfg, dst); sum.Lines != int64(100-c.want) {
				t.Errorf("%d lines, want %d", sum.Lines, 100-c.want)
			}
			dst.checkOnce(t, c.want, 100)
			if c.want == 100 {
				return
			}
			first := dst.batches[0]
			wantMove := int64(c.want) != c.held
			if first.Partition != p || first.From != int64(c.want) || (first.Move != nil) != wantMove || wantMove && first.Move.Held != c.held {
				t.Errorf("first batch is of %s from %d with move %v; want %s from %d, moved from %d: %v", first.Partition, first.From, first.Move, p, c.want, c.held, wantMove)
			}
			for _, b := range dst.batches[1:] {
				if b.Move != nil {
					t.Errorf("batch from %d moves, too", b.From)
				}
			}
		})
	}
}

// What came after the Source was opened is read, though the partition is
// assigned later.
func TestFromLatestIsThatOfOpen(t *testing.T) {
	c := cluster(t, 2)
	cl := client(t, c)
	produce(t, cl, 2, 0, 40)
	dst := newSink()
	cfg := config(c)
	cfg.From = stream.From{Place: stream.Latest}
	s := open(t, cfg, dst)
	produce(t, cl, 2, 40, 60)
	stop := background(t, s, dst)
	eventually(t, "20 lines are applied", func() bool { n, _ := dst.total(); return n >= 20 })
	stop()
	dst.checkOnce(t, 40, 60)
}

// A replay rewinds once: when another reader of the store was faster, it begins
// anew; when its first batch was stored, it goes on.
func TestReplayAgainstAnotherReader(t *testing.T) {
	c := cluster(t, 1)
	produce(t, client(t, c), 1, 0, 200)
	dst := newSink()
	p := name(c, 0)
	dst.held[p] = 100
	intrusions := 0
	dst.fail = func(b catalog.Batch) error {
		if b.Move != nil && intrusions < 3 {
			intrusions++
			dst.held[p]++ // as another reader would
		}
		return nil
	}
	cfg := config(c)
	cfg.From = stream.From{Place: stream.AtOffset, Offset: 50, Replay: true}
	if sum := runOnce(t, cfg, dst); sum.Lines != 150 {
		t.Errorf("%d lines, want 150", sum.Lines)
	}
	dst.checkOnce(t, 50, 200)
	if intrusions != 3 {
		t.Errorf("%d intrusions, want 3", intrusions)
	}
}

// The first batch of a replay got through, but nobody learnt of it.
func TestReplayWithLostAnswer(t *testing.T) {
	c := cluster(t, 1)
	produce(t, client(t, c), 1, 0, 200)
	dst := newSink()
	p := name(c, 0)
	dst.held[p] = 100
	cfg := config(c)
	cfg.Once, cfg.From = true, stream.From{Place: stream.Earliest, Replay: true}
	s := open(t, cfg, dst)
	b, err := s.Fetch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := dst.Append(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	if err := s.Seek(t.Context(), p, b.To); err != nil { // as Run does after ErrOffset
		t.Fatal(err)
	}
	if _, err := stream.Run(t.Context(), s, dst, stream.RunConfig{}); err != nil {
		t.Fatal(err)
	}
	dst.checkOnce(t, 0, 200)
}

func TestPartitionThatGrowsIsReadFromItsStart(t *testing.T) {
	c := cluster(t, 1)
	cl := client(t, c)
	produce(t, cl, 1, 0, 10)
	dst := newSink()
	cfg := config(c)
	cfg.From = stream.From{Place: stream.Latest}
	s := open(t, cfg, dst, kgo.MetadataMaxAge(50*time.Millisecond), kgo.MetadataMinAge(10*time.Millisecond))
	background(t, s, dst)
	eventually(t, "the partition is assigned", func() bool { st := s.Stats(); return len(st.Partitions) == 1 && st.Partitions[0].Name != "" })
	addPartitions(t, cl, 3)
	cl2 := client(t, c)
	produce(t, cl2, 3, 10, 40)
	eventually(t, "30 lines are applied", func() bool { n, _ := dst.total(); return n >= 30 })
	dst.checkOnce(t, 10, 40)
}

func addPartitions(t *testing.T, cl *kgo.Client, total int) {
	t.Helper()
	if _, err := admin(cl).UpdatePartitions(context.Background(), total, movielog); err != nil {
		t.Fatal(err)
	}
}

// A start in the middle is the store's from the first moment: what comes while no
// reader runs is read by the next one, though the first had no line to store.
func TestStartIsKeptWithoutALine(t *testing.T) {
	t.Parallel()
	for name, from := range map[string]stream.From{
		"latest": {Place: stream.Latest}, "the end by offset": {Place: stream.AtOffset, Offset: 40}, "a time after all": {Place: stream.AtTime, At: time.Now().Add(time.Hour)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			brokers := cluster(t, 1)
			cl := client(t, brokers)
			produce(t, cl, 1, 0, 40)
			dst := newSink()
			cfg := config(brokers)
			cfg.From = from
			if sum := runOnce(t, cfg, dst); sum.Lines != 0 {
				t.Fatalf("%d lines, want none yet", sum.Lines)
			}
			produce(t, cl, 1, 40, 60)
			cfg.From = stream.From{}
			if sum := runOnce(t, cfg, dst); sum.Lines != 20 {
				t.Errorf("%d lines after a restart, want the 20 that came meanwhile", sum.Lines)
			}
			dst.checkOnce(t, 40, 60)
		})
	}
}
