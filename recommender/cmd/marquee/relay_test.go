package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"marquee/catalog"
)

// changesIn returns the changes in the topic, whose records must be typed and
// keyed, as "seq kind subject".
func changesIn(t *testing.T, c *kfake.Cluster, topic string) []string {
	t.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(c.ListenAddrs()...), kgo.ConsumeTopics(topic))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	list := []string{}
	for int64(len(list)) < c.PartitionInfo(topic, 0).HighWatermark {
		got := cl.PollFetches(ctx)
		if err := got.Err(); err != nil {
			t.Fatal(err)
		}
		for _, r := range got.Records() {
			var change catalog.Change
			if err := json.Unmarshal(r.Value, &change); err != nil {
				t.Fatal(err)
			}
			if len(r.Headers) != 1 || r.Headers[0].Key != "type" || string(r.Headers[0].Value) != "change" || string(r.Key) != change.Subject {
				t.Errorf("change %d has key %s and headers %v, want its subject and its type", change.Seq, r.Key, r.Headers)
			}
			list = append(list, fmt.Sprint(change.Seq, " ", change.Kind, " ", change.Subject))
		}
	}
	return list
}

// The log of changes is written to a topic in order, each once; all of it to a
// topic that was made anew or is in another cluster, and what was removed from the
// log before is told.
func TestRelay(t *testing.T) {
	brokers := func() *kfake.Cluster {
		c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "changes"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.Close)
		return c
	}
	s := newShell(t)
	lines := s.file("movielog.log", "2024-01-01T10:00:00,1,GET /data/m/heat+1995/0.mpg\n")
	relay := func(c *kfake.Cluster) (log string) {
		t.Helper()
		_, log, code := s.run("ingest", "--source", "file:"+lines, "--once", "--changes-topic", "kafka://"+c.ListenAddrs()[0]+"/changes")
		if code != 0 {
			t.Fatalf("exit %d\n%s", code, log)
		}
		return log
	}
	s.must("import", "jsonl", s.file("films.jsonl", films))
	want := []string{"1 movie heat+1995", "2 movie ronin+1998", "3 movie the+score+2001", "4 movie amelie+2001"}
	check := func(c *kfake.Cluster) {
		t.Helper()
		if got := changesIn(t, c, "changes"); strings.Join(got, ", ") != strings.Join(want, ", ") {
			t.Errorf("the topic holds %q, want %q", got, want)
		}
	}
	first := brokers()
	for range 2 { // the second time there is nothing to write
		if log := relay(first); strings.Contains(log, "removed") {
			t.Errorf("nothing is missing, the log tells of it:\n%s", log)
		}
		check(first)
	}
	s.must("import", "jsonl", s.file("more.jsonl", `{"id":"up+2009","title":"Up","year":2009}`))
	want = append(want, "5 movie up+2009")
	relay(first)
	check(first)

	other := brokers() // a topic of the same name
	relay(other)
	check(other)

	if err := first.DeleteTopic("changes"); err != nil {
		t.Fatal(err)
	}
	if err := first.CreateTopic("changes", 1, nil); err != nil {
		t.Fatal(err)
	}
	relay(first)
	check(first)

	s.must("store", "prune", "--keep-changes", "1ms")
	want = want[4:]
	third := brokers()
	if log := relay(third); !strings.Contains(log, "changes=4 after=0 before=5") {
		t.Errorf("nothing tells of 4 changes that were removed:\n%s", log)
	}
	check(third)
}

// Changes that are missing are counted between those that are there.
func TestGap(t *testing.T) {
	list := func(seqs ...int64) (list []catalog.Change) {
		for _, seq := range seqs {
			list = append(list, catalog.Change{Seq: seq})
		}
		return list
	}
	var g gap
	g.look(7, list(8, 9))
	if g != (gap{}) {
		t.Errorf("nothing is missing, got %+v", g)
	}
	g.look(9, list(10, 13, 14))
	g.look(14, list(20))
	g.look(20, list(21))
	if want := (gap{changes: 7, after: 10, before: 20}); g != want {
		t.Errorf("got %+v, want %+v", g, want)
	}
}
