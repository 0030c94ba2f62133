package outside

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"marquee/catalog"
)

// The kinds of faults.
const (
	faultTimeout    = "timeout"
	faultConnection = "connection"
	faultStatus     = "status"
	faultRedirect   = "redirect"
	faultType       = "type"
	faultLength     = "length"
	faultFormat     = "format"
)

// historyHeaders tell how many movies of the person's history an answer took
// into account. What is no number says something else.
var historyHeaders = []string{"X-Marquee-Watched", "X-Marquee-History"}

// An answer is a list or a fault.
type answer struct {
	list    []uint32
	history int    // movies of the history that the server says it used; -1 if it does not say
	marquee bool   // the server is one of ours, which says more in JSON
	tier    string // how the list was made, if the server says so: "personal"
	fault   string // kind; "" for a list
	detail  string
}

// get asks once.
func (s *Server) get(ctx context.Context, user catalog.UserID) answer {
	body, header, fault := s.fetch(ctx, s.base+url.PathEscape(string(user)))
	if fault.fault != "" {
		return fault
	}
	if kind, _, err := mime.ParseMediaType(header.Get("Content-Type")); err != nil || kind != "text/plain" {
		return answer{fault: faultType, detail: fmt.Sprintf("type %.60q, want text/plain", header.Get("Content-Type"))}
	}
	a := s.parse(string(body))
	a.marquee, a.tier, a.history = header.Get("X-Marquee-Bundle") != "", header.Get("X-Marquee-Tier"), -1
	for _, name := range historyHeaders {
		if n, err := strconv.Atoi(header.Get(name)); err == nil && n >= 0 {
			a.history = n
			break
		}
	}
	return a
}

// fetch returns a body, or an answer that says what is wrong.
func (s *Server) fetch(ctx context.Context, address string) ([]byte, http.Header, answer) {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, nil, answer{fault: faultConnection, detail: err.Error()}
	}
	resp, err := s.client.Do(r)
	if err != nil {
		return nil, nil, s.broken(err)
	}
	defer resp.Body.Close()
	switch {
	case resp.StatusCode >= 300 && resp.StatusCode < 400:
		return nil, nil, answer{fault: faultRedirect, detail: fmt.Sprintf("status %d to %.100q; give the address it leads to", resp.StatusCode, resp.Header.Get("Location"))}
	case resp.StatusCode != http.StatusOK:
		return nil, nil, answer{fault: faultStatus, detail: fmt.Sprintf("status %d, want 200", resp.StatusCode)}
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, s.cfg.BodyBytes+1))
	if err != nil {
		return nil, nil, s.broken(err)
	}
	if int64(len(body)) > s.cfg.BodyBytes {
		return nil, nil, answer{fault: faultLength, detail: fmt.Sprintf("more than %d bytes", s.cfg.BodyBytes)}
	}
	return body, resp.Header, answer{}
}

func (s *Server) broken(err error) answer {
	var timeout net.Error
	if errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout() {
		return answer{fault: faultTimeout, detail: fmt.Sprintf("no whole answer within %s", s.cfg.Timeout)}
	}
	return answer{fault: faultConnection, detail: err.Error()}
}

// parse reads one line of ids.
func (s *Server) parse(body string) answer {
	line, rest, _ := strings.Cut(body, "\n")
	line = strings.TrimSuffix(line, "\r")
	if strings.TrimSpace(rest) != "" {
		return answer{fault: faultFormat, detail: "more than one line"}
	}
	var list []uint32
	if line != "" {
		for id := range strings.SplitSeq(line, ",") {
			if _, err := catalog.ParseMovieID(id); err != nil {
				return answer{fault: faultFormat, detail: fmt.Sprintf("%.60q is no list of movie ids", line)}
			}
			row, known := s.rows[id]
			if !known {
				row = unknownRow
			}
			list = append(list, row)
		}
		if list[0] == unknownRow && strings.ContainsAny(line[:1], "{[<\"") {
			return answer{fault: faultFormat, detail: fmt.Sprintf("%.60q is no list of movie ids", line)}
		}
	}
	return answer{list: list}
}

// watched returns how many movies of the person's history a server of ours says,
// in its JSON answer, it took into account; -1 if it does not say.
func (s *Server) watched(ctx context.Context, user catalog.UserID) int {
	body, _, fault := s.fetch(ctx, s.base+url.PathEscape(string(user))+"?format=json")
	var out struct {
		Watched *int `json:"watched"`
	}
	if fault.fault != "" || json.Unmarshal(body, &out) != nil || out.Watched == nil {
		return -1
	}
	return *out.Watched
}
