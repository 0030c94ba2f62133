package kafka

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"marquee/catalog/catalogtest/pgtest"
	"marquee/tests/simulator"
)

// binary is the program, built once if there is a broker to try it on.
var binary string

func TestMain(m *testing.M) { os.Exit(build(m)) }

func build(m *testing.M) int {
	if os.Getenv(EnvJars) == "" {
		return pgtest.Main(m) // every test is skipped
	}
	dir, err := os.MkdirTemp("", "marquee-kafka-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "marquee")
	if out, err := exec.Command("go", "build", "-o", binary, "marquee/recommender/cmd/marquee").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "%s\n%v\n", out, err)
		return 1
	}
	return pgtest.Main(m)
}

// A summary is what ingest prints.
type summary struct {
	Lines   int64            `json:"lines"`
	Kept    map[string]int64 `json:"kept"`
	Refused map[string]int64 `json:"refused"`
}

// An outcome is how the program ended.
type outcome struct {
	summary
	stderr string
	err    error
}

// program returns a command of the program on a home of its own.
func program(ctx context.Context, home string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, binary, args...)
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "MARQUEE_") {
			cmd.Env = append(cmd.Env, kv)
		}
	}
	cmd.Env = append(cmd.Env, "MARQUEE_HOME="+home, "MARQUEE_OUTPUT=json", "MARQUEE_QUIET=true")
	return cmd
}

// try runs the program to its end.
func try(t *testing.T, home string, args ...string) outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var stdout, stderr bytes.Buffer
	cmd := program(ctx, home, args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	o := outcome{err: cmd.Run(), stderr: stderr.String()}
	if o.err == nil {
		if err := json.Unmarshal(stdout.Bytes(), &o.summary); err != nil {
			t.Fatalf("marquee %s: %v in %s", strings.Join(args, " "), err, &stdout)
		}
	}
	return o
}

// ingest runs an ingest that must work.
func ingest(t *testing.T, home string, args ...string) summary {
	t.Helper()
	o := try(t, home, append([]string{"ingest"}, args...)...)
	if o.err != nil {
		t.Fatalf("marquee ingest %s: %v\n%s", strings.Join(args, " "), o.err, o.stderr)
	}
	return o.summary
}

// admin returns a client of b.
func admin(t *testing.T, b *Broker) *kadm.Client {
	t.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(b.Plain), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cl.Close)
	return kadm.NewClient(cl)
}

// create makes a topic.
func create(t *testing.T, b *Broker, topic string, partitions int32) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, err := admin(t, b).CreateTopic(ctx, partitions, 1, nil, topic); err != nil {
		t.Fatal(err)
	}
}

// produce writes lines, whole ones in turn to each partition.
func produce(t *testing.T, b *Broker, topic string, partitions int32, lines []string) {
	t.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(b.Plain), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.DefaultProduceTopic(topic))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	failed := make(chan error, len(lines))
	for i, line := range lines {
		cl.Produce(ctx, &kgo.Record{Partition: int32(i) % partitions, Value: []byte(line)}, func(_ *kgo.Record, err error) {
			if err != nil {
				failed <- err
			}
		})
	}
	if err := cl.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-failed:
		t.Fatal(err)
	default:
	}
}

// sampleLines returns the real lines if they are there, else those of an invented world.
func sampleLines(t *testing.T) []string {
	t.Helper()
	if data := os.Getenv("MARQUEE_DATA"); data != "" {
		text, err := os.ReadFile(filepath.Join(data, "course-sample", "movielog.log"))
		if err == nil {
			return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
		}
		t.Logf("no real lines (%v), so invented ones", err)
	}
	world, err := simulator.New(simulator.Config{Seed: 3, Movies: 300, People: 400})
	if err != nil {
		t.Fatal(err)
	}
	stream, err := world.Stream(simulator.DefaultStream(simulator.Edition2025))
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	if _, err := stream.WriteTo(&text); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(text.String(), "\n"), "\n")
	return lines[:min(8000, len(lines))]
}

// counts returns what the store holds.
func counts(t *testing.T, home string, args ...string) map[string]any {
	t.Helper()
	out, err := program(t.Context(), home, append([]string{"store", "show"}, args...)...).Output()
	if err != nil {
		t.Fatal(err)
	}
	var shown struct {
		Counts map[string]any `json:"counts"`
	}
	if err := json.Unmarshal(out, &shown); err != nil {
		t.Fatal(err)
	}
	delete(shown.Counts, "quarantined") // a refused line is kept once for each place it came from
	return shown.Counts
}

