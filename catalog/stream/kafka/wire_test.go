package kafka_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"marquee/catalog"
	"marquee/catalog/stream"
	"marquee/catalog/stream/kafka"
)

// A logbook is a log that tests read.
type logbook struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logbook) count(part string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.text.String(), part)
}

func (l *logbook) log() *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func TestSASL(t *testing.T) {
	t.Parallel()
	for mechanism, method := range map[string]string{
		kafka.MechanismPlain: "PLAIN", kafka.MechanismScramSHA256: "SCRAM-SHA-256", kafka.MechanismScramSHA512: "SCRAM-SHA-512",
	} {
		t.Run(mechanism, func(t *testing.T) {
			t.Parallel()
			c := cluster(t, 1, kfake.EnableSASL(), kfake.Superuser(method, "reader", "hunter2"), kfake.Superuser("SCRAM-SHA-256", "writer", "w"))
			produce(t, client(t, c, kgo.SASL(scram.Auth{User: "writer", Pass: "w"}.AsSha256Mechanism())), 1, 0, 10)
			cfg := config(c)
			cfg.SASL = kafka.SASL{Mechanism: mechanism, User: "reader", Password: "hunter2"}
			dst := newSink()
			runOnce(t, cfg, dst)
			dst.checkOnce(t, 0, 10)

			c.ControlKey(int16(kmsg.SASLAuthenticate), func(req kmsg.Request) (kmsg.Response, error, bool) { // the fake only hangs up
				c.KeepControl()
				resp := req.ResponseKind().(*kmsg.SASLAuthenticateResponse)
				resp.ErrorCode = kerr.SaslAuthenticationFailed.Code
				return resp, nil, true
			})
			book := &logbook{}
			cfg.SASL.Password = "hunter3"
			_, err := kafka.Open(t.Context(), cfg, dst, lines(), time.Now, book.log())
			if !errors.Is(err, kerr.SaslAuthenticationFailed) || !strings.Contains(err.Error(), "check the SASL settings") {
				t.Errorf("wrong password: %v, want it refused and what to do", err)
			}
			if strings.Contains(err.Error(), "hunter") || book.count("hunter") > 0 {
				t.Errorf("the password is shown: %v, %s", err, book.text.String())
			}
			cfg.SASL = kafka.SASL{}
			cfg.OpenWait = 300 * time.Millisecond
			s, err := kafka.Open(t.Context(), cfg, dst, lines(), time.Now, quiet())
			if err != nil {
				t.Fatalf("no SASL at all, which brokers answer by hanging up: %v, want it waited for", err)
			}
			defer s.Close()
			if err := s.Stats().LastError; err == nil || !strings.Contains(err.Error(), "SASL") {
				t.Errorf("no SASL at all: the last error is %v, want it to speak of SASL", err)
			}
		})
	}
}

// authority makes certificates.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	file string
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{}
	der, key := a.issue(t, &x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign})
	a.key = key
	a.cert, _ = x509.ParseCertificate(der)
	a.file = writePEM(t, "CERTIFICATE", der)
	return a
}

func (a *authority) issue(t *testing.T, c *x509.Certificate) ([]byte, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c.SerialNumber, c.Subject = big.NewInt(time.Now().UnixNano()), pkix.Name{CommonName: "test"}
	c.NotBefore, c.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = c, key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	return der, key
}

// pair returns a certificate and the files of it and its key.
func (a *authority) pair(t *testing.T, host string) (pair tls.Certificate, certFile, keyFile string) {
	t.Helper()
	c := &x509.Certificate{
		DNSNames: []string{host}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, key := a.issue(t, c)
	keyDER, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, writePEM(t, "CERTIFICATE", der), writePEM(t, "EC PRIVATE KEY", keyDER)
}

func writePEM(t *testing.T, kind string, der []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.pem")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestTLS(t *testing.T) {
	t.Parallel()
	ours, theirs := newAuthority(t), newAuthority(t)
	server, _, _ := ours.pair(t, "broker.test")
	_, certFile, keyFile := ours.pair(t, "client.test")
	pool := x509.NewCertPool()
	pool.AddCert(ours.cert)
	c := cluster(t, 1, kfake.TLS(&tls.Config{Certificates: []tls.Certificate{server}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool}))
	good := config(c)
	good.TLS = kafka.TLS{On: true, CAFile: ours.file, CertFile: certFile, KeyFile: keyFile, ServerName: "broker.test"}
	runOnce(t, good, newSink())

	for what, spoil := range map[string]func(c *kafka.TLS){
		"check the TLS authorities": func(c *kafka.TLS) { c.CAFile = theirs.file },
		"server name":               func(c *kafka.TLS) { c.ServerName = "other.test" },
		"client certificate":        func(c *kafka.TLS) { c.CertFile, c.KeyFile = "", "" },
		"no PEM certificate":        func(c *kafka.TLS) { c.CAFile = keyFile },
		"TLS certificate":           func(c *kafka.TLS) { c.KeyFile = certFile },
		"no such file":              func(c *kafka.TLS) { c.CAFile = "nowhere.pem" },
	} {
		cfg := good
		spoil(&cfg.TLS)
		if _, err := kafka.Open(t.Context(), cfg, newSink(), lines(), time.Now, quiet()); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("got %v, want it to say %q", err, what)
		}
	}
	insecure := good
	insecure.TLS.CAFile, insecure.TLS.ServerName, insecure.TLS.InsecureSkipVerify = "", "", true
	runOnce(t, insecure, newSink())

	bare := config(cluster(t, 1))
	bare.TLS = kafka.TLS{On: true}
	bare.OpenWait, bare.DialTimeout = 200*time.Millisecond, 100*time.Millisecond
	s := open(t, bare, newSink())
	if s.Stats().LastError == nil { // the fake waits for more; brokers hang up
		t.Error("TLS to a port without: opened without an error")
	}
}

