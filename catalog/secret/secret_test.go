package secret_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"marquee/catalog/secret"
)

// However it is printed, logged or marshalled, within another value or by itself, it is
// not shown; that there is none is.
func TestText(t *testing.T) {
	type config struct {
		Key  secret.Text
		None secret.Text
	}
	c := config{Key: "sesame"}
	var out strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&out, verb+verb+verb, c, &c, c.Key)
	}
	for _, h := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		slog.New(h).Info("x", "config", c, "key", c.Key)
	}
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	if string(text) != `{"Key":"[hidden]","None":""}` {
		t.Errorf("as JSON %s", text)
	}
	if s := out.String(); strings.Contains(s, "sesame") || strings.Contains(s, fmt.Sprintf("%x", "sesame")) || !strings.Contains(s, secret.Hidden) {
		t.Errorf("shown: %s", s)
	}
}

func TestHide(t *testing.T) {
	if got := secret.Text("sesame").Hide("no sesame, sesamesesame"); got != "no [hidden], [hidden][hidden]" {
		t.Error(got)
	}
	if got := secret.Text("").Hide("as it is"); got != "as it is" {
		t.Error(got)
	}
}
