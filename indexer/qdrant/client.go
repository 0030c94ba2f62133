package qdrant

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	api "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"

	"marquee/catalog"
)

// ErrVersion reports a server that is too old: before 1.13 it does not know the form in
// which go-client sends vectors, and takes them for empty.
var ErrVersion = errors.New("server is too old")

// leastMinor is the oldest version 1.x that is spoken to.
const leastMinor = 13

// maxAnswer is the longest answer that is taken, bytes: a search for every row of a
// million.
const maxAnswer = 64 << 20

// connectTimeout is how long an attempt to connect may take.
const connectTimeout = 5 * time.Second

// A Client speaks to one Qdrant server. Any number of goroutines may use it. All its
// indexes use its connection, until Close.
type Client struct {
	cfg     Config
	rpc     *api.GrpcClient
	breaker circuitbreaker.CircuitBreaker[any]
}

// Dial makes a client. It does not connect yet: a server that is down shows in the
// first call. Errors are of cfg or of its file of authorities.
func Dial(cfg Config) (*Client, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("qdrant: %w", err)
	}
	host, port, err := cfg.hostPort()
	if err != nil {
		return nil, fmt.Errorf("qdrant: %w", err)
	}
	secure, err := cfg.tls()
	if err != nil {
		return nil, fmt.Errorf("qdrant: %w", err)
	}
	rpc, err := api.NewGrpcClient(&api.Config{
		Host: host, Port: port, APIKey: string(cfg.APIKey), UseTLS: cfg.TLS, TLSConfig: secure,
		SkipCompatibilityCheck: true, // it would block for up to a minute; Build and Health look at the version
		GrpcOptions: []grpc.DialOption{
			grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxAnswer)),
			grpc.WithConnectParams(cfg.connect()),
		},
	})
	if err != nil {
		return nil, fmt.Errorf("qdrant at %s: %w", cfg.Addr, err)
	}
	breaker := circuitbreaker.NewBuilder[any]().WithFailureThreshold(uint(cfg.Failures)).WithDelay(cfg.Pause).Build()
	return &Client{cfg: cfg, rpc: rpc, breaker: breaker}, nil
}

// connect says when a lost connection is tried again: gRPC's own pauses grow to two
// minutes, in which a server that is back would not be asked.
func (c Config) connect() grpc.ConnectParams {
	b := backoff.DefaultConfig
	b.BaseDelay, b.MaxDelay = c.MinDelay, c.MaxDelay
	return grpc.ConnectParams{Backoff: b, MinConnectTimeout: connectTimeout}
}

func (c Config) tls() (*tls.Config, error) {
	if !c.TLS {
		return nil, nil
	}
	secure := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.CAFile == "" {
		return secure, nil
	}
	pem, err := os.ReadFile(c.CAFile)
	if err != nil {
		return nil, fmt.Errorf("file of authorities: %w", err)
	}
	secure.RootCAs = x509.NewCertPool()
	if !secure.RootCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("file of authorities %s holds no certificate in PEM: %w", c.CAFile, catalog.ErrInvalid)
	}
	return secure, nil
}

// Config returns what c was made with.
func (c *Client) Config() Config { return c.cfg }

// Close ends the connection, and with it what is under way.
func (c *Client) Close() error { return c.rpc.Close() }

// Health asks the server for its version, and whether it takes the key. Errors wrap
// [catalog.ErrUnavailable], [ErrKey] or [ErrVersion].
func (c *Client) Health(ctx context.Context) (version string, err error) {
	reply, err := ask(ctx, c, "health", func(ctx context.Context) (*api.HealthCheckReply, error) {
		return c.rpc.Qdrant().HealthCheck(ctx, &api.HealthCheckRequest{})
	})
	if err != nil {
		return "", err
	}
	version = reply.GetVersion()
	if v, err := api.ParseVersion(version); err != nil || v.Major < 1 || v.Major == 1 && v.Minor < leastMinor {
		return version, fmt.Errorf("qdrant at %s is version %q, want 1.%d or later: %w", c.cfg.Addr, version, leastMinor, ErrVersion)
	}
	_, err = ask(ctx, c, "check the key", func(ctx context.Context) (*api.CollectionExistsResponse, error) {
		return c.rpc.Collections().CollectionExists(ctx, &api.CollectionExistsRequest{CollectionName: c.cfg.Alias})
	})
	return version, err
}
