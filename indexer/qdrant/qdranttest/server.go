package qdranttest

import (
	"context"
	"crypto/tls"
	"net"
	"sync"
	"testing"
	"time"

	api "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// Options say how a server stands. The zero Options are a server without key and TLS.
type Options struct {
	APIKey  string // asked for in every call
	TLS     bool   // with a certificate of an authority of its own; see Server.CAFile
	Version string // that it says it is; empty: 1.17.1
	// MaxMessage is the longest call that it takes, bytes; 0: the 4 MB of most proxies.
	MaxMessage int
}

// A Server is a Qdrant server. All of its methods may be called at any time.
type Server struct {
	Addr   string // host:port
	CAFile string // PEM of the authority, with Options.TLS

	options Options
	cert    tls.Certificate
	store   *store
	faults  faults

	mu     sync.Mutex
	server *grpc.Server
	done   chan struct{}
}

// Start starts a server that ends with the test.
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	if o.Version == "" {
		o.Version = "1.17.1"
	}
	if o.MaxMessage == 0 {
		o.MaxMessage = 4 << 20
	}
	s := &Server{options: o, store: newStore()}
	if o.TLS {
		s.cert, s.CAFile = certificate(t)
	}
	if err := s.listen("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return s
}

func (s *Server) listen(addr string) error {
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", addr)
	if err != nil {
		return err
	}
	options := []grpc.ServerOption{
		grpc.ChainUnaryInterceptor(s.authorise, s.faults.intercept),
		grpc.MaxRecvMsgSize(s.options.MaxMessage),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: time.Second, PermitWithoutStream: true}),
	}
	if s.options.TLS {
		options = append(options, grpc.Creds(credentials.NewServerTLSFromCert(&s.cert)))
	}
	server := grpc.NewServer(options...)
	api.RegisterQdrantServer(server, &health{version: s.options.Version})
	api.RegisterCollectionsServer(server, &collections{store: s.store})
	api.RegisterPointsServer(server, &points{store: s.store})
	api.RegisterSnapshotsServer(server, &snapshots{store: s.store})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Addr = l.Addr().String()
	s.server, s.done = server, make(chan struct{})
	go func() {
		defer close(s.done)
		_ = server.Serve(l)
	}()
	return nil
}

// Stop ends every connection and refuses new ones; what is stored stays.
func (s *Server) Stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.server == nil {
		return
	}
	s.faults.clear()
	s.server.Stop()
	<-s.done
	s.server = nil
}

// Restart lets a stopped server come back at its address, with what it had stored.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	if err := s.listen(s.Addr); err != nil {
		t.Fatal(err)
	}
}

// Lag lets a collection be green at the first look after an update, as if its optimizer
// had not noticed yet, and then yellow, as if it were busy, for so many looks.
func (s *Server) Lag(looks int) {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	s.store.lag = looks
}

// Sleep lets the optimizer of a collection do nothing after an update until it is woken
// so many times: the collection is grey. 0 ends it.
func (s *Server) Sleep(calls int) {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	s.store.sleep = calls
}

// Blur lets searches that are not exact miss every third of their points unless they
// keep at least ef candidates; 0 ends it.
func (s *Server) Blur(ef int) {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	s.store.blur = ef
}

// Collections returns how many points every collection has.
func (s *Server) Collections() map[string]int {
	s.store.mu.RLock()
	defer s.store.mu.RUnlock()
	all := make(map[string]int)
	for name, c := range s.store.collections {
		all[name] = len(c.points)
	}
	return all
}

// authorise is what the real server does before it looks at a call.
func (s *Server) authorise(ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	if s.options.APIKey == "" {
		return next(ctx, req)
	}
	md, _ := metadata.FromIncomingContext(ctx)
	switch keys := md.Get("api-key"); {
	case len(keys) == 0:
		return nil, status.Error(codes.Unauthenticated, "Must provide an API key or an Authorization bearer token")
	case keys[0] != s.options.APIKey:
		return nil, status.Error(codes.Unauthenticated, "Invalid API key or JWT "+keys[0])
	}
	return next(ctx, req)
}

type health struct {
	api.UnimplementedQdrantServer
	version string
}

func (h *health) HealthCheck(context.Context, *api.HealthCheckRequest) (*api.HealthCheckReply, error) {
	return &api.HealthCheckReply{Title: "qdrant - vector search engine", Version: h.version}, nil
}