// fast makes the client try again soon.
func fast() []kgo.Opt {
	return []kgo.Opt{kgo.MetadataMinAge(10 * time.Millisecond), kgo.RetryBackoffFn(func(int) time.Duration { return 20 * time.Millisecond })}
}

func TestUnknownTopic(t *testing.T) {
	t.Parallel()
	c := cluster(t, 1)
	cfg := config(c)
	cfg.Topic, cfg.TopicWait = "movielog7", 100*time.Millisecond
	if _, err := kafka.Open(t.Context(), cfg, newSink(), lines(), time.Now, quiet()); !errors.Is(err, kerr.UnknownTopicOrPartition) || !strings.Contains(err.Error(), "make it") {
		t.Errorf("got %v, want an unknown topic and what to do", err)
	}
	cfg.TopicWait = 20 * time.Second
	go func() {
		time.Sleep(100 * time.Millisecond)
		c.CreateTopic("movielog7", 1, nil)
	}()
	if sum := runOnce(t, cfg, newSink()); sum.Lines != 0 {
		t.Errorf("%d lines, want none", sum.Lines)
	}
}

// A topic that is deleted while it is read is an error after a while.
func TestTopicDeleted(t *testing.T) {
	t.Parallel()
	c := cluster(t, 1)
	cfg := config(c)
	cfg.TopicWait = 100 * time.Millisecond
	produce(t, client(t, c), 1, 0, 10)
	s := open(t, cfg, newSink(), fast()...)
	if _, err := s.Fetch(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := c.DeleteTopic(movielog); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if _, err := s.Fetch(ctx); !errors.Is(err, kerr.UnknownTopicOrPartition) {
		t.Errorf("got %v, want an unknown topic", err)
	}
}

// Errors of brokers that pass are waited out, those that do not are returned.
func TestFetchErrors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err   *kerr.Error
		count int
		final bool
	}{
		{kerr.NotLeaderForPartition, 3, false},
		{kerr.UnknownServerError, 3, false},
		{kerr.KafkaStorageError, 3, false},
		{kerr.OffsetOutOfRange, 2, false},
		{kerr.TopicAuthorizationFailed, -1, true},
		{kerr.UnknownServerError, -1, true},
	} {
		t.Run(c.err.Message, func(t *testing.T) {
			t.Parallel()
			brokers := cluster(t, 2)
			produce(t, client(t, brokers), 2, 0, 200)
			fault := brokers.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Topic: movielog, Err: c.err, Count: c.count})
			dst := newSink()
			cfg := config(brokers)
			cfg.Once = true
			s := open(t, cfg, dst, fast()...)
			_, err := stream.Run(t.Context(), s, dst, stream.RunConfig{})
			if c.final != errors.Is(err, c.err) || !c.final && err != nil {
				t.Errorf("got %v, final is %v", err, c.final)
			}
			if fault.Hits() == 0 {
				t.Error("the fault never came")
			}
			if !c.final {
				dst.checkOnce(t, 0, 200)
			}
		})
	}
}

// What a broker says of the group that does not pass by itself is returned.
func TestGroupErrors(t *testing.T) {
	c := cluster(t, 1)
	c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.JoinGroup}, Err: kerr.GroupAuthorizationFailed, Count: -1})
	s := open(t, config(c), newSink(), fast()...)
	if _, err := s.Fetch(t.Context()); !errors.Is(err, kerr.GroupAuthorizationFailed) || !strings.Contains(err.Error(), "another group") {
		t.Errorf("got %v, want it refused and what to do", err)
	}
}

func TestStats(t *testing.T) {
	c := cluster(t, 2)
	cl := client(t, c)
	produce(t, cl, 2, 0, 120)
	dst := newSink()
	s := open(t, config(c), dst)
	b, err := s.Fetch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	st := s.Stats()
	var lag int64
	for _, p := range st.Partitions {
		lag += p.Lag
		if p.End != 60 || p.Lag != p.End-p.Position || p.Name != name(c, int(p.Partition)) {
			t.Errorf("%+v, want the end 60 and the lag to it", p)
		}
	}
	if want := 120 - (b.To - b.From); len(st.Partitions) != 2 || lag != want || s.Lag() != want {
		t.Errorf("%d partitions, lag %d and %d, want 2 and %d", len(st.Partitions), lag, s.Lag(), want)
	}
	if err := s.Acknowledge(t.Context(), b, catalog.Applied{Held: b.To}, nil); err != nil {
		t.Fatal(err)
	}
	if got := s.Stats(); got.Records != b.To-b.From || got.Rebalances < 1 {
		t.Errorf("%+v, want %d records and a rebalance", got, b.To-b.From)
	}
}
