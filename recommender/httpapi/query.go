package httpapi

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"marquee/catalog"
	"marquee/recommender"
	"marquee/recommender/rank"
)

// maxCount is the most movies of one page.
const maxCount = 100

// A query is what the parameters of a request, or the fields of its body, ask for.
type query struct {
	call    recommender.Call
	given   given // movies of earlier pages
	place   place // where an earlier page of a history ended
	explain bool
	text    string // searched for
}

// newQuery returns a query that asks for nothing in particular.
func newQuery() query { return query{call: recommender.Call{N: rank.MaxList}} }

// A value of a parameter is decoded in two ways: in an id a plus stands for itself, as
// in a path, and in a text for a blank.
type value struct{ id, text string }

// A parameter is one that a route knows, in the query of its URL or, by the same name
// and with the same values, in its body.
type parameter struct {
	name string
	many bool // may be repeated
	read func(q *query, values []value) error
}

// The parameters that there are.
var (
	paramFormat   = parameter{"format", false, readFormat}
	paramN        = parameter{"n", false, readN}
	paramCursor   = parameter{"cursor", false, readCursor}
	paramExclude  = parameter{"exclude", true, readExclude}
	paramOnly     = parameter{"only", true, readOnly}
	paramGenre    = parameter{"genre", true, readGenre}
	paramYear     = parameter{"year", false, readYear}
	paramLanguage = parameter{"language", true, readLanguage}
	paramBoost    = parameter{"boost", true, readBoost}
	paramExplain  = parameter{"explain", false, readExplain}
	paramText     = parameter{"q", false, readText}
	paramPlace    = parameter{"cursor", false, readPlace}
)

// What the routes know.
var (
	filterParams    = []parameter{paramFormat, paramN, paramCursor, paramExclude, paramOnly, paramGenre, paramYear, paramLanguage, paramBoost}
	recommendParams = append(slices.Clip(filterParams), paramExplain)
	searchParams    = append(slices.Clip(filterParams), paramText)
	historyParams   = []parameter{paramFormat, paramN, paramPlace}
	formatParams    = []parameter{paramFormat}
)

// readQuery reads the query of r's URL, and r's id. A parameter that is not among known is an
// error, since to pass over it would mislead, and so is one that is given twice and has
// one value.
func readQuery(r *http.Request, known []parameter) (query, error) {
	q := newQuery()
	q.call.RequestID = requestID(r)
	values, err := splitQuery(r.URL.RawQuery)
	if err != nil {
		return q, err
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if !slices.ContainsFunc(known, func(p parameter) bool { return p.name == name }) {
			return q, fmt.Errorf("parameter %.50q is not known, want %s: %w", name, names(known), catalog.ErrInvalid)
		}
	}
	for _, p := range known { // in their order, so that the first fault is the same each time
		own, ok := values[p.name]
		if !ok {
			continue
		}
		if len(own) > 1 && !p.many {
			return q, fmt.Errorf("parameter %s is given %d times, want once: %w", p.name, len(own), catalog.ErrInvalid)
		}
		if err := p.read(&q, own); err != nil {
			return q, fmt.Errorf("parameter %s: %w", p.name, err)
		}
	}
	return q, nil
}

// splitQuery returns the values of each parameter of a URL's query.
func splitQuery(raw string) (map[string][]value, error) {
	values := map[string][]value{}
	for part := range strings.SplitSeq(raw, "&") {
		if part == "" {
			continue
		}
		name, v, _ := strings.Cut(part, "=")
		name, err := url.QueryUnescape(name)
		if err != nil {
			return nil, fmt.Errorf("query: %w: %w", err, catalog.ErrInvalid)
		}
		id, err := url.PathUnescape(v)
		if err != nil {
			return nil, fmt.Errorf("parameter %.50q: %w: %w", name, err, catalog.ErrInvalid)
		}
		text, err := url.QueryUnescape(v)
		if err != nil {
			return nil, fmt.Errorf("parameter %.50q: %w: %w", name, err, catalog.ErrInvalid)
		}
		values[name] = append(values[name], value{id, text})
	}
	return values, nil
}

// names returns the names of parameters, for an error.
func names(params []parameter) string {
	all := make([]string, len(params))
	for i, p := range params {
		all[i] = p.name
	}
	return strings.Join(all, ", ")
}
