package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestWrites(t *testing.T) {
	small := []string{"--movies", "30", "--people", "20"}
	for command, want := range map[string]string{"ids": "full+grand+prix+2024\n", "ids --kind=user": "", "facts": `{"imdb_id":"tt9000001"`, "stream": "2025-01-0"} {
		file := filepath.Join(t.TempDir(), "out")
		var stdout, stderr bytes.Buffer
		if code := run(t.Context(), append(append(strings.Fields(command), "--out", file), small...), &stdout, &stderr); code != 0 {
			t.Fatalf("%s: status %d: %s", command, code, stderr.String())
		}
		data, err := os.ReadFile(file)
		if err != nil || !strings.HasPrefix(string(data), want) {
			t.Errorf("%s wrote %.80q, error %v; want %s...", command, data, err, want)
		}
		if code := run(t.Context(), append(strings.Fields(command), small...), &stdout, io.Discard); code != 0 || !bytes.Equal(stdout.Bytes(), data) {
			t.Errorf("%s to standard output: status %d, %d bytes, want %d", command, code, stdout.Len(), len(data))
		}
	}
}

func TestWrongCommandLine(t *testing.T) {
	for _, c := range []struct {
		args []string
		want int
		says string
	}{
		{nil, 2, "world --help"},
		{[]string{"fly"}, 2, "fly"},
		{[]string{"ids", "--movies", "0"}, 1, "movies is 0"},
		{[]string{"stream", "--days", "0", "--people", "1"}, 1, "days is 0"},
		{[]string{"serve", "--listen", "nowhere:x", "--people", "1", "--movies", "1"}, 1, "--listen"},
		{[]string{"ids", "--people", "1", "--movies", "1", "--out", filepath.Join(t.TempDir(), "no", "such")}, 1, "no such file"},
		{[]string{"--help"}, 0, ""},
	} {
		var stderr bytes.Buffer
		if code := run(t.Context(), c.args, io.Discard, &stderr); code != c.want || !strings.Contains(stderr.String(), c.says) {
			t.Errorf("%q: status %d, %q; want %d and %q", c.args, code, stderr.String(), c.want, c.says)
		}
	}
}

func TestServes(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	read, write := io.Pipe()
	done := make(chan int, 1)
	go func() {
		done <- run(ctx, []string{"serve", "--listen", "127.0.0.1:0", "--movies", "5", "--people", "5"}, io.Discard, write)
		write.Close()
	}()
	line := make([]byte, 200)
	n, err := read.Read(line)
	url := regexp.MustCompile(`http://[0-9.:]+`).FindString(string(line[:n]))
	if err != nil || url == "" {
		t.Fatalf("said %q, error %v", line[:n], err)
	}
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	res, err := (&http.Client{Transport: transport}).Get(url + "/movie/nobody+made+this+1999")
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	res.Body.Close()
	if err != nil || res.StatusCode != http.StatusNotFound || !strings.Contains(string(body), "movie not found") {
		t.Errorf("status %d, %q, error %v", res.StatusCode, body, err)
	}
	cancel()
	if code := <-done; code != 0 {
		t.Errorf("ended with status %d, want 0", code)
	}
}