// The same lines through a real broker as through a file: the same summary and
// the same facts; a second run, and the other source after it, change nothing.
func TestSameThroughKafka(t *testing.T) {
	b := Start(t)
	const partitions = 3
	lines := sampleLines(t)
	create(t, b, "movielog1", partitions)
	produce(t, b, "movielog1", partitions, lines)
	dir := t.TempDir()
	path := filepath.Join(dir, "movielog.log")
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	file, kafka := filepath.Join(dir, "file"), filepath.Join(dir, "kafka")
	want := ingest(t, file, "--source", "file:"+path, "--once")
	if want.Lines != int64(len(lines)) || len(want.Refused) == 0 {
		t.Fatalf("the file gave %+v, want %d lines and some refused", want, len(lines))
	}
	source := "kafka://" + b.Plain + "/movielog1"
	for name, store := range map[string]string{"SQLite": filepath.Join(dir, "kafka.db"), "PostgreSQL": pgtest.DSN(t)} {
		t.Run(name, func(t *testing.T) {
			got := ingest(t, kafka, "--store", store, "--source", source+"?group="+name, "--once")
			if !reflect.DeepEqual(got, want) {
				t.Errorf("Kafka gave %+v, the file %+v", got, want)
			}
			facts := counts(t, kafka, "--store", store)
			if other := counts(t, file); !reflect.DeepEqual(facts, other) {
				t.Errorf("Kafka left %v, the file %v", facts, other)
			}
			if again := ingest(t, kafka, "--store", store, "--source", source+"?group="+name, "--once"); again.Lines != 0 {
				t.Errorf("a second run read %d lines", again.Lines)
			}
			if other := ingest(t, kafka, "--store", store, "--source", source+"?group=another", "--once"); other.Lines != 0 {
				t.Errorf("another group read %d lines that the store has", other.Lines)
			}
			ingest(t, kafka, "--store", store, "--source", "file:"+path, "--once")
			replay := ingest(t, kafka, "--store", store, "--source", source+"?group="+name, "--once", "--from", "earliest", "--replay")
			if replay.Lines != want.Lines {
				t.Errorf("a replay read %d lines, want %d", replay.Lines, want.Lines)
			}
			if after := counts(t, kafka, "--store", store); !reflect.DeepEqual(after, facts) {
				t.Errorf("the same lines from elsewhere made %v of %v", after, facts)
			}
		})
	}
}

