package sqlstore

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"regexp"
	"strings"

	"marquee/catalog"
)

// kindOf returns the kind of database that dsn names.
func kindOf(dsn string) (string, error) {
	scheme, _, isURL := strings.Cut(dsn, "://")
	switch {
	case dsn == "":
		return "", fmt.Errorf("the store has no name; want the path of a file or a postgres:// URL: %w", catalog.ErrInvalid)
	case isSettings(dsn):
		return "", fmt.Errorf("the store looks like connection settings of PostgreSQL (not shown, since they may hold a password); want them as a URL, postgres://user:password@host:port/database: %w", catalog.ErrInvalid)
	case isURL && (scheme == "postgres" || scheme == "postgresql"):
		return Postgres, nil
	case isURL:
		return "", fmt.Errorf("store %s: scheme %q is not known; want the path of a file or a postgres:// URL: %w", Redact(dsn), scheme, catalog.ErrInvalid)
	case strings.HasPrefix(dsn, ":memory:"), strings.HasPrefix(dsn, "file:"):
		return "", fmt.Errorf("store %s: want the plain path of a file: %w", dsn, catalog.ErrInvalid)
	case strings.ContainsRune(dsn, 0):
		return "", fmt.Errorf("store %q: a path holds no NUL byte: %w", dsn, catalog.ErrInvalid)
	}
	return SQLite, nil
}

// setting is what stands in PostgreSQL's key=value settings, and in no sensible
// name of a file.
var setting = regexp.MustCompile(`(?i)(password|host)\s*=|(^|\s)(dbname|user|port|sslmode|service|passfile)\s*=`)

// isSettings reports whether dsn is no URL that [Open] takes but was meant to
// say how PostgreSQL is reached. As a path it would make a file whose name
// holds a password.
func isSettings(dsn string) bool {
	scheme, rest, _ := strings.Cut(dsn, ":")
	isURL := strings.HasPrefix(rest, "//")
	if isURL && (scheme == "postgres" || scheme == "postgresql") {
		return false
	}
	if lower := strings.ToLower(scheme); lower == "postgres" || lower == "postgresql" {
		return rest != "" || strings.HasSuffix(dsn, ":")
	}
	return setting.MatchString(dsn)
}

// Redact returns dsn fit to be logged: without the password of a URL, wherever
// it stands, and without anything of a URL that cannot be read or of settings
// that are no URL.
func Redact(dsn string) string {
	if isSettings(dsn) {
		return "(connection settings that are no postgres:// URL)"
	}
	scheme, _, isURL := strings.Cut(dsn, "://")
	if !isURL {
		return dsn
	}
	u, err := url.Parse(dsn)
	if err != nil {
		return scheme + "://(a URL that cannot be read)"
	}
	query := u.Query()
	for _, secret := range []string{"password", "sslpassword", "passfile"} {
		if query.Has(secret) {
			query.Set(secret, "xxxxx")
		}
	}
	if u.RawQuery != "" {
		u.RawQuery = query.Encode()
	}
	return u.Redacted()
}

// withSSLMode returns a PostgreSQL URL that says its sslmode: see [Open].
// Errors never quote dsn.
func withSSLMode(dsn string) (string, error) {
	u, err := url.Parse(dsn)
	if err != nil {
		return "", fmt.Errorf("the URL cannot be read; want postgres://user:password@host:port/database, with %%-escapes for special characters in the password: %w", catalog.ErrInvalid)
	}
	query := u.Query()
	if query.Get("sslmode") != "" || os.Getenv("PGSSLMODE") != "" {
		return dsn, nil
	}
	host := u.Hostname()
	if h := query.Get("host"); h != "" {
		host = h
	}
	if host == "" {
		host = os.Getenv("PGHOST")
	}
	mode := "require"
	if isLocal(host) {
		mode = "disable"
	}
	query.Set("sslmode", mode)
	u.RawQuery = query.Encode()
	return u.String(), nil
}

// isLocal reports whether host is a loopback address or the folder of a Unix
// socket; no host means localhost to the driver.
func isLocal(host string) bool {
	if host == "" || host == "localhost" || strings.HasPrefix(host, "/") || strings.HasPrefix(host, "@") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// scrub returns err without the password of the URL dsn in its text.
func scrub(err error, dsn string) error {
	text := strings.ReplaceAll(err.Error(), dsn, Redact(dsn))
	u, parseErr := url.Parse(dsn)
	if parseErr != nil {
		return errors.New("it cannot be read")
	}
	secrets := []string{u.Query().Get("password"), u.Query().Get("sslpassword")}
	if u.User != nil {
		password, _ := u.User.Password()
		secrets = append(secrets, password)
	}
	for _, secret := range secrets {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, "xxxxx")
		}
	}
	return errors.New(text)
}
