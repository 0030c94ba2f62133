package s3store_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/recommender/bundle/s3store"
)

func write(t *testing.T, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestParseURL(t *testing.T) {
	def := s3store.DefaultConfig()
	with := func(change func(*s3store.Config)) s3store.Config {
		c := def
		change(&c)
		return c
	}
	for text, want := range map[string]s3store.Config{
		"s3://films":            with(func(c *s3store.Config) { c.Bucket = "films" }),
		"s3://films/":           with(func(c *s3store.Config) { c.Bucket = "films" }),
		"s3://films/a/b/":       with(func(c *s3store.Config) { c.Bucket, c.Prefix = "films", "a/b" }),
		"s3://films?region=r-1": with(func(c *s3store.Config) { c.Bucket, c.Region = "films", "r-1" }),
		"s3://films/a?endpoint=host:9000&insecure=true&path-style=1&ca=/x.pem": with(func(c *s3store.Config) {
			c.Bucket, c.Prefix, c.Endpoint, c.Insecure, c.PathStyle, c.CA = "films", "a", "host:9000", true, true, "/x.pem"
		}),
	} {
		if got, err := s3store.ParseURL(text); err != nil || got != want {
			t.Errorf("%s is %+v, %v; want %+v", text, got, err, want)
		}
	}
	for _, text := range []string{
		"", "films", "http://films", "s3://", "s3:///a", "s3://x", "s3://user:sesame@films/a", "s3://films/a#b", "s3://films/a/../b", "s3://films//b//c",
		"s3://films?endpoint=http://host", "s3://films?endpoint=", "s3://films?insecure=perhaps", "s3://films?secret=sesame", "s3://films?%zz", "s3://films\x00sesame",
		"s3://films/" + strings.Repeat("x", 300),
	} {
		_, err := s3store.ParseURL(text)
		if !errors.Is(err, catalog.ErrInvalid) {
			t.Errorf("%q: %v, want invalid", text, err)
		}
		if err != nil && strings.Contains(err.Error(), "sesame") {
			t.Errorf("%q: the error shows the secret: %v", text, err)
		}
	}
}

func TestValidate(t *testing.T) {
	for name, change := range map[string]func(*s3store.Config){
		"half of the credentials": func(c *s3store.Config) { c.AccessKey = "key" },
		"small parts":             func(c *s3store.Config) { c.PartSize = 1 },
		"large parts":             func(c *s3store.Config) { c.PartSize = 2 << 30 },
		"no transfers":            func(c *s3store.Config) { c.Parallel = 0 },
		"no attempts":             func(c *s3store.Config) { c.Attempts = 0 },
		"many attempts":           func(c *s3store.Config) { c.Attempts = 11 },
		"no time":                 func(c *s3store.Config) { c.Timeout = time.Millisecond },
		"no bucket":               func(c *s3store.Config) { c.Bucket = "" },
	} {
		c := s3store.DefaultConfig()
		c.Bucket = "films"
		change(&c)
		if _, err := s3store.New(c); !errors.Is(err, catalog.ErrInvalid) {
			t.Errorf("%s: %v, want invalid", name, err)
		}
	}
}

// However a config is printed or logged, the secret is not in it.
func TestSecretIsNotShown(t *testing.T) {
	c := s3store.DefaultConfig()
	c.Bucket, c.Prefix, c.AccessKey, c.Secret = "films", "a", "key", "sesame"
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("depot", "config", c)
	slog.New(slog.NewTextHandler(&log, nil)).Info("depot", "config", &c)
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	for _, got := range []string{fmt.Sprint(c), fmt.Sprintf("%+v %#v %v", c, c, &c), fmt.Sprintf("%s", []any{c}), log.String(), string(text)} {
		if strings.Contains(got, "sesame") {
			t.Errorf("shown: %s", got)
		}
	}
	if got := c.String(); got != "s3://films/a at s3.amazonaws.com" {
		t.Errorf("it is %s", got)
	}
}

func FuzzParseURL(f *testing.F) {
	f.Add("s3://films/a?endpoint=host:9000&insecure=true")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := s3store.ParseURL(text)
		if err != nil {
			if !errors.Is(err, catalog.ErrInvalid) {
				t.Errorf("%v, want invalid", err)
			}
			return
		}
		if err := c.Validate(); err != nil {
			t.Errorf("it was taken: %v", err)
		}
	})
}
