package bundle

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"marquee/catalog"
)

// A Publication is one move of the pointer to the live bundle.
type Publication struct {
	ID   string    `json:"id"`
	At   time.Time `json:"at,omitzero"`    // zero if it is not known: an older program moved the pointer
	By   string    `json:"by,omitempty"`   // a person or a program, at most 200 bytes
	Why  string    `json:"why,omitempty"`  // at most 2,000 bytes
	Back string    `json:"back,omitempty"` // of a rollback: the bundle that was taken back
}

// check returns an error that wraps [catalog.ErrInvalid] unless p may stand in a journal.
func (p Publication) check() error {
	switch {
	case !ValidID(p.ID) || p.Back != "" && !ValidID(p.Back):
		return fmt.Errorf("bundle ID %q, want 16 hex digits: %w", p.ID+p.Back, catalog.ErrInvalid)
	case len(p.By) > 200:
		return fmt.Errorf("who published is %d bytes, want at most 200: %w", len(p.By), catalog.ErrInvalid)
	case len(p.Why) > 2000:
		return fmt.Errorf("the reason is %d bytes, want at most 2000: %w", len(p.Why), catalog.ErrInvalid)
	}
	return nil
}

const (
	// journalLength is how many publications are kept.
	journalLength = 100
	// pointerLimit bounds the pointer that is read, in bytes: a line holds 2,200 bytes
	// of text at most, each of which JSON may make six, and a few more.
	pointerLimit = 2 << 20
)

// A Journal is what the pointer to the live bundle holds: the publications, newest
// first, at most 100. The first is the live one. A shelf keeps it in a file, a depot
// under a key, and both move it whole. A Journal is a value: its methods leave the one they are called
// on as it is.
type Journal []Publication

// ParseJournal reads a pointer of at most 2 MiB: the ID of the live bundle on a line of its own, which
// is all that older programs wrote, and a publication a line as JSON. A line that cannot be
// read, or that does not go with the first, is an error that wraps [ErrBroken]; then the journal
// holds what could be read, and at least the live bundle unless the error is about that.
func ParseJournal(text []byte) (Journal, error) {
	if len(text) > pointerLimit {
		return nil, fmt.Errorf("the pointer is %d bytes, want at most %d: %w", len(text), pointerLimit, ErrBroken)
	}
	first, rest, _ := bytes.Cut(text, []byte("\n"))
	live := strings.TrimSpace(string(first))
	if !ValidID(live) {
		return nil, fmt.Errorf("the pointer begins with %.40q, want the ID of a bundle: %w", live, ErrBroken)
	}
	var j Journal
	var fault error
	for i, line := range bytes.Split(rest, []byte("\n")) {
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		var p Publication
		err := json.Unmarshal(line, &p)
		if err == nil {
			err = p.check()
		}
		if err == nil && len(j) == journalLength {
			err = fmt.Errorf("more than %d publications", journalLength)
		}
		if err != nil {
			fault = fmt.Errorf("line %d of the pointer: %w: %w", i+2, err, ErrBroken)
			break
		}
		j = append(j, p)
	}
	if j.Live() != live { // an older program, or a person with an editor, moved it
		j = j.push(Publication{ID: live})
	}
	return j, fault
}

// Encode returns the content of a pointer. The journal must not be empty.
func (j Journal) Encode() ([]byte, error) {
	var out bytes.Buffer
	out.WriteString(j.Live() + "\n")
	for _, p := range j {
		line, err := json.Marshal(p)
		if err != nil {
			return nil, fmt.Errorf("encode publication: %w", err)
		}
		out.Write(append(line, '\n'))
	}
	return out.Bytes(), nil
}

// Live returns the ID of the live bundle, "" without one.
func (j Journal) Live() string {
	if len(j) == 0 {
		return ""
	}
	return j[0].ID
}

func (j Journal) push(p Publication) Journal {
	return append(Journal{p}, j[:min(len(j), journalLength-1)]...)
}

// Publish returns j with p in front, and whether that changes anything: to publish
// what is live already does not, so that a command that is repeated leaves no trace.
func (j Journal) Publish(p Publication) (Journal, bool, error) {
	if err := p.check(); err != nil {
		return j, false, err
	}
	if j.Live() == p.ID {
		return j, false, nil
	}
	return j.push(p), true, nil
}

// Stack returns the bundles that rollbacks lead to, the live one first: each
// publication lays its bundle on top, each rollback takes off what lies above the one it went
// back to. No bundle follows itself.
func (j Journal) Stack() []string {
	var stack []string // the live one last
	for _, p := range slices.Backward(j) {
		if p.Back != "" {
			for len(stack) > 0 && stack[len(stack)-1] != p.ID {
				stack = stack[:len(stack)-1]
			}
		}
		if len(stack) == 0 || stack[len(stack)-1] != p.ID {
			stack = append(stack, p.ID)
		}
	}
	slices.Reverse(stack)
	return stack
}

// Rollback returns j with a step back in front: to the newest earlier bundle of the
// [Journal.Stack] that can says can serve. Without one the error wraps
// [catalog.ErrNotFound]. p says who, why and when.
func (j Journal) Rollback(p Publication, can func(id string) bool) (Journal, error) {
	stack := j.Stack()
	if len(stack) == 0 {
		return j, fmt.Errorf("no bundle is live, so there is none to go back from; run \"marquee build\": %w", catalog.ErrNotFound)
	}
	for _, id := range stack[1:] {
		if id == stack[0] || !can(id) {
			continue
		}
		p.ID, p.Back = id, stack[0]
		if err := p.check(); err != nil {
			return j, err
		}
		return j.push(p), nil
	}
	return j, fmt.Errorf("of the %d bundles that were live before %s none is left whole; \"marquee bundle list\" shows what there is and \"marquee bundle publish\" makes it live: %w",
		len(stack)-1, stack[0], catalog.ErrNotFound)
}

// Replace returns j with old wherever it stands become next, and whether it stands
// anywhere.
func (j Journal) Replace(old, next string) (Journal, bool) {
	out, found := slices.Clone(j), false
	for i := range out {
		if out[i].ID == old {
			out[i].ID, found = next, true
		}
		if out[i].Back == old {
			out[i].Back, found = next, true
		}
	}
	return out, found
}

// Newest returns the bundles that the last n publications name, rollbacks among them,
// and those that the next n rollbacks could lead to; the live one is always among them.
func (j Journal) Newest(n int) map[string]bool {
	ids := make(map[string]bool)
	for i, p := range j {
		if i < max(n, 1) {
			ids[p.ID] = true
		}
	}
	for i, id := range j.Stack() {
		if i <= n {
			ids[id] = true
		}
	}
	return ids
}
