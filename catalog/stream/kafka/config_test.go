package kafka_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/catalog/secret"
	"marquee/catalog/stream"
	"marquee/catalog/stream/kafka"
)

func valid() kafka.Config {
	cfg := kafka.DefaultConfig()
	cfg.Brokers, cfg.Topic = []string{"localhost:9092"}, movielog
	return cfg
}

func TestDefaultConfigIsValid(t *testing.T) {
	if err := valid().Validate(); err != nil {
		t.Error(err)
	}
}

func TestValidate(t *testing.T) {
	for what, spoil := range map[string]func(c *kafka.Config){
		"0 brokers":         func(c *kafka.Config) { c.Brokers = nil },
		"broker \"x\"":      func(c *kafka.Config) { c.Brokers = []string{"x"} },
		"broker \"x:0\"":    func(c *kafka.Config) { c.Brokers = []string{"x:0"} },
		"topic \"\"":        func(c *kafka.Config) { c.Topic = "" },
		"topic \"a/b\"":     func(c *kafka.Config) { c.Topic = "a/b" },
		"topic \"..\"":      func(c *kafka.Config) { c.Topic = ".." },
		"group":             func(c *kafka.Config) { c.Group = "" },
		"offset -1":         func(c *kafka.Config) { c.From = stream.From{Place: stream.AtOffset, Offset: -1} },
		"at a time":         func(c *kafka.Config) { c.From = stream.From{Place: stream.AtTime} },
		"the last 0s":       func(c *kafka.Config) { c.From = stream.From{Place: stream.Last} },
		"place 99":          func(c *kafka.Config) { c.From = stream.From{Place: 99} },
		"fetch bytes":       func(c *kafka.Config) { c.FetchBytes = 0 },
		"poll records":      func(c *kafka.Config) { c.PollRecords = 0 },
		"heartbeat":         func(c *kafka.Config) { c.Heartbeat = c.Session },
		"commit interval":   func(c *kafka.Config) { c.CommitEvery = 0 },
		"dial timeout":      func(c *kafka.Config) { c.DialTimeout = 0 },
		"request timeout":   func(c *kafka.Config) { c.RequestTimeout = time.Millisecond },
		"client id":         func(c *kafka.Config) { c.ClientID = strings.Repeat("x", 201) },
		"TLS is off":        func(c *kafka.Config) { c.TLS.CAFile = "ca.pem" },
		"both or neither":   func(c *kafka.Config) { c.TLS.On, c.TLS.CertFile = true, "cert.pem" },
		"no SASL mechanism": func(c *kafka.Config) { c.SASL.User = "u" },
		"unknown SASL":      func(c *kafka.Config) { c.SASL = kafka.SASL{Mechanism: "gssapi", User: "u", Password: "p"} },
		"needs a user":      func(c *kafka.Config) { c.SASL = kafka.SASL{Mechanism: kafka.MechanismPlain, User: "u"} },
	} {
		cfg := valid()
		spoil(&cfg)
		err := cfg.Validate()
		if !errors.Is(err, catalog.ErrInvalid) || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: got %v, want an error that wraps ErrInvalid and says so", what, err)
		}
	}
	var all kafka.Config
	err := all.Validate()
	for _, what := range []string{"brokers", "topic", "group", "fetch bytes", "dial timeout", "heartbeat"} {
		if !strings.Contains(fmt.Sprint(err), what) {
			t.Errorf("the zero Config: %v; want it to tell of %s", err, what)
		}
	}
}

func TestValidateWriter(t *testing.T) {
	cfg := kafka.DefaultWriterConfig()
	cfg.Brokers, cfg.Changes = []string{"localhost:9092"}, "changes"
	if err := cfg.Validate(); err != nil {
		t.Error(err)
	}
	for what, spoil := range map[string]func(c *kafka.WriterConfig){
		"no topic":         func(c *kafka.WriterConfig) { c.Changes = "" },
		"of exposures":     func(c *kafka.WriterConfig) { c.Exposures = "a b" },
		"timeout":          func(c *kafka.WriterConfig) { c.Timeout = 0 },
		"buffer of 0 reco": func(c *kafka.WriterConfig) { c.BufferRecords = 0 },
		"buffer of 1 byte": func(c *kafka.WriterConfig) { c.BufferBytes = 1 },
		"0 brokers":        func(c *kafka.WriterConfig) { c.Brokers = nil },
	} {
		c := cfg
		spoil(&c)
		if err := c.Validate(); !errors.Is(err, catalog.ErrInvalid) || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: got %v, want an error that wraps ErrInvalid and says so", what, err)
		}
	}
}

