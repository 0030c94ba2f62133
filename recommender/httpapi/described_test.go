package httpapi

import (
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// noStore is there, which is all that the table of routes asks.
type noStore struct{ Store }

// The description has every route of the table with its parameters, its scope, its body
// and the statuses that follow from them, and no route that there is not.
func TestDescriptionHasTheTable(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromData(description)
	if err != nil {
		t.Fatal(err)
	}
	s := New(nil, nil, NewMetrics(), slog.New(slog.DiscardHandler), Config{Store: noStore{}})
	// Those beside the table.
	left := map[string]bool{
		"GET /recommend/{user}": true, "POST /events": true, "GET /health/live": true, "GET /health/ready": true, "GET /health/startup": true,
	}
	for name := range left {
		method, path, _ := strings.Cut(name, " ")
		if item := doc.Paths.Value(path); item == nil || item.GetOperation(method) == nil {
			t.Errorf("%s is not described", name)
		}
	}
	for _, e := range s.endpoints() {
		name := e.method + " " + e.path
		left[name] = true
		item := doc.Paths.Value(e.path)
		if item == nil || item.GetOperation(e.method) == nil {
			t.Errorf("%s is not described", name)
			continue
		}
		checkOperation(t, name, e, item.GetOperation(e.method))
	}
	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			if !left[method+" "+path] {
				t.Errorf("%s %s is described, and there is no such route", method, path)
			}
		}
	}
	contract := endpoint{method: http.MethodGet, path: "/recommend/{user}", params: recommendParams}
	checkParameters(t, "GET /recommend/{user}", contract, doc.Paths.Value("/recommend/{user}").Get)
}

func checkOperation(t *testing.T, name string, e endpoint, op *openapi3.Operation) {
	checkParameters(t, name, e, op)
	if got := op.RequestBody != nil; got != (e.body > 0) {
		t.Errorf("%s: a body is described: %v, and taken: %v", name, got, e.body > 0)
	}
	var scope string
	if op.Security != nil {
		for _, r := range *op.Security {
			if len(*op.Security) == 1 {
				scope = strings.Join(r["token"], " ")
			}
		}
	}
	if scope != string(e.scope) {
		t.Errorf("%s: scope %q is described, %q is asked for", name, scope, e.scope)
	}
	want := []int{400, 429, 500, 503}
	if e.scope != ScopeNone {
		want = append(want, 401, 403)
	}
	if e.method != http.MethodGet {
		want = append(want, 413)
	}
	for _, status := range want {
		if op.Responses.Value(strconv.Itoa(status)) == nil {
			t.Errorf("%s: status %d is not described", name, status)
		}
	}
}

// checkParameters holds the parameters of e against those of op, by name and by whether
// they may be repeated.
func checkParameters(t *testing.T, name string, e endpoint, op *openapi3.Operation) {
	want, got := map[string]bool{}, map[string]bool{}
	for _, p := range e.params {
		want[p.name] = p.many
	}
	inPath := map[string]bool{}
	for _, p := range op.Parameters {
		switch p.Value.In {
		case openapi3.ParameterInQuery:
			got[p.Value.Name] = p.Value.Schema.Value.Type.Is("array")
		case openapi3.ParameterInPath:
			inPath[p.Value.Name] = true
		}
	}
	if !maps.Equal(got, want) {
		t.Errorf("%s: parameters %v are described, %v are read (true: may be repeated)", name, got, want)
	}
	for _, part := range strings.Split(e.path, "/") {
		if inner, ok := strings.CutPrefix(part, "{"); ok && !inPath[strings.TrimSuffix(inner, "}")] {
			t.Errorf("%s: %s is not described", name, part)
		}
	}
}

// The bounds that the description states are those that are kept.
func TestDescriptionHasTheBounds(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromData(description)
	if err != nil {
		t.Fatal(err)
	}
	n := doc.Components.Parameters["n"].Value.Schema.Value
	if *n.Max != maxCount || *n.Min != 1 || n.Default != float64(newQuery().call.N) {
		t.Errorf("n is described as %v to %v, %v if absent", *n.Min, *n.Max, n.Default)
	}
	field := func(schema, name string) *openapi3.Schema {
		return doc.Components.Schemas[schema].Value.Properties[name].Value
	}
	for _, x := range []struct {
		schema, field string
		want          uint64
	}{
		{"BatchRequest", "users", maxBatch}, {"SessionRequest", "watched", maxSession}, {"BatchRequest", "exclude", maxIDs}, {"BatchRequest", "only", maxIDs},
		{"BatchRequest", "genre", maxGenres}, {"BatchRequest", "language", maxLanguages}, {"BatchRequest", "boost", maxBoosts}, {"List", "items", maxCount},
	} {
		if got := field(x.schema, x.field).MaxItems; got == nil || *got != x.want {
			t.Errorf("%s.%s: at most %v, want %d", x.schema, x.field, got, x.want)
		}
	}
	var names []string
	for _, p := range filterParams[1:] {
		names = append(names, p.name)
	}
	names = append(names, "explain", "users")
	fields := slices.Sorted(maps.Keys(doc.Components.Schemas["BatchRequest"].Value.Properties))
	slices.Sort(names)
	if !slices.Equal(fields, names) {
		t.Errorf("fields of a batch are %v, the parameters %v", fields, names)
	}
}
