package httpapi

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the page and its style
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"sync"
)

var (
	//go:embed docs.html
	docsTemplate string
	//go:embed docs.css
	docsStyle string
)

// docsPage returns the page that shows the description: made once, of what is embedded.
var docsPage = sync.OnceValues(func() ([]byte, error) {
	page, err := template.New("docs").Parse(docsTemplate)
	if err != nil {
		return nil, fmt.Errorf("template of the docs: %w", err)
	}
	d, err := readDescription(description)
	if err != nil {
		return nil, fmt.Errorf("docs: %w", err)
	}
	var out bytes.Buffer
	err = page.Execute(&out, struct {
		*described
		Style template.CSS
	}{d, template.CSS(docsStyle)}) //nolint:gosec // it is embedded
	return out.Bytes(), err
})

// docsPolicy lets the page load nothing and run nothing; its own style is known by its
// hash.
var docsPolicy = sync.OnceValue(func() string {
	sum := sha256.Sum256([]byte(docsStyle))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
})

// docs shows the description as a page that needs nothing from elsewhere.
func (s *Server) docs(w http.ResponseWriter, _ *http.Request, _ query) error {
	page, err := docsPage()
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", docsPolicy())
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "public, max-age=300")
	_, _ = w.Write(page) // the client may have gone
	return nil
}
