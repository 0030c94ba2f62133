package httpapi

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"strconv"

	"marquee/recommender"
)

// The headers that say where an answer came from.
const (
	HeaderRequestID = "X-Request-Id"
	HeaderBundle    = "X-Marquee-Bundle"
	HeaderData      = "X-Marquee-Data"
	HeaderTier      = "X-Marquee-Tier"
	HeaderHistory   = "X-Marquee-History"
	HeaderSequence  = "X-Marquee-Sequence"
	HeaderArm       = "X-Marquee-Arm"     // the arm of the person: see rank.List
	HeaderWatched   = "X-Marquee-Watched" // movies of the history that the list takes into account

	// HeaderNeighbours says who told what is near, if the index is outside of the
	// process: it, or the bundle's own table.
	HeaderNeighbours = "X-Marquee-Neighbours"
)

type requestKey struct{}

// withRequestID gives r an id: the caller's, if it is a short plain word, or a
// random one.
func withRequestID(r *http.Request) (*http.Request, string) {
	id := r.Header.Get(HeaderRequestID)
	if !plainWord(id) {
		var b [12]byte
		rand.Read(b[:]) // never fails
		id = hex.EncodeToString(b[:])
	}
	return r.WithContext(context.WithValue(r.Context(), requestKey{}, id)), id
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

func requestID(r *http.Request) string {
	id, _ := r.Context().Value(requestKey{}).(string)
	return id
}

// provenance writes the headers of an answer and hands it to the log and the
// metrics.
func (s *Server) provenance(w http.ResponseWriter, a recommender.Answer) {
	h := w.Header()
	m := a.Live.Bundle.Manifest
	h.Set(HeaderBundle, m.ID)
	h.Set(HeaderData, m.DataVersion)
	h.Set(HeaderTier, string(a.List.Tier))
	h.Set(HeaderHistory, freshness(a))
	h.Set(HeaderArm, a.List.Arm)
	h.Set(HeaderWatched, strconv.Itoa(len(a.Taste.Watched)))
	h.Set(HeaderSequence, strconv.FormatInt(a.Sequence, 10))
	if a.Neighbours != "" {
		h.Set(HeaderNeighbours, a.Neighbours)
	}
	if rec, ok := w.(*recorder); ok {
		rec.answer = &a
	}
}
