package qdranttest

import (
	"context"
	"strings"
	"sync"

	api "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// A Fault goes wrong with some calls.
type Fault struct {
	Method string // "Points/Upsert"; empty: every one
	Skip   int    // calls that go well first
	Times  int    // calls that do not, then; below 0: all

	Code  codes.Code // what they fail with
	Retry string     // if not empty, the "retry-after" that goes with it, seconds

	Hang  bool // they get no answer until the caller has gone
	Apply bool // they are done nevertheless: only the answer is lost
	Half  bool // of an upsert half is done nevertheless; with codes.OK it is answered as done
	Late  bool // of an upsert: it is done, but answered as not yet
}

type faults struct {
	mu     sync.Mutex
	armed  []*Fault
	calls  map[string]int
	closed chan struct{} // closed by clear: ends what hangs
}

// Inject lets calls go wrong from now on. Of several faults the first that fits does.
func (s *Server) Inject(f Fault) {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.armed = append(s.faults.armed, &f)
}

// Heal ends all faults.
func (s *Server) Heal() { s.faults.clear() }

// Calls returns how many calls a method had, "Points/Query", whether they went well or
// not; those without a valid key do not count.
func (s *Server) Calls(method string) int {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	return s.faults.calls[method]
}

func (f *faults) clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.armed = nil
	if f.closed != nil {
		close(f.closed)
		f.closed = nil
	}
}

// take counts a call and returns what goes wrong with it, nil if nothing.
func (f *faults) take(method string) (*Fault, <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.calls == nil {
		f.calls = make(map[string]int)
	}
	f.calls[method]++
	for _, fault := range f.armed {
		if fault.Method != "" && fault.Method != method {
			continue
		}
		if fault.Skip > 0 {
			fault.Skip--
			continue
		}
		if fault.Times == 0 {
			continue
		}
		fault.Times--
		if f.closed == nil {
			f.closed = make(chan struct{})
		}
		return fault, f.closed
	}
	return nil, nil
}

func (f *faults) intercept(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	method := strings.TrimPrefix(info.FullMethod, "/qdrant.")
	fault, closed := f.take(method)
	if fault == nil {
		return next(ctx, req)
	}
	if fault.Hang {
		select {
		case <-ctx.Done():
		case <-closed:
		}
		return nil, status.FromContextError(context.Cause(ctx)).Err()
	}
	upsert, isUpsert := req.(*api.UpsertPoints)
	switch {
	case fault.Late:
		answer, err := next(ctx, req)
		if reply, ok := answer.(*api.PointsOperationResponse); ok && err == nil {
			reply.Result.Status = api.UpdateStatus_WaitTimeout
		}
		return answer, err
	case fault.Half && isUpsert:
		half := proto.CloneOf(upsert)
		half.Points = half.Points[:len(half.Points)/2]
		if answer, err := next(ctx, half); err != nil || fault.Code == codes.OK {
			return answer, err
		}
	case fault.Apply:
		if _, err := next(ctx, req); err != nil {
			return nil, err
		}
	}
	if fault.Retry != "" {
		_ = grpc.SetTrailer(ctx, metadata.Pairs("retry-after", fault.Retry))
	}
	return nil, status.Error(fault.Code, "fault")
}
