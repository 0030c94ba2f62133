package httpapi

import (
	"net/http"
	"strconv"
	"strings"
)

// prefersJSON reports whether an Accept header (RFC 9110, section 12.5.1) asks for
// JSON rather than plain text. Who takes both alike gets the plain line, since that
// is the contract; many clients name JSON, text and anything in one breath.
func prefersJSON(accept string) bool {
	var json, text, any float64
	for part := range strings.SplitSeq(accept, ",") {
		kind, params, _ := strings.Cut(part, ";")
		q := quality(params)
		switch strings.ToLower(strings.TrimSpace(kind)) {
		case "application/json":
			json = max(json, q)
		case "text/plain", "text/*":
			text = max(text, q)
		case "*/*":
			any = max(any, q)
		}
	}
	return json > 0 && json > text && json >= any
}

// quality returns the q of a media range's parameters, 1 if there is none.
func quality(params string) float64 {
	for p := range strings.SplitSeq(params, ";") {
		name, value, ok := strings.Cut(strings.TrimSpace(p), "=")
		if ok && strings.EqualFold(strings.TrimSpace(name), "q") {
			q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			if err != nil || !(q >= 0 && q <= 1) {
				return 0
			}
			return q
		}
	}
	return 1
}

// wantsJSON reports whether the caller asks for JSON rather than the plain line, by the
// parameter format, json or text, or else by the Accept header.
func wantsJSON(r *http.Request) bool {
	if strings.Contains(r.URL.RawQuery, "format=") {
		switch r.URL.Query().Get("format") {
		case "json":
			return true
		case "text":
			return false
		}
	}
	accept := r.Header["Accept"]
	return len(accept) > 0 && prefersJSON(strings.Join(accept, ","))
}
