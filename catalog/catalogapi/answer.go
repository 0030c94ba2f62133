package catalogapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"marquee/catalog"
)

// errRubbish reports an answer that cannot be read: truncated, or no JSON, or
// of no known shape.
var errRubbish = errors.New("answer cannot be read")

// A reply is what one request taught about the ids it asked for.
type reply struct {
	ids     []string                   // asked for, in order
	records map[string]json.RawMessage // id -> its record
	unknown map[string]bool            // ids that the service said it does not know
	faults  map[string]error           // ids whose record was refused or is unreadable
	wholly  bool                       // one message stood for all ids
	said    bool                       // a record or a message was among it: this is the catalog API
	err     error                      // ends everything: the service cannot be asked now
}

func newReply(ids []string) *reply {
	return &reply{ids: ids, records: map[string]json.RawMessage{}, unknown: map[string]bool{}, faults: map[string]error{}}
}

// fault gives all ids of r, or the ones given, the same fault.
func (r *reply) fault(err error) *reply {
	for _, id := range r.ids {
		r.faults[id] = err
	}
	return r
}

// add merges s, the reply to some of r's ids, into r.
func (r *reply) add(s *reply) {
	maps.Copy(r.records, s.records)
	maps.Copy(r.unknown, s.unknown)
	maps.Copy(r.faults, s.faults)
	r.said = r.said || s.said
	if r.err == nil {
		r.err = s.err
	}
}

// missing returns the ids about which r says nothing yet.
func (r *reply) missing() (out []string) {
	for _, id := range r.ids {
		if r.records[id] == nil && !r.unknown[id] && r.faults[id] == nil {
			out = append(out, id)
		}
	}
	return out
}

// isUnknown reports whether raw is {"message":"movie not found"} or alike: an
// object with a message and without an id.
func isUnknown(raw json.RawMessage) (message string, ok bool) {
	var m struct{ Message *string }
	if json.Unmarshal(raw, &m) != nil || m.Message == nil {
		return "", false
	}
	low := strings.ToLower(*m.Message)
	return *m.Message, strings.Contains(low, "not found") || strings.Contains(low, "unknown") || strings.Contains(low, "no such") || strings.Contains(low, "does not exist")
}

// readAnswer reads the body of a successful answer to r.ids into r. A body that
// cannot be read is an error that wraps errRubbish. The shapes that are read:
//
//	{"id":...}                      a record
//	{"message":"movie not found"}   none of the ids is known
//	[record, ...]                   in any order; a message or null in the place of an id
//	{"heat+1995":record, ...}       by id; a message or null for an unknown one
//	{"movies":[...]}                either of the last two inside an object
//
// Ids that a list or an object by id leaves out are unknown, if all else in it
// could be read.
func (r *reply) readAnswer(body []byte) error {
	body = []byte(strings.TrimSpace(strings.TrimPrefix(string(body), "\ufeff")))
	if !json.Valid(body) {
		return fmt.Errorf("%.60q is no JSON: %w", body, errRubbish)
	}
	return r.readValue(body, 0)
}

func (r *reply) readValue(raw json.RawMessage, depth int) error {
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) == nil && list != nil {
		return r.readList(list)
	}
	var object map[string]json.RawMessage
	if json.Unmarshal(raw, &object) != nil || object == nil {
		return fmt.Errorf("%.60q is neither a record nor a list: %w", raw, errRubbish)
	}
	if id := idOf(raw); id != "" {
		return r.readList([]json.RawMessage{raw})
	}
	if message, ok := isUnknown(raw); ok {
		r.said, r.wholly = true, true
		for _, id := range r.ids {
			r.unknown[id] = true
		}
		return nil
	} else if message != "" {
		return fmt.Errorf("the service says %.100q: %w", message, errRubbish)
	}
	if r.byID(object) {
		return nil
	}
	if depth == 0 {
		if inner := innerList(object); inner != nil {
			return r.readValue(inner, 1)
		}
	}
	return fmt.Errorf("%.60q has no record of the ids asked for: %w", raw, errRubbish)
}

// readList reads records in any order; where one has no id, its place counts.
func (r *reply) readList(list []json.RawMessage) error {
	whole := true
	for i, raw := range list {
		id := idOf(raw)
		switch {
		case id != "" && slices.Contains(r.ids, id):
			r.put(id, raw)
		case id != "":
			whole = false // a record of another id: one of ours is missing for it
		case len(list) == len(r.ids):
			whole = r.put(r.ids[i], raw) && whole
		default:
			whole = false
		}
	}
	return r.leftOut(whole)
}

// byID reads records under their ids, and reports whether object was of that
// shape: all its keys are ids that were asked for.
func (r *reply) byID(object map[string]json.RawMessage) bool {
	if len(object) == 0 {
		return false
	}
	for key := range object {
		if !slices.Contains(r.ids, key) {
			return false
		}
	}
	whole := true
	for key, raw := range object {
		whole = r.put(key, raw) && whole
	}
	return r.leftOut(whole) == nil
}

// put takes raw as what the service has on id, and reports whether it can be
// read as that.
func (r *reply) put(id string, raw json.RawMessage) bool {
	_, unknown := isUnknown(raw)
	found := idOf(raw)
	var fields map[string]json.RawMessage
	switch {
	case string(raw) == "null" || unknown && (found == "" || found == id):
		r.unknown[id] = true
	case json.Unmarshal(raw, &fields) != nil || len(fields) == 0:
		r.faults[id] = fmt.Errorf("record is %.60q, want an object: %w", raw, catalog.ErrInvalid)
		return false
	case found != "" && found != id:
		r.faults[id] = fmt.Errorf("record has id %.60q, want %q: %w", found, id, catalog.ErrInvalid)
		return false
	default:
		r.records[id] = raw
	}
	r.said = true
	return true
}

// leftOut settles the ids that an answer of several says nothing about.
func (r *reply) leftOut(whole bool) error {
	missing := r.missing()
	if len(missing) == 0 {
		return nil
	}
	if len(missing) == len(r.ids) && len(r.ids) == 1 && !whole {
		return fmt.Errorf("answer is not about %q: %w", r.ids[0], errRubbish)
	}
	for _, id := range missing {
		if whole {
			r.unknown[id] = true
		} else {
			r.faults[id] = fmt.Errorf("left out of an answer that could not be read in full: %w", catalog.ErrInvalid)
		}
	}
	return nil
}

// innerList returns the one list, or object by id, inside an object, nil if
// there is none or more than one.
func innerList(object map[string]json.RawMessage) json.RawMessage {
	for _, name := range []string{"movies", "users", "results", "items", "data"} {
		if raw := object[name]; len(raw) > 0 && (raw[0] == '[' || raw[0] == '{') {
			return raw
		}
	}
	var found json.RawMessage
	for _, raw := range object {
		if len(raw) > 0 && (raw[0] == '[' || raw[0] == '{') {
			if found != nil {
				return nil
			}
			found = raw
		}
	}
	return found
}