func TestParseURL(t *testing.T) {
	want := valid()
	want.Brokers = []string{"one:9092", "two:9093", "[::1]:9094"}
	want.Group, want.ClientID = "g r", "c"
	want.TLS = kafka.TLS{On: true, CAFile: "/ca.pem", CertFile: "c.pem", KeyFile: "k.pem", ServerName: "s"}
	want.SASL = kafka.SASL{Mechanism: kafka.MechanismScramSHA512, User: "u"}
	for text, want := range map[string]kafka.Config{
		"kafka://localhost/movielog1":                 valid(),
		"kafka://localhost:9092/movielog1?group=":     func() kafka.Config { c := valid(); c.Group = ""; return c }(),
		"kafka://localhost:9092/movielog1?tls=off":    valid(),
		"kafka://localhost:9092/movielog1?group=blue": func() kafka.Config { c := valid(); c.Group = "blue"; return c }(),
		"kafka://one,two:9093,[::1]:9094/movielog1?group=g+r&client=c&tls=on&ca=%2Fca.pem&cert=c.pem&key=k.pem&server-name=s&sasl=scram-sha-512&user=u": want,
	} {
		got, err := kafka.ParseURL(text)
		if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s:\ngot  %v, %v\nwant %v", text, got, err, want)
		}
	}
	for _, text := range []string{
		"", "localhost:9092/movielog1", "http://localhost/movielog1", "kafka://", "kafka:///movielog1", "kafka://localhost", "kafka://localhost/",
		"kafka://localhost/a/b", "kafka://localhost:x/a", "kafka://localhost:70000/a", "kafka://a,,b/c", "kafka://::1/a",
		"kafka://user:hunter2@localhost/a", "kafka://localhost/a?password=hunter2", "kafka://localhost/a?tls=hunter2", "kafka://localhost/a?x=%zzhunter2",
		"kafka://localhost/a?group=a&group=b",
	} {
		_, err := kafka.ParseURL(text)
		if !errors.Is(err, catalog.ErrInvalid) {
			t.Errorf("%s: got %v, want ErrInvalid", text, err)
		}
		if strings.Contains(fmt.Sprint(err), "hunter2") {
			t.Errorf("%s: the error shows the password: %v", text, err)
		}
	}
}

func FuzzParseURL(f *testing.F) {
	f.Add("kafka://one,two:9093,[::1]:9094/movielog1?group=g+r&tls=on&sasl=plain&user=u")
	f.Add("kafka://user:password@host/topic")
	f.Fuzz(func(t *testing.T, text string) {
		cfg, err := kafka.ParseURL(text)
		if err != nil {
			if !errors.Is(err, catalog.ErrInvalid) {
				t.Errorf("%q: %v does not wrap ErrInvalid", text, err)
			}
			return
		}
		cfg.Group, cfg.ClientID, cfg.TLS, cfg.SASL = "g", "", kafka.TLS{}, kafka.SASL{}
		if len(cfg.Brokers) > 100 {
			return
		}
		if err := cfg.Validate(); err != nil {
			t.Errorf("%q: brokers and topic are taken, but not valid: %v", text, err)
		}
	})
}

func TestSecretIsNeverShown(t *testing.T) {
	cfg := valid()
	cfg.SASL = kafka.SASL{Mechanism: kafka.MechanismPlain, User: "u", Password: "hunter2"}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&out, verb+"\n"+verb+"\n", cfg, cfg.SASL.Password)
	}
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "password", cfg.SASL.Password, "cfg", cfg)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "password", cfg.SASL.Password, "cfg", cfg)
	if err := json.NewEncoder(&out).Encode(cfg); err != nil {
		t.Fatal(err)
	}
	if text := out.String(); strings.Contains(text, "hunter2") || strings.Contains(text, "68756e74657232") || !strings.Contains(text, secret.Hidden) {
		t.Errorf("shown: %s", text)
	}
}
