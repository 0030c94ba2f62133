package kafka

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"marquee/catalog"
	"marquee/catalog/secret"
)

// A Connection says how brokers are reached.
type Connection struct {
	Brokers        []string // "host:port" of 1 to 100 brokers to begin with; they name the others
	ClientID       string   // what brokers call this program in their logs and quotas
	TLS            TLS
	SASL           SASL
	DialTimeout    time.Duration // of one connection, its TLS and SASL handshakes included
	RequestTimeout time.Duration // of one request, beyond the time it may wait at the broker
}

// TLS says whether and how connections are encrypted. The zero TLS is off.
type TLS struct {
	On         bool
	CAFile     string // PEM file of authorities to believe; "" is those of the system
	CertFile   string // PEM file of the certificate shown to brokers; "" shows none
	KeyFile    string // PEM file of its key
	ServerName string // that brokers' certificates must carry; "" is the host that is called

	// InsecureSkipVerify believes any certificate: whoever stands in between
	// reads and writes along, passwords included. For trials only.
	InsecureSkipVerify bool
}

// The SASL mechanisms.
const (
	MechanismPlain       = "plain"
	MechanismScramSHA256 = "scram-sha-256"
	MechanismScramSHA512 = "scram-sha-512"
)

// SASL says as whom a program signs in. The zero SASL does not.
type SASL struct {
	Mechanism string // "", or one of the mechanisms
	User      string
	Password  secret.Text
}

// defaultConnection returns the settings without brokers.
func defaultConnection() Connection {
	return Connection{ClientID: "marquee", DialTimeout: 10 * time.Second, RequestTimeout: 10 * time.Second}
}

// faults returns what is wrong with c.
func (c Connection) faults() []error {
	var errs []error
	fault := func(format string, args ...any) { errs = append(errs, invalid(format, args...)) }
	if n := len(c.Brokers); n < 1 || n > 100 {
		fault("%d brokers, want 1 to 100 as host:port", n)
	}
	for _, b := range c.Brokers {
		if !isAddress(b) {
			fault("broker %.80q, want host:port such as localhost:9092", b)
		}
	}
	if len(c.ClientID) > 200 {
		fault("client id has %d bytes, want at most 200", len(c.ClientID))
	}
	if c.DialTimeout <= 0 || c.DialTimeout > time.Hour {
		fault("dial timeout is %v, want more than 0, at most 1h", c.DialTimeout)
	}
	if c.RequestTimeout < 100*time.Millisecond || c.RequestTimeout > 15*time.Minute {
		fault("request timeout is %v, want 100ms to 15m", c.RequestTimeout)
	}
	return append(append(errs, c.TLS.faults()...), c.SASL.faults()...)
}

func isAddress(text string) bool {
	host, port, err := net.SplitHostPort(text)
	if err != nil || host == "" {
		return false
	}
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && n > 0
}

func (t TLS) faults() []error {
	var errs []error
	if !t.On && t != (TLS{}) {
		errs = append(errs, invalid("there are settings of TLS but TLS is off; switch it on"))
	}
	if (t.CertFile == "") != (t.KeyFile == "") {
		errs = append(errs, invalid("TLS certificate file is %q and key file %q, want both or neither", t.CertFile, t.KeyFile))
	}
	return errs
}

func (s SASL) faults() []error {
	switch s.Mechanism {
	case "":
		if s != (SASL{}) {
			return []error{invalid("there is a user or a password but no SASL mechanism, want %s, %s or %s", MechanismPlain, MechanismScramSHA256, MechanismScramSHA512)}
		}
		return nil
	case MechanismPlain, MechanismScramSHA256, MechanismScramSHA512:
	default: // it might be a password in the wrong place: not told
		return []error{invalid("unknown SASL mechanism, want %s, %s or %s", MechanismPlain, MechanismScramSHA256, MechanismScramSHA512)}
	}
	if s.User == "" || s.Password == "" {
		return []error{invalid("SASL %s needs a user and a password", s.Mechanism)}
	}
	return nil
}

// options returns c for the client. It reads the files of c.TLS.
func (c Connection) options() ([]kgo.Opt, error) {
	opts := []kgo.Opt{
		kgo.SeedBrokers(c.Brokers...),
		kgo.DialTimeout(c.DialTimeout),
		kgo.RequestTimeoutOverhead(c.RequestTimeout),
		kgo.DisableClientMetrics(),
	}
	if c.ClientID != "" {
		opts = append(opts, kgo.ClientID(c.ClientID))
	}
	if c.TLS.On {
		t, err := c.TLS.load()
		if err != nil {
			return nil, err
		}
		opts = append(opts, kgo.DialTLSConfig(t))
	}
	if m := c.SASL.mechanism(); m != nil {
		opts = append(opts, kgo.SASL(m))
	}
	return opts, nil
}

func (s SASL) mechanism() sasl.Mechanism {
	switch s.Mechanism {
	case MechanismPlain:
		return plain.Auth{User: s.User, Pass: string(s.Password)}.AsMechanism()
	case MechanismScramSHA256:
		return scram.Auth{User: s.User, Pass: string(s.Password)}.AsSha256Mechanism()
	case MechanismScramSHA512:
		return scram.Auth{User: s.User, Pass: string(s.Password)}.AsSha512Mechanism()
	}
	return nil
}

// load reads the files that t names.
func (t TLS) load() (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: t.ServerName, InsecureSkipVerify: t.InsecureSkipVerify}
	var errs []error
	if t.CAFile != "" {
		pem, err := os.ReadFile(t.CAFile)
		switch c.RootCAs = x509.NewCertPool(); {
		case err != nil:
			errs = append(errs, fmt.Errorf("TLS authorities: %w", err))
		case !c.RootCAs.AppendCertsFromPEM(pem):
			errs = append(errs, invalid("TLS authorities: %s holds no PEM certificate", t.CAFile))
		}
	}
	if t.CertFile != "" {
		pair, err := tls.LoadX509KeyPair(t.CertFile, t.KeyFile)
		if err != nil {
			errs = append(errs, fmt.Errorf("TLS certificate %s with key %s: %w", t.CertFile, t.KeyFile, err))
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, errors.Join(errs...)
}

// invalid returns an error that wraps [catalog.ErrInvalid].
func invalid(format string, args ...any) error {
	return fmt.Errorf("kafka: "+format+": %w", append(args, catalog.ErrInvalid)...)
}
