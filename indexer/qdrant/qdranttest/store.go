package qdranttest

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/google/uuid"
	api "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// A store is what a server keeps.
type store struct {
	mu          sync.RWMutex
	collections map[string]*collection
	aliases     map[string]string
	lag, blur   int
	sleep       int // calls that wake the optimizer after an update
}

type collection struct {
	config    *api.CreateCollection
	dims      int
	points    map[id]*point
	list      []*point // of points, in no order
	indexes   map[string]api.FieldType
	snapshots []*api.SnapshotDescription
	made      int  // snapshots ever
	busy      int  // looks for which it is still yellow
	unseen    bool // the optimizer has not noticed the last update
	asleep    int  // calls that wake it
	updates   uint64
}

type point struct {
	id      id
	vector  []float32
	payload map[string]*api.Value
}

// An id orders as ids of the server do: numbers before UUIDs.
type id struct {
	num  uint64
	uuid string
}

func (a id) compare(b id) int {
	return cmp.Or(cmp.Compare(a.uuid, b.uuid), cmp.Compare(a.num, b.num))
}

func (a id) proto() *api.PointId {
	if a.uuid != "" {
		return api.NewIDUUID(a.uuid)
	}
	return api.NewIDNum(a.num)
}

func (a id) String() string {
	if a.uuid != "" {
		return a.uuid
	}
	return fmt.Sprint(a.num)
}

func newStore() *store {
	return &store{collections: make(map[string]*collection), aliases: make(map[string]string)}
}

func invalid(format string, args ...any) error {
	return status.Errorf(codes.InvalidArgument, "Wrong input: "+format, args...)
}

// idOf reads an id: an unsigned number or a UUID, nothing else.
func idOf(p *api.PointId) (id, error) {
	switch p := p.GetPointIdOptions().(type) {
	case *api.PointId_Num:
		return id{num: p.Num}, nil
	case *api.PointId_Uuid:
		u, err := uuid.Parse(p.Uuid)
		if err != nil {
			return id{}, status.Errorf(codes.InvalidArgument, "Unable to parse UUID: %s", p.Uuid)
		}
		return id{uuid: u.String()}, nil
	}
	return id{}, status.Error(codes.InvalidArgument, "Malformed PointId type")
}

// find returns a collection by its name or an alias of it. The caller holds the lock.
func (s *store) find(name string) (*collection, error) {
	if target, ok := s.aliases[name]; ok {
		name = target
	}
	if c := s.collections[name]; c != nil {
		return c, nil
	}
	return nil, status.Errorf(codes.NotFound, "Not found: Collection `%s` doesn't exist!", name)
}

// checkName says what the real server says of names that would be bad paths.
func checkName(name string) error {
	if name == "" || len(name) > 255 || name == "." || name == ".." || strings.ContainsAny(name, "<>:\"/\\|?*\x00\x1f") {
		return status.Errorf(codes.InvalidArgument, "Validation error in body: [collection_name: value invalid: %q]", name)
	}
	return nil
}

// touched counts an update. The caller holds the lock.
func (s *store) touched(c *collection) *api.PointsOperationResponse {
	c.updates++
	c.list = slices.Collect(maps.Values(c.points))
	c.busy, c.unseen, c.asleep = s.lag, s.lag > 0, s.sleep
	return &api.PointsOperationResponse{Result: &api.UpdateResult{
		OperationId: api.PtrOf(c.updates), Status: api.UpdateStatus_Completed,
	}}
}
