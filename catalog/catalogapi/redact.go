package catalogapi

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// redact returns the URL raw fit for a message: without user, password, query
// and fragment, any of which may be a key. Of a text that is no URL with a host
// nothing is shown.
func redact(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" {
		return "a text that is no URL (not shown, since it may hold a key)"
	}
	var b strings.Builder
	b.WriteString(u.Scheme + "://")
	if u.User != nil {
		b.WriteString("xxxxx@")
	}
	b.WriteString(u.Host + u.EscapedPath())
	if u.RawQuery != "" {
		b.WriteString("?xxxxx")
	}
	if u.Fragment != "" {
		b.WriteString("#xxxxx")
	}
	return b.String()
}

// withoutSecrets returns err with the URL in it redacted: net/http names the
// URL that it asked for, or was sent on to, and hides its password alone.
func withoutSecrets(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return fmt.Errorf("%s %s: %w", e.Op, redact(e.URL), e.Err)
	}
	return err
}
