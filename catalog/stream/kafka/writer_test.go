package kafka_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"marquee/catalog"
	"marquee/catalog/stream/kafka"
)

func writer(t testing.TB, c *kfake.Cluster, set func(*kafka.WriterConfig), opts ...kgo.Opt) *kafka.Writer {
	t.Helper()
	cfg := kafka.DefaultWriterConfig()
	cfg.Brokers, cfg.Exposures, cfg.Changes, cfg.Timeout = c.ListenAddrs(), "exposures", "changes", 5*time.Second
	if set != nil {
		set(&cfg)
	}
	w, err := kafka.NewWriter(cfg, quiet(), opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	return w
}

func exposure(i int) catalog.Exposure {
	e := catalog.Exposure{
		RequestID: fmt.Sprintf("r%d", i), At: noon.Add(time.Duration(i) * time.Second), User: catalog.UserID(fmt.Sprint(i % 7)),
		Bundle: "b1", Sequence: int64(i), Tier: "personal",
		Movies: []catalog.Exposed{{Movie: "heat+1995", Source: "neighbours", Propensity: 1}, {Movie: "m+1931", Source: "explore", Propensity: 0.25}},
		Input:  []byte("what somebody watched"),
	}
	if i%2 == 0 {
		e.Experiment, e.Arm = "cost", "b"
	}
	return e
}

// read returns the first n records of topic, each partition's in order.
func read(t *testing.T, c *kfake.Cluster, topic string, n int) []*kgo.Record {
	t.Helper()
	cl := client(t, c, kgo.ConsumeTopics(topic))
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	var records []*kgo.Record
	for len(records) < n {
		got := cl.PollFetches(ctx)
		if err := got.Err(); err != nil {
			t.Fatal(err)
		}
		records = append(records, got.Records()...)
	}
	return records
}

func headers(r *kgo.Record) map[string]string {
	m := map[string]string{}
	for _, h := range r.Headers {
		m[h.Key] = string(h.Value)
	}
	return m
}

func TestWriteExposures(t *testing.T) {
	c := cluster(t, 3, kfake.SeedTopics(3, "exposures", "changes"))
	w := writer(t, c, nil)
	var group sync.WaitGroup
	for from := 0; from < 100; from += 20 {
		group.Go(func() {
			var list []catalog.Exposure
			for i := from; i < from+20; i++ {
				list = append(list, exposure(i))
			}
			if err := w.WriteExposures(t.Context(), list); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	seen, place := map[string]bool{}, map[string]int32{}
	for _, r := range read(t, c, "exposures", 100) {
		var got catalog.Exposure
		if err := json.Unmarshal(r.Value, &got); err != nil {
			t.Fatal(err)
		}
		want := exposure(int(got.Sequence))
		want.Input = nil // which stays in the store
		if bytes.Contains(r.Value, []byte("input")) {
			t.Errorf("record %s holds an input, want none", r.Value)
		}
		if !reflect.DeepEqual(got, want) || seen[got.RequestID] || string(r.Key) != string(want.User) {
			t.Errorf("got %+v under key %s, want %+v once", got, r.Key, want)
		}
		seen[got.RequestID] = true
		if p, known := place[string(r.Key)]; known && p != r.Partition {
			t.Errorf("user %s is in partitions %d and %d, want one", r.Key, p, r.Partition)
		}
		place[string(r.Key)] = r.Partition
		tags := map[string]string{"type": "exposure"}
		if want.Experiment != "" {
			tags["experiment"], tags["arm"] = "cost", "b"
		}
		if !reflect.DeepEqual(headers(r), tags) {
			t.Errorf("headers %v, want %v", headers(r), tags)
		}
	}
}

func TestWriteChanges(t *testing.T) {
	c := cluster(t, 3, kfake.SeedTopics(3, "exposures", "changes"))
	w := writer(t, c, nil)
	want := []catalog.Change{
		{Seq: 1, At: noon, Kind: catalog.ChangeHide, Subject: "heat+1995"},
		{Seq: 2, At: noon.Add(time.Second), Kind: catalog.ChangeExperiment, Subject: "cost", Detail: json.RawMessage(`{"arms":2}`)},
	}
	if err := w.WriteChanges(t.Context(), want); err != nil {
		t.Fatal(err)
	}
	for _, r := range read(t, c, "changes", 2) {
		var got catalog.Change
		if err := json.Unmarshal(r.Value, &got); err != nil {
			t.Fatal(err)
		}
		if w := want[got.Seq-1]; !reflect.DeepEqual(got, w) || string(r.Key) != w.Subject || headers(r)["type"] != "change" {
			t.Errorf("got %+v under key %s with headers %v, want %+v", got, r.Key, headers(r), w)
		}
	}
	if err := w.WriteChanges(t.Context(), nil); err != nil {
		t.Errorf("no changes: %v", err)
	}
}

func TestWriteErrors(t *testing.T) {
	c := cluster(t, 1, kfake.SeedTopics(1, "exposures"))
	one := []catalog.Exposure{exposure(1)}
	only := writer(t, c, func(cfg *kafka.WriterConfig) { cfg.Changes = "" })
	if err := only.WriteChanges(t.Context(), nil); !errors.Is(err, catalog.ErrInvalid) {
		t.Errorf("no topic for changes: %v, want ErrInvalid", err)
	}
	if err := only.WriteExposures(t.Context(), one); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := only.WriteExposures(ctx, one); !errors.Is(err, context.Canceled) || errors.Is(err, catalog.ErrUnavailable) {
		t.Errorf("cancelled: %v, want its error alone", err)
	}
	absent := writer(t, c, func(cfg *kafka.WriterConfig) { cfg.Exposures = "nowhere" }, fast()...)
	if err := absent.WriteExposures(t.Context(), one); !errors.Is(err, kerr.UnknownTopicOrPartition) {
		t.Errorf("unknown topic: %v, want it to say so", err)
	}
	large := exposure(1)
	large.Tier = string(make([]byte, 2<<20))
	if err := only.WriteExposures(t.Context(), []catalog.Exposure{large}); !errors.Is(err, kerr.MessageTooLarge) {
		t.Errorf("a list of 2 MiB: %v, want it too large", err)
	}
	only.Close()
	if err := only.WriteExposures(t.Context(), one); !errors.Is(err, kgo.ErrClientClosed) {
		t.Errorf("closed: %v, want it to say so", err)
	}
	if err := only.Close(); err != nil {
		t.Errorf("closed again: %v", err)
	}
}

// Brokers that do not answer hold up a write for its timeout, and the buffer
// stays small.
func TestWriteToBrokersThatAreAway(t *testing.T) {
	t.Parallel()
	c := cluster(t, 1, kfake.SeedTopics(1, "exposures"))
	w := writer(t, c, func(cfg *kafka.WriterConfig) { cfg.Timeout, cfg.BufferRecords = time.Second, 10 })
	c.Close()
	list := make([]catalog.Exposure, 30)
	for i := range list {
		list[i] = exposure(i)
	}
	if err := w.WriteExposures(t.Context(), list); !errors.Is(err, catalog.ErrUnavailable) {
		t.Errorf("got %v, want ErrUnavailable", err)
	}
	if w.Away().IsZero() {
		t.Error("not away")
	}
}

// The client repeats a write whose answer was lost, and the brokers have it
// once.
func TestWriteOnceThoughTheAnswerIsLost(t *testing.T) {
	c := cluster(t, 1, kfake.SeedTopics(1, "exposures"))
	w := writer(t, c, nil, fast()...)
	c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.RequestTimedOut, Count: 2}) // answered so after it was done
	for i := range 5 {
		if err := w.WriteExposures(t.Context(), []catalog.Exposure{exposure(i)}); err != nil {
			t.Fatal(err)
		}
	}
	if got := c.PartitionInfo("exposures", 0).HighWatermark; got != 5 {
		t.Errorf("%d records, want 5", got)
	}
}

// The topic of changes is named by its id, and one that is made anew is written to
// under its new name by the same Writer.
func TestChangesTopic(t *testing.T) {
	t.Parallel()
	c := cluster(t, 1, kfake.SeedTopics(1, "exposures", "changes"))
	w := writer(t, c, nil, fast()...)
	names := map[string]bool{}
	for i := range 3 {
		name, err := w.ChangesTopic(t.Context())
		if partition := kafka.PartitionName("changes", 0, c.TopicInfo("changes").TopicID, ""); err != nil || strings.Replace(partition, "/0@", "@", 1) != name {
			t.Errorf("name is %s, %v; want that of partition %s", name, err, partition)
		}
		names[name] = true
		change := catalog.Change{Seq: int64(i + 1), At: noon, Kind: catalog.ChangeHide, Subject: "heat+1995"}
		if err := w.WriteChanges(t.Context(), []catalog.Change{change}); err != nil {
			t.Fatal(err)
		}
		if got := read(t, c, "changes", 1); len(got) != 1 {
			t.Errorf("%d records, want the one of this topic", len(got))
		}
		if err := c.DeleteTopic("changes"); err != nil {
			t.Fatal(err)
		}
		if err := c.CreateTopic("changes", 1, nil); err != nil {
			t.Fatal(err)
		}
	}
	if len(names) != 3 {
		t.Errorf("names are %v, want three", names)
	}
	if _, err := writer(t, c, func(cfg *kafka.WriterConfig) { cfg.Changes = "nowhere" }).ChangesTopic(t.Context()); !errors.Is(err, kerr.UnknownTopicOrPartition) {
		t.Errorf("unknown topic: %v, want it to say so", err)
	}
	if _, err := writer(t, c, func(cfg *kafka.WriterConfig) { cfg.Changes = "" }).ChangesTopic(t.Context()); !errors.Is(err, catalog.ErrInvalid) {
		t.Errorf("no topic: %v, want ErrInvalid", err)
	}
	w.Close()
	if _, err := w.ChangesTopic(t.Context()); !errors.Is(err, kgo.ErrClientClosed) {
		t.Errorf("closed: %v, want it to say so", err)
	}
}
