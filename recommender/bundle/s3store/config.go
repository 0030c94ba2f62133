package s3store

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strconv"
	"strings"
	"time"

	"marquee/catalog"
)

// A Config says where a depot is and how it is spoken to. Start from
// [DefaultConfig] or [ParseURL].
type Config struct {
	Endpoint  string // host or host:port, without a scheme
	Bucket    string
	Prefix    string // of all keys, without a slash at its ends; may be empty
	Region    string // empty: the server is asked
	Insecure  bool   // plain HTTP
	CA        string // file of PEM certificates that are trusted instead of the system's; empty: the system's
	PathStyle bool   // the bucket is in the path; else it is in the host's name where the server is known to want that

	// AccessKey and Secret are the credentials. If they are empty, those of the environment are used
	// (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, MINIO_ROOT_USER and MINIO_ROOT_PASSWORD), of the file of
	// shared credentials, or of the machine's role; without any of these, none.
	AccessKey string `json:"-"`
	Secret    string `json:"-"`

	PartSize int64         // bytes of a part of a large file, 5 MiB to 1 GiB; one part is in memory for each transfer
	Parallel int           // transfers at once, 1 to 32
	Attempts int           // how often a request is made at most, 1 to 10
	Timeout  time.Duration // the longest silence of a connection, 100 ms to 10 minutes
}

// DefaultConfig returns what has a default: Amazon's server, parts of 16 MiB, 4 transfers at once, 4
// attempts, and a minute of silence.
func DefaultConfig() Config {
	return Config{Endpoint: "s3.amazonaws.com", PartSize: 16 << 20, Parallel: 4, Attempts: 4, Timeout: time.Minute}
}

// ParseURL reads s3://BUCKET/PREFIX?endpoint=HOST:PORT&region=R&insecure=true&path-style=true&ca=FILE,
// of which all but the bucket may be left out. Credentials do not belong into it, since addresses
// are logged. Errors wrap [catalog.ErrInvalid].
func ParseURL(text string) (Config, error) {
	c := DefaultConfig()
	u, err := url.Parse(text)
	if err != nil {
		return c, fmt.Errorf("address of the depot: not a URL: %w", catalog.ErrInvalid) // without what may be a password in it
	}
	if u.Scheme != "s3" || u.Host == "" || u.User != nil || u.Fragment != "" {
		return c, fmt.Errorf("address of the depot: want s3://BUCKET/PREFIX?endpoint=HOST:PORT without user or password (those come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY): %w", catalog.ErrInvalid)
	}
	c.Bucket, c.Prefix = u.Host, strings.Trim(u.Path, "/")
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return c, fmt.Errorf("address of the depot: %w: %w", err, catalog.ErrInvalid)
	}
	for key, values := range query {
		if err := c.set(key, values[len(values)-1]); err != nil {
			return c, fmt.Errorf("address of the depot: %w: %w", err, catalog.ErrInvalid)
		}
	}
	return c, c.Validate()
}

func (c *Config) set(key, value string) (err error) {
	switch key {
	case "endpoint":
		c.Endpoint = value
	case "region":
		c.Region = value
	case "ca":
		c.CA = value
	case "insecure":
		c.Insecure, err = strconv.ParseBool(value)
	case "path-style":
		c.PathStyle, err = strconv.ParseBool(value)
	default:
		return fmt.Errorf("%q is not known, want endpoint, region, ca, insecure or path-style", key)
	}
	if err != nil {
		return fmt.Errorf("%s is %q, want true or false", key, value)
	}
	return nil
}

// Validate reports every fault in one error, which wraps [catalog.ErrInvalid].
func (c Config) Validate() error {
	var errs []error
	if c.Endpoint == "" || strings.ContainsAny(c.Endpoint, "/ @?#") {
		errs = append(errs, fmt.Errorf("endpoint is %q, want a host, or host:port, without a scheme", c.Endpoint))
	}
	if len(c.Bucket) < 3 || len(c.Bucket) > 63 || strings.ContainsAny(c.Bucket, "/ :@") {
		errs = append(errs, fmt.Errorf("bucket is %q, want 3 to 63 characters", c.Bucket))
	}
	if !validPrefix(c.Prefix) {
		errs = append(errs, fmt.Errorf("prefix is %q, want at most 200 characters, and between slashes neither nothing nor dots alone", c.Prefix))
	}
	if (c.AccessKey == "") != (c.Secret == "") {
		errs = append(errs, errors.New("want an access key and a secret, or neither"))
	}
	if c.PartSize < 5<<20 || c.PartSize > 1<<30 {
		errs = append(errs, fmt.Errorf("part size is %d, want 5 MiB to 1 GiB", c.PartSize))
	}
	if c.Parallel < 1 || c.Parallel > 32 {
		errs = append(errs, fmt.Errorf("%d transfers at once, want 1 to 32", c.Parallel))
	}
	if c.Attempts < 1 || c.Attempts > 10 {
		errs = append(errs, fmt.Errorf("%d attempts, want 1 to 10", c.Attempts))
	}
	if c.Timeout < 100*time.Millisecond || c.Timeout > 10*time.Minute {
		errs = append(errs, fmt.Errorf("timeout is %v, want 100 ms to 10 minutes", c.Timeout))
	}
	if len(errs) > 0 {
		return fmt.Errorf("%w: %w", errors.Join(errs...), catalog.ErrInvalid)
	}
	return nil
}

func validPrefix(prefix string) bool {
	if prefix == "" {
		return true
	}
	if len(prefix) > 200 {
		return false
	}
	for part := range strings.SplitSeq(prefix, "/") {
		if strings.Trim(part, ".") == "" {
			return false
		}
	}
	return true
}

// String returns where the depot is, without credentials.
func (c Config) String() string {
	return strings.TrimSuffix("s3://"+c.Bucket+"/"+c.Prefix, "/") + " at " + c.Endpoint
}

// GoString is String, so that no way of printing shows the secret.
func (c Config) GoString() string { return c.String() }

// LogValue is String, likewise.
func (c Config) LogValue() slog.Value { return slog.StringValue(c.String()) }

// key returns the key of a name in the depot.
func (c Config) key(name string) string {
	if c.Prefix == "" {
		return name
	}
	return c.Prefix + "/" + name
}
