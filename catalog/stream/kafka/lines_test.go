package kafka_test

import (
	"fmt"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"marquee/catalog/stream"
)

// Each record is one line, whatever is in it.
func TestLines(t *testing.T) {
	c := cluster(t, 1)
	list := "2022-11-14T12:23:12,1,recommendation request h, status 200, result: a, 1 ms"
	values := []struct {
		value  []byte
		reason stream.Reason
	}{
		{[]byte(line(0)), stream.Accepted},
		{[]byte(line(1) + "\n"), stream.Accepted},
		{[]byte(line(2) + "\r\n"), stream.Accepted},
		{nil, stream.Empty}, // a tombstone
		{[]byte{}, stream.Empty},
		{[]byte("\n"), stream.Empty},
		{[]byte(line(3) + "\n" + line(4)), stream.BadMinute},
		{[]byte(line(3) + "\n" + line(4) + "\n"), stream.BadMinute},
		{[]byte(list + "\n" + list), stream.BadRecommendation},
		{[]byte("noise"), stream.MissingField},
		{make([]byte, stream.MaxLineBytes+1), stream.LineTooLong},
		{[]byte(list), stream.Accepted},
	}
	cl := client(t, c)
	for i, v := range values {
		send(t, cl, &kgo.Record{Key: fmt.Append(nil, i), Value: v.value})
	}
	dst := newSink()
	sum := runOnce(t, config(c), dst)
	if sum.Lines != int64(len(values)) || sum.Kept.Watch != 3 || dst.lists != 1 {
		t.Errorf("%+v, want %d lines, 3 of them watches and 1 a recommendation", sum, len(values))
	}
	dst.checkOnce(t, 0, 3)
	got := map[int64]string{}
	for _, r := range dst.refused {
		got[r.Offset] = r.Reason
		if r.Source != name(c, 0) || len(r.Line) > stream.MaxKeptBytes || r.At.IsZero() {
			t.Errorf("refused line at %d: source %s, %d bytes, at %v", r.Offset, r.Source, len(r.Line), r.At)
		}
	}
	for i, v := range values {
		if got[int64(i)] != string(v.reason) {
			t.Errorf("record %d, %.40q: refused for %q, want %q", i, v.value, got[int64(i)], v.reason)
		}
	}
}

func TestPartitionsAreReadInBatchesOfTheirOwn(t *testing.T) {
	c := cluster(t, 3)
	produce(t, client(t, c), 3, 0, 600)
	dst := newSink()
	runOnce(t, config(c), dst)
	dst.checkOnce(t, 0, 600)
	for _, b := range dst.batches {
		if n := b.To - b.From; n < 1 || n > 50 {
			t.Errorf("%s: batch of %d lines, want 1 to 50", b.Partition, n)
		}
		if b.ReadAt.IsZero() {
			t.Errorf("%s from %d: no time of reading", b.Partition, b.From)
		}
	}
	for n := range 3 {
		if held := dst.held[name(c, n)]; held != 200 {
			t.Errorf("%s: held %d, want 200", name(c, n), held)
		}
	}
}
