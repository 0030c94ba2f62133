package stream_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"marquee/catalog/stream"
)

// courseLines returns some lines of the real logs, n a file, or none when
// MARQUEE_DATA is not set.
func courseLines(tb testing.TB, n int) [][]byte {
	dir := os.Getenv("MARQUEE_DATA")
	if dir == "" {
		return nil
	}
	files, err := filepath.Glob(filepath.Join(dir, "course-sample", "*.log"))
	if err != nil || len(files) == 0 {
		tb.Fatalf("no logs in %s: %v", dir, err)
	}
	var out [][]byte
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			tb.Fatal(err)
		}
		lines := bytes.Split(data, []byte("\n"))
		out = append(out, lines[:min(n, len(lines))]...)
	}
	return out
}

func needData(t *testing.T, parts ...string) string {
	dir := os.Getenv("MARQUEE_DATA")
	if dir == "" {
		t.Skip("MARQUEE_DATA is not set: give the folder of the real data to run this test")
	}
	return filepath.Join(append([]string{dir}, parts...)...)
}

func ingest(t *testing.T, path string, dst *sink) stream.Summary {
	t.Helper()
	src, err := stream.OpenFile(t.Context(), path, dst, stream.DefaultConfig(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	sum, err := stream.Run(t.Context(), src, dst, stream.RunConfig{})
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

// The seven lines of the real dump that are noise, and no other, are refused.
func TestCourseLog(t *testing.T) {
	for _, c := range []struct{ file, want string }{
		{"movielog.log", `{"lines":8000,"kept":{"watch":7889,"rate":45,"recommendation":59,"create_account":0},"refused":{"bad_minute":1,"bad_movie":2,"bad_time":2,"bad_user":1,"unknown_kind":1}}`},
		{"status-and-error-lines.log", `{"lines":6,"kept":{"watch":0,"rate":0,"recommendation":6,"create_account":0},"refused":{}}`},
		{"2024/ratings.log", `{"lines":10214,"kept":{"watch":0,"rate":10209,"recommendation":0,"create_account":0},"refused":{"bad_movie":2,"bad_time":3}}`},
	} {
		dst := newSink()
		sum := ingest(t, needData(t, "course-sample", c.file), dst)
		got, err := json.Marshal(sum)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", c.file, got, c.want)
		}
		for _, b := range dst.batches {
			for _, r := range b.Refused {
				t.Logf("%s: %s: %s", c.file, r.Reason, r.Line)
			}
		}
	}
}
