package qdrant

import (
	"errors"
	"fmt"
	"net"
	"regexp"
	"strconv"
	"strings"
	"time"

	"marquee/catalog/secret"
)

// Floor is the recall at 20, on movies held out and on profiles, below which a
// collection is not to be published.
const Floor = 0.98

// Config says which server to ask and how. Start from [DefaultConfig]: a zero field
// means zero.
type Config struct {
	Addr   string      // host:port of the server's gRPC, "localhost:6334"
	APIKey secret.Text // sent with every call; empty sends none
	TLS    bool
	CAFile string // PEM file of the authorities to trust with TLS; empty: the system's
	Alias  string // names the live collection and begins the name of each; letters, digits, "_" and "."

	M            int     // links of a point in the graph, 4 to 256
	EfConstruct  int     // candidates looked at when a point is linked, 4 to 4096
	Ef           int     // candidates a search keeps, 1 to 65536; Build measures and replaces it
	Quantise     bool    // search int8 copies of the vectors, then score the best by the vectors
	Oversampling float64 // with Quantise, so many times the rows asked for are scored again, 1 to 16
	Segments     int     // parts that the server keeps a collection in, 1 to 64; 0 lets it choose
	IndexingKB   int     // a segment with more kilobytes of vectors gets a graph, 1 to 2^30; others are scanned

	Batch      int // points of an upload at once, 1 to 65536
	BatchBytes int // bytes of a call, 65536 to 2^26; a single point may have more
	MaxIDs     int // ids that a search sends to have them left out, or nothing else found, 0 to 65536

	Timeout      time.Duration // of a search, whatever it takes, above 0
	WriteTimeout time.Duration // of an attempt at anything else, above 0
	WaitTimeout  time.Duration // for the server's optimizer to finish with a new collection, above 0
	Attempts     int           // at anything but a search, 1 to 100
	MinDelay     time.Duration // before the second attempt, above 0; doubles each time
	MaxDelay     time.Duration // MinDelay or more; a server that asks for a longer wait is given up
	Failures     int           // searches that fail in a row before the server is left alone, 1 to 1000
	Pause        time.Duration // for how long it is, above 0

	Keep      int           // complete collections to keep that are older than the live one, 0 to 1000
	Abandoned time.Duration // age at which a collection that was never completed is swept, above 0
}

// DefaultConfig suits a server nearby and a catalog of some 100,000 movies; it has no
// Addr. Two segments with the threshold of 10 MB give 27,000 movies of 384 dims a
// graph in each. 2 MB a call stays below the 4 MB that gRPC proxies let through. Eight
// attempts last for some ten seconds, while a server starts again.
func DefaultConfig() Config {
	return Config{
		Alias: "marquee",
		M:     16, EfConstruct: 200, Ef: 128, Oversampling: 2, Segments: 2, IndexingKB: 10_000,
		Batch: 256, BatchBytes: 2 << 20, MaxIDs: 2048,
		Timeout: 250 * time.Millisecond, WriteTimeout: 30 * time.Second, WaitTimeout: 10 * time.Minute,
		Attempts: 8, MinDelay: 100 * time.Millisecond, MaxDelay: 5 * time.Second, Failures: 5, Pause: time.Second,
		Keep: 3, Abandoned: 24 * time.Hour,
	}
}

// aliasForm has no "-", which ends the alias in the name of a collection: so the
// collections of one alias are never taken for those of another.
var aliasForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.]{0,63}$`)

// Validate reports every fault of c in one error, which never shows the key.
func (c Config) Validate() error {
	var errs []error
	fault := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if _, _, err := c.hostPort(); err != nil {
		errs = append(errs, err)
	}
	if strings.ContainsFunc(string(c.APIKey), func(r rune) bool { return r <= ' ' || r > '~' }) {
		fault("API key holds blanks or characters that are not ASCII; was a line end copied with it?")
	}
	if c.CAFile != "" && !c.TLS {
		fault("a file of authorities is given without TLS, want both or neither")
	}
	if !aliasForm.MatchString(c.Alias) {
		fault("alias is %q, want 1 to 64 letters, digits, \"_\" and \".\", a letter or digit first", c.Alias)
	}
	for _, n := range c.counts() {
		if n.value < n.least || n.value > n.most {
			fault("%s is %d, want %d to %d", n.name, n.value, n.least, n.most)
		}
	}
	if !(c.Oversampling >= 1 && c.Oversampling <= 16) {
		fault("oversampling is %v, want 1 to 16", c.Oversampling)
	}
	for name, d := range map[string]time.Duration{
		"timeout": c.Timeout, "write timeout": c.WriteTimeout, "wait timeout": c.WaitTimeout,
		"pause": c.Pause, "age of an abandoned collection": c.Abandoned,
	} {
		if d <= 0 {
			fault("%s is %v, want above 0", name, d)
		}
	}
	if c.MinDelay <= 0 || c.MaxDelay < c.MinDelay {
		fault("delays are %v to %v, want 0 < least <= most", c.MinDelay, c.MaxDelay)
	}
	return errors.Join(errs...)
}

type count struct {
	name               string
	value, least, most int
}

func (c Config) counts() []count {
	return []count{
		{"M", c.M, 4, 256},
		{"ef of the construction", c.EfConstruct, 4, 4096},
		{"ef", c.Ef, 1, maxEf},
		{"segments", c.Segments, 0, 64},
		{"kilobytes of a segment without a graph", c.IndexingKB, 1, 1 << 30},
		{"points of a batch", c.Batch, 1, 1 << 16},
		{"bytes of a batch", c.BatchBytes, 1 << 16, 1 << 26},
		{"ids of a search", c.MaxIDs, 0, 1 << 16},
		{"attempts", c.Attempts, 1, 100},
		{"failures in a row", c.Failures, 1, 1000},
		{"collections to keep", c.Keep, 0, 1000},
	}
}

// maxEf is the widest search.
const maxEf = 1 << 16

// hostPort splits Addr. An IPv6 host keeps its brackets, as go-client wants it.
func (c Config) hostPort() (string, int, error) {
	host, port, err := net.SplitHostPort(c.Addr)
	n, convErr := strconv.Atoi(port)
	if err != nil || convErr != nil || host == "" || n < 1 || n > 65535 {
		return "", 0, fmt.Errorf("address is %q, want host:port of the server's gRPC such as localhost:6334", c.Addr)
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	return host, n, nil
}