// TLS and every SASL mechanism, and what is said when they are wrong.
func TestSecureListener(t *testing.T) {
	b := Start(t)
	create(t, b, "movielog2", 1)
	produce(t, b, "movielog2", 1, sampleLines(t)[:100])
	dir := t.TempDir()
	secret := filepath.Join(dir, "password")
	if err := os.WriteFile(secret, []byte(Password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	args := func(mechanism string, more ...string) []string {
		return append([]string{"--source", "kafka://" + b.Secure + "/movielog2", "--once", "--kafka-tls", "--kafka-ca", b.CA,
			"--kafka-sasl", mechanism, "--kafka-user", User}, more...)
	}
	for _, mechanism := range []string{"plain", "scram-sha-256", "scram-sha-512"} {
		if got := ingest(t, filepath.Join(dir, mechanism), args(mechanism, "--kafka-password-file", secret)...); got.Lines != 100 {
			t.Errorf("%s: %d lines, want 100", mechanism, got.Lines)
		}
	}
	wrong := filepath.Join(dir, "wrong")
	if err := os.WriteFile(wrong, []byte("not that"), 0o600); err != nil {
		t.Fatal(err)
	}
	o := try(t, filepath.Join(dir, "refused"), append([]string{"ingest"}, args("scram-sha-512", "--kafka-password-file", wrong)...)...)
	if o.err == nil || !strings.Contains(strings.ToLower(o.stderr), "password") || strings.Contains(o.stderr, "not that") {
		t.Errorf("a wrong password: %v, %s; want an error that speaks of the password and does not show it", o.err, o.stderr)
	}
	if o := try(t, filepath.Join(dir, "noca"), "ingest", "--source", "kafka://"+b.Secure+"/movielog2", "--once", "--kafka-tls",
		"--kafka-sasl", "plain", "--kafka-user", User, "--kafka-password-file", secret); o.err == nil || !strings.Contains(o.stderr, "certificate") {
		t.Errorf("an unknown authority: %v, %s; want an error that speaks of the certificate", o.err, o.stderr)
	}
}

// The broker is killed and comes back while the program reads: it goes on by
// itself, and every line is there once.
func TestBrokerKilled(t *testing.T) {
	b := Start(t)
	lines := sampleLines(t)
	create(t, b, "movielog3", 2)
	produce(t, b, "movielog3", 2, lines[:3000])
	home := filepath.Join(t.TempDir(), "home")
	source := "kafka://" + b.Plain + "/movielog3"
	var stderr bytes.Buffer
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	cmd := program(ctx, home, "ingest", "--source", source, "--admin-listen=")
	cmd.Stderr = &stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	read := func(want int) {
		t.Helper()
		var last int64
		for range 600 {
			time.Sleep(100 * time.Millisecond)
			if _, err := os.Stat(filepath.Join(home, "marquee.db")); err != nil {
				continue
			}
			if last = taken(t, home); last >= int64(want) {
				break
			}
		}
		if last != int64(want) {
			t.Fatalf("%d lines were read, want %d\n%s", last, want, &stderr)
		}
	}
	read(3000)
	b.Kill(t)
	time.Sleep(2 * time.Second)
	b.Run(t)
	produce(t, b, "movielog3", 2, lines[3000:])
	read(len(lines))
	cancel()
	_ = cmd.Wait() // interrupted
	if got := ingest(t, home, "--source", source, "--once"); got.Lines != 0 {
		t.Errorf("%d lines were left", got.Lines)
	}
	other := filepath.Join(t.TempDir(), "file")
	path := filepath.Join(t.TempDir(), "movielog.log")
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ingest(t, other, "--source", "file:"+path, "--once")
	if got, want := counts(t, home), counts(t, other); !reflect.DeepEqual(got, want) {
		t.Errorf("the store holds %v, want %v", got, want)
	}
}

// taken returns how many lines the store has counted.
func taken(t *testing.T, home string) int64 {
	t.Helper()
	out, err := program(t.Context(), home, "quarantine", "stats").Output()
	if err != nil {
		return 0 // not there yet
	}
	var stats struct {
		Lines int64 `json:"lines"`
	}
	if err := json.Unmarshal(out, &stats); err != nil {
		t.Fatal(err)
	}
	return stats.Lines
}

// Records that the broker no longer has are told, and reading goes on after them.
func TestRecordsGone(t *testing.T) {
	b := Start(t)
	lines := sampleLines(t)
	create(t, b, "movielog4", 1)
	produce(t, b, "movielog4", 1, lines[:1000])
	home := filepath.Join(t.TempDir(), "home")
	source := "kafka://" + b.Plain + "/movielog4"
	if got := ingest(t, home, "--source", source, "--once"); got.Lines != 1000 {
		t.Fatalf("%d lines, want 1000", got.Lines)
	}
	produce(t, b, "movielog4", 1, lines[1000:3000])
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	gone := make(kadm.Offsets)
	gone.AddOffset("movielog4", 0, 1500, -1)
	if _, err := admin(t, b).DeleteRecords(ctx, gone); err != nil {
		t.Fatal(err)
	}
	o := try(t, home, "ingest", "--source", source, "--once")
	if o.err != nil || o.Lines != 1500 {
		t.Errorf("%d lines, %v; want the 1500 that are left\n%s", o.Lines, o.err, o.stderr)
	}
	if !strings.Contains(o.stderr, "500") {
		t.Errorf("nothing says that 500 records are lost:\n%s", o.stderr)
	}
}

// A topic that is deleted and made anew is read from its beginning.
func TestTopicMadeAnew(t *testing.T) {
	b := Start(t)
	lines := sampleLines(t)
	home := filepath.Join(t.TempDir(), "home")
	source := "kafka://" + b.Plain + "/movielog5"
	for _, part := range [][]string{lines[:500], lines[500:800]} {
		create(t, b, "movielog5", 1)
		produce(t, b, "movielog5", 1, part)
		if got := ingest(t, home, "--source", source, "--once"); got.Lines != int64(len(part)) {
			t.Errorf("%d lines, want %d", got.Lines, len(part))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		if _, err := admin(t, b).DeleteTopics(ctx, "movielog5"); err != nil {
			t.Fatal(err)
		}
		cancel()
		time.Sleep(2 * time.Second) // the name is free
	}
}

// records returns all records of the topic's one partition.
func records(t *testing.T, b *Broker, topic string) []*kgo.Record {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	ends, err := admin(t, b).ListEndOffsets(ctx, topic)
	if err != nil {
		t.Fatal(err)
	}
	end, _ := ends.Lookup(topic, 0)
	cl, err := kgo.NewClient(kgo.SeedBrokers(b.Plain), kgo.ConsumeTopics(topic))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	var list []*kgo.Record
	for int64(len(list)) < end.Offset {
		got := cl.PollFetches(ctx)
		if err := got.Err(); err != nil {
			t.Fatal(err)
		}
		list = append(list, got.Records()...)
	}
	return list
}

// anew deletes a topic and makes it again, with another id.
func anew(t *testing.T, b *Broker, topic string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, err := admin(t, b).DeleteTopics(ctx, topic); err != nil {
		t.Fatal(err)
	}
	var err error
	for range 100 {
		if _, err = admin(t, b).CreateTopic(ctx, 1, 1, nil, topic); err == nil {
			return
		}
		time.Sleep(100 * time.Millisecond) // the name is not free yet
	}
	t.Fatal(err)
}

// running starts the program, which stop interrupts and waits for.
func running(t *testing.T, home string, args ...string) (stop func()) {
	t.Helper()
	var stderr bytes.Buffer
	ctx, cancel := context.WithCancel(context.Background())
	cmd := program(ctx, home, args...)
	cmd.Stderr = &stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = time.Minute
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stop = sync.OnceFunc(func() {
		cancel()
		if err := cmd.Wait(); err != nil && !cmd.ProcessState.Success() {
			t.Errorf("marquee %s: %v\n%s", strings.Join(args, " "), err, &stderr)
		}
	})
	t.Cleanup(stop)
	return stop
}

// until waits for what must come.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for range 600 {
		if ok() {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatalf("never: %s", what)
}

// catalogFile writes n movies as JSON lines.
func catalogFile(t *testing.T, n int) (path string) {
	t.Helper()
	var text strings.Builder
	for i := range n {
		fmt.Fprintf(&text, `{"id":"film+%03d+1999","title":"Film %03d","year":1999,"genres":["Crime"],"overview":"A thief plans robbery number %d in Paris."}`+"\n", i, i, i)
	}
	path = filepath.Join(t.TempDir(), "films.jsonl")
	if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// must runs a command that has to work.
func must(t *testing.T, home string, args ...string) {
	t.Helper()
	if out, err := program(t.Context(), home, args...).CombinedOutput(); err != nil {
		t.Fatalf("marquee %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// The log of changes is written to a topic in order; a second run writes none
// twice; a topic that is made anew while the program runs gets them all.
func TestChangesTopic(t *testing.T) {
	b := Start(t)
	create(t, b, "changes", 1)
	const n = 2500 // some pages
	home := filepath.Join(t.TempDir(), "home")
	must(t, home, "import", "jsonl", catalogFile(t, n))
	path := filepath.Join(t.TempDir(), "movielog.log")
	if err := os.WriteFile(path, []byte("2024-01-01T10:00:00,1,GET /data/m/film+001+1999/0.mpg\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	check := func() {
		t.Helper()
		until(t, "the topic holds every change", func() bool { return len(records(t, b, "changes")) >= n })
		for i, r := range records(t, b, "changes") {
			var change struct {
				Seq           int64
				Kind, Subject string
			}
			if err := json.Unmarshal(r.Value, &change); err != nil {
				t.Fatal(err)
			}
			if change.Seq != int64(i+1) || change.Kind != "movie" || change.Subject != string(r.Key) {
				t.Fatalf("record %d is %s under key %s, want change %d of a movie, once", i, r.Value, r.Key, i+1)
			}
			if len(r.Headers) != 1 || r.Headers[0].Key != "type" || string(r.Headers[0].Value) != "change" {
				t.Fatalf("record %d has headers %v, want its type", i, r.Headers)
			}
		}
	}
	args := []string{"ingest", "--source", "file:" + path, "--admin-listen=", "--changes-topic", "kafka://" + b.Plain + "/changes"}
	running(t, home, args...)
	check()
	stop := running(t, home, args...) // two at once do the work of one
	time.Sleep(2 * time.Second)
	stop()
	check()
	anew(t, b, "changes")
	check()
}

// Lists that are served are in their topic, with headers that say what they are,
// also when the topic is made anew while the server runs.
func TestExposuresTopic(t *testing.T) {
	b := Start(t)
	create(t, b, "exposures", 1)
	home := filepath.Join(t.TempDir(), "home")
	must(t, home, "import", "jsonl", catalogFile(t, 50))
	must(t, home, "build", "--index", "flat")
	ports, err := freePorts(1)
	if err != nil {
		t.Fatal(err)
	}
	address := fmt.Sprintf("127.0.0.1:%d", ports[0])
	stop := running(t, home, "serve", "--listen", address, "--admin-listen=", "--exposures-topic", "kafka://"+b.Plain+"/exposures")
	ask := func(user int) (ok bool) {
		res, err := http.Get(fmt.Sprintf("http://%s/recommend/%d", address, user))
		if err != nil {
			return false
		}
		defer res.Body.Close()
		return res.StatusCode == http.StatusOK
	}
	check := func(first, n int) {
		t.Helper()
		seen := map[string]bool{}
		for i, r := range records(t, b, "exposures") {
			var list struct {
				RequestID    string `json:"request_id"`
				User, Bundle string
				Movies       []struct{ Movie, Source string }
			}
			if err := json.Unmarshal(r.Value, &list); err != nil {
				t.Fatal(err)
			}
			if want := fmt.Sprint(first + i); list.User != want || string(r.Key) != want || list.RequestID == "" || seen[list.RequestID] || list.Bundle == "" || len(list.Movies) == 0 {
				t.Errorf("record %d is %s under key %s, want a list for user %s", i, r.Value, r.Key, want)
			}
			if len(r.Headers) != 1 || r.Headers[0].Key != "type" || string(r.Headers[0].Value) != "exposure" {
				t.Errorf("record %d has headers %v, want its type", i, r.Headers)
			}
			seen[list.RequestID] = true
		}
		if len(seen) != n {
			t.Errorf("the topic holds %d lists, want %d", len(seen), n)
		}
	}
	until(t, "the server answers", func() bool { return ask(1) })
	for user := 2; user <= 20; user++ {
		if !ask(user) {
			t.Fatalf("no list for user %d", user)
		}
	}
	until(t, "the lists are written", func() bool { return len(records(t, b, "exposures")) >= 20 })
	check(1, 20)
	anew(t, b, "exposures")
	for user := 21; user <= 30; user++ {
		if !ask(user) {
			t.Fatalf("no list for user %d", user)
		}
	}
	until(t, "the lists are written to the new topic", func() bool { return len(records(t, b, "exposures")) >= 10 })
	stop() // what waits is written
	check(21, 10)
}

// A topic that was made anew is read from its first record, whatever --from says,
// be it while the program runs or between two runs.
func TestTopicMadeAnewFromLatest(t *testing.T) {
	b := Start(t)
	lines := sampleLines(t)
	create(t, b, "movielog6", 1)
	produce(t, b, "movielog6", 1, lines[:100])
	home := filepath.Join(t.TempDir(), "home")
	args := []string{"ingest", "--source", "kafka://" + b.Plain + "/movielog6", "--from", "latest", "--admin-listen="}
	read := func(want int64) {
		t.Helper()
		until(t, fmt.Sprintf("%d lines are read", want), func() bool { return taken(t, home) >= want })
		if got := taken(t, home); got != want {
			t.Errorf("%d lines are read, want %d", got, want)
		}
	}
	stop := running(t, home, args...)
	until(t, "the topic is open", func() bool {
		groups, err := admin(t, b).DescribeGroups(t.Context(), "marquee")
		return err == nil && len(groups["marquee"].Members) == 1
	})
	produce(t, b, "movielog6", 1, lines[100:200])
	read(100)
	anew(t, b, "movielog6")
	produce(t, b, "movielog6", 1, lines[200:250])
	read(150)
	stop()
	anew(t, b, "movielog6")
	produce(t, b, "movielog6", 1, lines[250:300])
	running(t, home, args...)
	read(200)
}
