package httpapi

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"

	"marquee/recommender"
	"marquee/recommender/rank"
)

// The headers that say where an answer came from.
const (
	HeaderRequestID  = "X-Request-Id"
	HeaderBundle     = "X-Marquee-Bundle"
	HeaderData       = "X-Marquee-Data"
	HeaderTier       = "X-Marquee-Tier"
	HeaderHistory    = "X-Marquee-History"
	HeaderSequence   = "X-Marquee-Sequence"
	HeaderArm        = "X-Marquee-Arm"        // the arm of the person: see rank.List
	HeaderExperiment = "X-Marquee-Experiment" // that the list takes part in; see recommender.Answer
	HeaderWatched    = "X-Marquee-Watched"    // movies of the history that the list takes into account

	// HeaderNeighbours says who told what is near, if the index is outside of the
	// process: it, or the bundle's own table.
	HeaderNeighbours = "X-Marquee-Neighbours"

	// HeaderShed says why a list came from memory instead of being made for the person:
	// overload, deadline or failure.
	HeaderShed = "X-Marquee-Shed"
)

type requestKey struct{}

// requestIDOf returns the id that r came with, if it is a short plain word, or a random one,
// and the one that was not taken. Where lists are told, which are kept by their ids, no two
// requests have the same of late.
func (s *Server) requestIDOf(r *http.Request) (id, refused string) {
	if given := r.Header[HeaderRequestID]; len(given) > 0 && plainWord(given[0]) {
		if !strings.HasPrefix(r.URL.Path, contractPath) || s.given.first(given[0]) {
			return given[0], ""
		}
		refused = given[0]
	}
	return newRequestID(), refused
}

// newRequestID returns an id that begins with the time, in milliseconds, so that lists are
// kept in about the order of their ids, which spares the store's index (RFC 9562, version
// 7, does the same).
func newRequestID() string {
	var b [16]byte
	var text [2 * len(b)]byte
	rand.Read(b[6:]) // never fails
	var now [8]byte
	binary.BigEndian.PutUint64(now[:], uint64(time.Now().UnixMilli()))
	copy(b[:6], now[2:])
	hex.Encode(text[:], b[:])
	return string(text[:])
}

// withRequestID lets [requestID] know the id of a request.
func withRequestID(r *http.Request, id string) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), requestKey{}, id))
}

func plainWord(id string) bool {
	if id == "" || len(id) > 64 {
		return false
	}
	for _, c := range []byte(id) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

// requestID returns the id of a request, "" of a plain contract call, whose recorder has
// it.
func requestID(r *http.Request) string {
	id, _ := r.Context().Value(requestKey{}).(string)
	return id
}

// A seal is what all answers of one state of a bundle say of themselves, as values of
// headers. They are shared by answers, none of which changes them.
type seal struct {
	live                   *recommender.Live
	bundle, data, sequence []string
	arms                   map[string][]string
	sources                memo[sourcesKey, *sourceNames]
}

// sealOf returns that of live.
func (s *Server) sealOf(live *recommender.Live) *seal {
	if sealed := s.seal.Load(); sealed != nil && sealed.live == live {
		return sealed
	}
	m := &live.Bundle.Manifest
	sealed := &seal{
		live: live, bundle: []string{m.ID}, data: []string{m.DataVersion},
		sequence: []string{strconv.FormatInt(live.Sequence, 10)}, arms: map[string][]string{},
	}
	for _, arm := range live.Snapshot.Arms.Names() {
		sealed.arms[arm] = []string{arm}
	}
	s.seal.Store(sealed)
	return sealed
}

// arm returns the value of a header that names an arm.
func (s *seal) arm(name string) []string {
	if v, ok := s.arms[name]; ok {
		return v
	}
	return []string{name}
}

// Values of headers that many answers share.
var (
	tiers     = words(string(rank.TierPersonal), string(rank.TierGroup), string(rank.TierPopular), string(rank.TierSimilar))
	histories = words("fresh", "stale")
	numbers   = func() (all [1000][]string) {
		for i := range all {
			all[i] = []string{strconv.Itoa(i)}
		}
		return all
	}()
)

func words(all ...string) map[string][]string {
	out := make(map[string][]string, len(all))
	for _, w := range all {
		out[w] = []string{w}
	}
	return out
}

// word returns w as the value of a header.
func word(shared map[string][]string, w string) []string {
	if v, ok := shared[w]; ok {
		return v
	}
	return []string{w}
}

// number returns n as the value of a header.
func number(n int) []string {
	if n >= 0 && n < len(numbers) {
		return numbers[n]
	}
	return []string{strconv.Itoa(n)}
}

// provenanceOfMany writes the headers of an answer that has many lists, each of which says
// more of itself, and hands what they are made from to the log. A bundle that is taken
// meanwhile may make the later ones.
func (s *Server) provenanceOfMany(w http.ResponseWriter, live *recommender.Live) {
	h, sealed := w.Header(), s.sealOf(live)
	h[HeaderBundle], h[HeaderData], h[HeaderSequence] = sealed.bundle, sealed.data, sealed.sequence
	if rec, ok := w.(*recorder); ok {
		rec.live = live
	}
}

// provenance writes the headers of an answer and hands it to the log and the
// metrics, which look at it until the request has ended.
func (s *Server) provenance(w http.ResponseWriter, a *recommender.Answer) {
	h := w.Header()
	sealed := s.sealOf(a.Live)
	h[HeaderBundle], h[HeaderData] = sealed.bundle, sealed.data
	h[HeaderTier] = word(tiers, string(a.List.Tier))
	h[HeaderHistory] = word(histories, freshness(a))
	h[HeaderArm] = sealed.arm(a.List.Arm)
	h[HeaderWatched] = number(len(a.Taste.Watched))
	if h[HeaderSequence] = sealed.sequence; a.Sequence != a.Live.Sequence {
		h.Set(HeaderSequence, strconv.FormatInt(a.Sequence, 10))
	}
	if a.Experiment != "" {
		h.Set(HeaderExperiment, a.Experiment)
	}
	if a.Neighbours != "" {
		h.Set(HeaderNeighbours, a.Neighbours)
	}
	if rec, ok := w.(*recorder); ok {
		rec.answer = a
	}
}
