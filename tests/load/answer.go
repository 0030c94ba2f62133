package load

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// An Answer is what came back. Its fields are overwritten by the next one of the same
// connection.
type Answer struct {
	Status int
	Header []byte // as it came
	Body   []byte
}

// Value returns a header by its name, "" if there is none.
func (a Answer) Value(name string) string {
	for line := range bytes.Lines(a.Header) {
		key, value, ok := bytes.Cut(line, []byte(":"))
		if ok && strings.EqualFold(string(key), name) {
			return string(bytes.TrimSpace(value))
		}
	}
	return ""
}

var errAnswer = errors.New("answer is no HTTP")

// maxAnswer is the longest answer that is read, in bytes.
const maxAnswer = 64 << 20

var (
	headEnd     = []byte("\r\n\r\n")
	lineEnd     = []byte("\r\n")
	lengthName  = []byte("\r\nContent-Length: ")
	chunkedName = []byte("\r\nTransfer-Encoding: chunked")
	closeName   = []byte("\r\nConnection: close")
)

// A reply collects what a connection brings until it is an answer: as much of HTTP/1.1 as
// a benchmark needs, bodies with a Content-Length or in chunks. It keeps its room.
type reply struct {
	in   []byte // as it came
	body []byte // of chunks, joined
}

// room returns where more may be put, some of it or none; added says how much was.
func (r *reply) room() []byte {
	if len(r.in) == cap(r.in) {
		r.in = append(r.in, make([]byte, max(16<<10, len(r.in)))...)[:len(r.in)]
	}
	return r.in[len(r.in):cap(r.in)]
}

func (r *reply) added(n int) { r.in = r.in[:len(r.in)+n] }

func (r *reply) reset() { r.in = r.in[:0] }

// answer returns what came as an answer, and whether the connection may be used again;
// whole is false while more is to come.
func (r *reply) answer() (a Answer, again, whole bool, err error) {
	if len(r.in) > maxAnswer {
		return a, false, false, fmt.Errorf("%w: more than %d bytes", errAnswer, maxAnswer)
	}
	end := bytes.Index(r.in, headEnd)
	if end < 0 {
		return a, false, false, nil
	}
	head, rest := r.in[:end+len(lineEnd)], r.in[end+len(headEnd):]
	if len(head) < 14 || !bytes.HasPrefix(head, []byte("HTTP/1.1 ")) {
		return a, false, false, fmt.Errorf("%w: %.40q", errAnswer, head)
	}
	if a.Status, err = strconv.Atoi(string(head[9:12])); err != nil {
		return a, false, false, errAnswer
	}
	a.Header = head
	if bytes.Contains(head, chunkedName) {
		a.Body, whole, err = r.chunks(rest)
	} else {
		a.Body, whole, err = sized(head, rest)
	}
	return a, !bytes.Contains(head, closeName), whole, err
}

// sized returns the body of an answer whose head says its length; none is 0.
func sized(head, rest []byte) (body []byte, whole bool, err error) {
	length := 0
	if _, value, ok := bytes.Cut(head, lengthName); ok {
		value, _, _ = bytes.Cut(value, lineEnd)
		if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil || length < 0 || length > maxAnswer {
			return nil, false, errAnswer
		}
	}
	if len(rest) < length {
		return nil, false, nil
	}
	return rest[:length], true, nil
}

// chunks joins a body in chunks.
func (r *reply) chunks(rest []byte) (body []byte, whole bool, err error) {
	r.body = r.body[:0]
	for {
		line, more, ok := bytes.Cut(rest, lineEnd)
		if !ok {
			return nil, false, nil
		}
		n, err := strconv.ParseUint(string(bytes.TrimSpace(line)), 16, 31)
		if err != nil {
			return nil, false, errAnswer
		}
		if uint64(len(more)) < n+2 {
			return nil, false, nil
		}
		if n == 0 {
			return r.body, true, nil
		}
		r.body, rest = append(r.body, more[:n]...), more[n+2:]
	}
}
