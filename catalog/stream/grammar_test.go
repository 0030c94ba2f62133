package stream_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"marquee/catalog/stream"
)

var accepted = []struct {
	line string
	want string // kind, time, user, then what the kind has
}{
	{"2022-11-14T12:23:12,596363,GET /data/m/snowpiercer+2013/16.mpg", "watch 2022-11-14T12:23:12Z 596363 snowpiercer+2013 16"},
	{"2022-11-14T12:24,232596,GET /data/m/fight+club+1999/128.mpg", "watch 2022-11-14T12:24:00Z 232596 fight+club+1999 128"},
	{"2022-11-14T12:24:59.1,1,GET /data/m/m+1931/0.mpg", "watch 2022-11-14T12:24:59.1Z 1 m+1931 0"},
	{"2022-11-14T12:24:59.123456789,1,GET /data/m/endeavour+/1063.mpg", "watch 2022-11-14T12:24:59.123456789Z 1 endeavour+ 1063"},
	{"2024-02-29T00:00,1,GET /data/m/who+the+f**k+is+arthur+fogel+2013/1.mpg", "watch 2024-02-29T00:00:00Z 1 who+the+f**k+is+arthur+fogel+2013 1"},
	{"2022-01-01T00:00:00,1,GET /data/m/the+good_+the+bad+and+the+ugly+1966/1.mpg", "watch 2022-01-01T00:00:00Z 1 the+good_+the+bad+and+the+ugly+1966 1"},
	{"2022-01-01T00:00:00,1,GET /data/m/thelma++louise+1991/1.mpg", "watch 2022-01-01T00:00:00Z 1 thelma++louise+1991 1"},
	{"2022-01-01T00:00:00,1,GET /data/m/umberto+d.+1952/1.mpg", "watch 2022-01-01T00:00:00Z 1 umberto+d.+1952 1"},
	{"2022-01-01T00:00:00,1,GET /data/m/ben-hur+1959/1.mpg", "watch 2022-01-01T00:00:00Z 1 ben-hur+1959 1"},
	{"2024-10-14T15:20:53,69835,GET /rate/like+water+for+chocolate+1992=3", "rate 2024-10-14T15:20:53Z 69835 like+water+for+chocolate+1992 3"},
	{"2024-10-14T15:20:53,69835,GET /rate/heat+1995=-2", "rate 2024-10-14T15:20:53Z 69835 heat+1995 -2"},
	{"2024-10-14T15:20:53,69835,GET /rate/heat+1995=3.5", "rate 2024-10-14T15:20:53Z 69835 heat+1995 3.5"},
	{"2026-02-14T10:30:03,99999,GET /create_account", "create_account 2026-02-14T10:30:03Z 99999"},
	{
		"2022-11-14T12:23:12.202,650856,recommendation request HOST:8082, status 200, result: shooter+2007, hercules+1997, 102 ms",
		"recommendation 2022-11-14T12:23:12.202Z 650856 HOST:8082 200 102ms shooter+2007, hercules+1997",
	},
	{
		"2022-02-09T01:45:32.945123,284507,recommendation request HOST:8082, status 0, result: java.util.concurrent.TimeoutException: Request timeout to HOST/128.2.205.118:8082 after 800 ms, 815 ms",
		"recommendation 2022-02-09T01:45:32.945123Z 284507 HOST:8082 0 815ms java.util.concurrent.TimeoutException: Request timeout to HOST/128.2.205.118:8082 after 800 ms",
	},
	{
		"2026-02-14T00:09:21.099,215124,recommendation request h, status 0, result: Connection refused, host, 12 ms, 1ms",
		"recommendation 2026-02-14T00:09:21.099Z 215124 h 0 1ms Connection refused, host, 12 ms",
	},
	{"2022-11-14T12:23:12,1,recommendation request h, status , status 0, result: a, status 7, result: b, 3 ms", "recommendation 2022-11-14T12:23:12Z 1 h, status  0 3ms a, status 7, result: b"},
	{"2022-11-14T12:23:12,1,recommendation request h, status 200, result: , 3 ms", "recommendation 2022-11-14T12:23:12Z 1 h 200 3ms "},
}

func describe(e stream.Event) string {
	parts := []string{e.Kind.String(), e.At.Format(time.RFC3339Nano), string(e.User)}
	switch e.Kind {
	case stream.Watch:
		parts = append(parts, string(e.Movie), strconv.Itoa(e.Minute))
	case stream.Rate:
		parts = append(parts, string(e.Movie), strconv.FormatFloat(e.Rating, 'g', -1, 64))
	case stream.Recommendation:
		parts = append(parts, string(e.Host), strconv.Itoa(e.Status), e.Took.String(), string(e.Result))
	}
	return strings.Join(parts, " ")
}

func TestParseAccepts(t *testing.T) {
	for _, c := range accepted {
		var e stream.Event
		if reason := stream.ParseLine([]byte(c.line), &e); reason != stream.Accepted {
			t.Errorf("%s: refused as %s", c.line, reason)
		} else if got := describe(e); got != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", c.line, got, c.want)
		}
	}
}

var refused = []struct {
	line string
	want stream.Reason
}{
	{"", stream.Empty},
	{"hello", stream.MissingField},
	{"2022-11-14T12:23:12", stream.MissingField},
	{"2022-11-14T12:23:12,596363", stream.MissingField},
	{"2022-e11-14T12:23:12,1,GET /data/m/heat+1995/1.mpg", stream.BadTime},
	{"2022-11-1 4T12:23:14,199776,GET /data/m/interstellar+2014/74.mpg", stream.BadTime},
	{"2022-11-14T1O2:23:16,494528,GET /data/m/the+avengers+2012/97.mpg", stream.BadTime},
	{"2022-02-29T12:23:16,1,GET /data/m/heat+1995/1.mpg", stream.BadTime},
	{"2022-04-31T12:23:16,1,GET /data/m/heat+1995/1.mpg", stream.BadTime},
	{"1900-02-28T12:23:16,1,GET /data/m/heat+1995/1.mpg", stream.BadTime},
	{"2022-13-01T12:23:16,1,GET /data/m/heat+1995/1.mpg", stream.BadTime},
	{"2022-11-14T24:00:00,1,GET /data/m/heat+1995/1.mpg", stream.BadTime},
	{"2022-11-14T12:60:00,1,GET /data/m/heat+1995/1.mpg", stream.BadTime},
	{"2022-11-14T12:23:60,1,GET /data/m/heat+1995/1.mpg", stream.BadTime},
	{"2022-11-14T12:23:1,1,GET /data/m/heat+1995/1.mpg", stream.BadTime},
	{"2022-11-14T12:23:,1,GET /data/m/heat+1995/1.mpg", stream.BadTime},
	{"2022-11-14T12:23:12.,1,GET /data/m/heat+1995/1.mpg", stream.BadTime},
	{"2022-11-14T12:23:12.1234567890,1,GET /data/m/heat+1995/1.mpg", stream.BadTime},
	{"2022-11-14T12:23:12Z,1,GET /data/m/heat+1995/1.mpg", stream.BadTime},
	{"2022-11-14 12:23:12,1,GET /data/m/heat+1995/1.mpg", stream.BadTime},
	{"2022-11-14T12:23:12,317r398,GET /data/m/heat+1995/1.mpg", stream.BadUser},
	{"2022-11-14T12:23:22,387336 ,GET /data/m/the+shawshank+redemption+1994/7.mpg", stream.BadUser},
	{"2022-11-14T12:23:22,,GET /data/m/heat+1995/7.mpg", stream.BadUser},
	{"2022-11-14T12:23:22,-1,GET /data/m/heat+1995/7.mpg", stream.BadUser},
	{"2022-11-14T12:23:22,012,GET /data/m/heat+1995/7.mpg", stream.BadUser},
	{"2022-11-14T12:23:27,83607,GZET /data/m/gone+with+the+wind+1939/83.mpg", stream.UnknownKind},
	{"2022-11-14T12:23:27,83607,GET /data/5m/gone+with+the+wind+1939/83.mpg", stream.UnknownKind},
	{"2022-11-14T12:23:27,83607,GET /create_accounts", stream.UnknownKind},
	{"2022-11-14T12:23:27,83607,", stream.UnknownKind},
	{"2022-11-14T12:23:13,497971,GET /data/m/aDdjc1gioFamIk7/86.mpg", stream.BadMovie},
	{"2022-11-14T12:23:13,497971,GET /data/m/heat+19995/86.mpg", stream.BadMovie},
	{"2022-11-14T12:23:13,497971,GET /data/m/heat+1995", stream.BadMovie},
	{"2022-11-14T12:23:13,497971,GET /data/m/+1995/1.mpg", stream.BadMovie},
	{"2022-11-14T12:23:13,497971,GET /data/m/+/1.mpg", stream.BadMovie},
	{"2022-11-14T12:23:13,497971,GET /data/m//1.mpg", stream.BadMovie},
	{"2022-11-14T12:23:13,497971,GET /data/m/" + strings.Repeat("a", 200) + "+1995/1.mpg", stream.BadMovie},
	{"2024-10-14T15:20:53,447681,GET /rate/riot+in+Ccell+block+11+1954=3", stream.BadMovie},
	{"2022-11-14T12:23:13,266453,GET /data/m/august+2011/ 88.mpg", stream.BadMinute},
	{"2022-11-14T12:23:13,266453,GET /data/m/august+2011/88 .mpg", stream.BadMinute},
	{"2022-11-14T12:23:13,266453,GET /data/m/august+2011/88.mp", stream.BadMinute},
	{"2022-11-14T12:23:13,266453,GET /data/m/august+2011/.mpg", stream.BadMinute},
	{"2022-11-14T12:23:13,266453,GET /data/m/august+2011/10000.mpg", stream.BadMinute},
	{"2022-11-14T12:23:13,266453,GET /data/m/august+2011/-1.mpg", stream.BadMinute},
	{"2024-10-14T15:20:53,447681,GET /rate/heat+1995=", stream.BadRating},
	{"2024-10-14T15:20:53,447681,GET /rate/heat+1995=x", stream.BadRating},
	{"2024-10-14T15:20:53,447681,GET /rate/heat+1995=3.", stream.BadRating},
	{"2024-10-14T15:20:53,447681,GET /rate/heat+1995=.5", stream.BadRating},
	{"2022-11-14T12:23:12,1,recommendation request h", stream.BadRecommendation},
	{"2022-11-14T12:23:12,1,recommendation request h, status x, result: a, 1 ms", stream.BadRecommendation},
	{"2022-11-14T12:23:12,1,recommendation request h, status 200, reslt: a, 1 ms", stream.BadRecommendation},
	{"2022-11-14T12:23:12,1,recommendation request h, status 200, result: a", stream.BadRecommendation},
	{"2022-11-14T12:23:12,1,recommendation request h, status 200, result: a, 1  ms", stream.BadRecommendation},
	{"2022-11-14T12:23:12,1,recommendation request h, status 200, result: a, 1 m", stream.BadRecommendation},
	{"2022-11-14T12:23:12,1,recommendation request h, status 200, result: a, 1 ms\n2022-11-14T12:23:12,1,recommendation request h, status 200, result: a, 1 ms", stream.BadRecommendation},
	{"2022-11-14T12:23:12,1,GET /data/m/heat+1995/1.mpg\n2022-11-14T12:23:12,1,GET /data/m/heat+1995/2.mpg", stream.BadMinute},
	{"2022-11-14T12:23:12,1,GET /rate/heat+1995=4\n2022-11-14T12:23:12,1,GET /rate/heat+1995=4", stream.BadRating},
	{"2022-11-14T12:23:12,1,GET /create_account\n2022-11-14T12:23:12,1,GET /create_account", stream.UnknownKind},
	{"2022-11-14T12:23:12,1,recommendation request h, status 200, result: \xff, 1 ms", stream.NotUTF8},
	{strings.Repeat("x", stream.MaxLineBytes+1), stream.LineTooLong},
}

func TestParseRefuses(t *testing.T) {
	for _, c := range refused {
		var e stream.Event
		if got := stream.ParseLine([]byte(c.line), &e); got != c.want {
			t.Errorf("%.100q: got %q, want %q", c.line, got, c.want)
		}
	}
}

func TestEveryReasonOccurs(t *testing.T) {
	seen := map[stream.Reason]bool{
		stream.RatingOffScale: true, // that of Rows: see TestFileCountsEveryLine
		stream.Forgotten:      true, // the store's: see TestRunCountsForgotten
	}
	for _, c := range refused {
		seen[c.want] = true
	}
	for _, r := range stream.Reasons() {
		if !seen[r] {
			t.Errorf("no line is refused as %s", r)
		}
	}
}

func TestParseTakesTimesForLocal(t *testing.T) {
	loc := time.FixedZone("here", -5*3600)
	var e stream.Event
	if r := (stream.Grammar{Location: loc}).Parse([]byte("2022-11-14T12:24,1,GET /create_account"), &e); r != stream.Accepted {
		t.Fatal(r)
	}
	if want := time.Date(2022, 11, 14, 17, 24, 0, 0, time.UTC); !e.At.Equal(want) {
		t.Errorf("got %v, want %v", e.At, want)
	}
}

func TestParseAllocatesNothing(t *testing.T) {
	for _, c := range accepted {
		line := []byte(c.line)
		var e stream.Event
		if n := testing.AllocsPerRun(100, func() { stream.ParseLine(line, &e) }); n != 0 {
			t.Errorf("%s: %v allocations, want 0", c.line, n)
		}
	}
}

// The grammar once more, as the contract writes it: slow, and independent.
var (
	oracleTime   = regexp.MustCompile(`^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d)(?:\.\d{1,9})?)?$`)
	oracleUser   = regexp.MustCompile(`^(?:0|[1-9]\d{0,17})$`)
	oracleAction = regexp.MustCompile(`^(?:GET /data/m/([a-z0-9+\-_.*]+\+(?:\d{4})?)/(\d{1,9})\.mpg|GET /rate/([a-z0-9+\-_.*]+\+(?:\d{4})?)=-?\d{1,9}(?:\.\d{1,6})?|GET /create_account|recommendation request .*?, status (\d{1,9}), result: (.*), (\d{1,9}) ?ms)$`)
)

func oracle(line string) bool {
	if len(line) > stream.MaxLineBytes {
		return false
	}
	f := strings.SplitN(line, ",", 3)
	if len(f) != 3 || !oracleTime.MatchString(f[0]) || !oracleUser.MatchString(f[1]) {
		return false
	}
	layout := "2006-01-02T15:04:05"
	if len(f[0]) == 16 {
		layout = "2006-01-02T15:04"
	}
	at, err := time.Parse(layout, f[0])
	if err != nil || at.Year() < 1970 || at.Year() > 2200 {
		return false
	}
	m := oracleAction.FindStringSubmatch(f[2])
	if m == nil || len(m[1]) > 200 || len(m[3]) > 200 {
		return false
	}
	if n, _ := strconv.Atoi(m[2]); n > stream.MaxMinute {
		return false
	}
	return !strings.HasPrefix(f[2], "rec") || utf8.ValidString(f[2])
}

// format writes an event as a line of the stream.
func format(e stream.Event) string {
	head := e.At.Format("2006-01-02T15:04:05.999999999") + "," + string(e.User) + ","
	switch e.Kind {
	case stream.Watch:
		return fmt.Sprintf("%sGET /data/m/%s/%d.mpg", head, e.Movie, e.Minute)
	case stream.Rate:
		return head + "GET /rate/" + string(e.Movie) + "=" + strconv.FormatFloat(e.Rating, 'f', -1, 64)
	case stream.CreateAccount:
		return head + "GET /create_account"
	}
	return fmt.Sprintf("%srecommendation request %s, status %d, result: %s, %d ms", head, e.Host, e.Status, e.Result, e.Took.Milliseconds())
}

// checkParse holds what Parse says of a line against the oracle, and against
// what it promises of its results.
func checkParse(t *testing.T, line []byte) {
	before := bytes.Clone(line)
	var e stream.Event
	reason := stream.ParseLine(line, &e)
	if !bytes.Equal(line, before) {
		t.Fatalf("%q was changed to %q", before, line)
	}
	if want := oracle(string(line)); (reason == stream.Accepted) != want {
		t.Fatalf("%q: refused as %q, accepted should be %v", line, reason, want)
	}
	if reason != stream.Accepted {
		user := string(e.User)
		e.User = nil
		switch {
		case !slices.Contains(stream.Reasons(), reason):
			t.Fatalf("%q: refused as %q, which is no reason", line, reason)
		case !reflect.DeepEqual(e, stream.Event{}):
			t.Fatalf("%q: refused as %s with %+v, want nothing but a user", line, reason, e)
		case user != "" && !oracleUser.MatchString(user):
			t.Fatalf("%q: refused as %s of user %q", line, reason, user)
		}
		return
	}
	again := []byte(format(e))
	var same stream.Event
	if reason := stream.ParseLine(again, &same); reason != stream.Accepted || describe(same) != describe(e) {
		t.Fatalf("%q is written as %q, which is %q, %s; want %s", line, again, reason, describe(same), describe(e))
	}
}

func FuzzParse(f *testing.F) {
	for _, c := range accepted {
		f.Add([]byte(c.line))
	}
	for _, c := range refused {
		f.Add([]byte(c.line))
	}
	for _, line := range courseLines(f, 50) {
		f.Add(line)
	}
	f.Fuzz(checkParse)
}

// Every real line, and every real line with a stray character in it.
func TestParseCourseLines(t *testing.T) {
	needData(t)
	rng := rand.New(rand.NewPCG(3, 4))
	for _, line := range courseLines(t, 1<<20) {
		checkParse(t, line)
		at := rng.IntN(len(line) + 1)
		checkParse(t, slices.Concat(line[:at], []byte{byte(rng.Uint32())}, line[at:]))
	}
}

// What is refused still says whom it names, if that much can be read.
func TestParseRefusedNamesUser(t *testing.T) {
	for line, want := range map[string]string{
		"2022-11-14T12:23:12,317398,GET /data/5m/heat+1995/1.mpg":                                       "317398",
		"2022-11-14T12:23:12,317398,GET /data/m/heat/1.mpg":                                             "317398",
		"2022-11-14T12:23:12,317398,GET /data/m/heat+1995/x.mpg":                                        "317398",
		"2022-11-14T12:23:12,317398,GET /rate/heat+1995=x":                                              "317398",
		"2022-11-14T12:23:12,317398,recommendation request h":                                           "317398",
		"2022-11-14T12:23:12,317398,recommendation request h, status 200, result: \xff, 1 ms":           "317398",
		"2022-e11-14T12:23:12,317398,GET /data/m/heat+1995/1.mpg":                                       "317398",
		"2022-11-14T12:23:12,317398,recommendation request " + strings.Repeat("x", stream.MaxLineBytes): "317398",
		"2022-11-14T12:23:12,0317398,GET /data/m/heat+1995/1.mpg":                                       "",
		"2022-11-14T12:23:12,317r398,GET /data/m/heat+1995/1.mpg":                                       "",
		"2022-11-14T12:23:12,317398":                                                                    "",
		"2022-11-14T12:23:12," + strings.Repeat("3", 19) + ",GET /data/m/heat+1995/1.mpg":               "",
	} {
		var e stream.Event
		if reason := stream.ParseLine([]byte(line), &e); reason == stream.Accepted || string(e.User) != want {
			t.Errorf("%.80q: %q of user %q, want refused of %q", line, reason, e.User, want)
		}
	}
	dst := newSink()
	if _, err := stream.Run(t.Context(), pipe(t, "2022-11-14T12:23:12,317398,GET /fly\n2022-11-14T12:23:12,9,GET /rate/m+1931=77\nnoise\n", 10), dst, stream.RunConfig{}); err != nil {
		t.Fatal(err)
	}
	var users []string
	for _, r := range dst.batches[0].Refused {
		users = append(users, string(r.User))
	}
	if got := strings.Join(users, "|"); got != "317398|9|" {
		t.Errorf("refused lines name %s, want 317398, 9 and nobody", got)
	}
}

// Ratings are the nearest float64 of what was written.
func TestParseRatingIsNearest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		written := rapid.StringMatching(`-?[0-9]{1,9}(\.[0-9]{1,6})?`).Draw(t, "rating")
		var e stream.Event
		if reason := stream.ParseLine([]byte("2024-10-14T15:20:53,6,GET /rate/heat+1995="+written), &e); reason != stream.Accepted {
			t.Fatal(reason)
		}
		if want, err := strconv.ParseFloat(written, 64); err != nil || e.Rating != want {
			t.Fatalf("got %v, want %v, %v", e.Rating, want, err)
		}
	})
}

// parseAsUsual reads a watch line as scripts do: encoding/csv for the fields,
// then strings and time for what is in them.
func parseAsUsual(r *csv.Reader) (at time.Time, user, movie string, minute int, err error) {
	fields, err := r.Read()
	if err != nil {
		return at, "", "", 0, err
	}
	if at, err = time.Parse("2006-01-02T15:04:05", fields[0]); err != nil {
		return at, "", "", 0, err
	}
	parts := strings.Split(strings.TrimPrefix(fields[2], "GET /data/m/"), "/")
	minute, err = strconv.Atoi(strings.TrimSuffix(parts[1], ".mpg"))
	return at, fields[1], parts[0], minute, err
}

// BenchmarkParse reads watch lines, beside a regular expression and encoding/csv
// with strings.Split, which do less: neither holds a movie id or a user against
// the grammar.
func BenchmarkParse(b *testing.B) {
	line := []byte(accepted[0].line)
	perSecond := func(b *testing.B) { b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "lines/s") }
	b.Run("impl=own", func(b *testing.B) {
		var e stream.Event
		b.ReportAllocs()
		for b.Loop() {
			if stream.ParseLine(line, &e) != stream.Accepted {
				b.Fatal("refused")
			}
		}
		perSecond(b)
	})
	b.Run("impl=regexp", func(b *testing.B) {
		watch := regexp.MustCompile(`^([^,]+),(\d+),GET /data/m/([^/]+)/(\d+)\.mpg$`)
		b.ReportAllocs()
		for b.Loop() {
			m := watch.FindSubmatch(line)
			if m == nil {
				b.Fatal("refused")
			}
			if _, err := time.Parse("2006-01-02T15:04:05", string(m[1])); err != nil {
				b.Fatal(err)
			}
		}
		perSecond(b)
	})
	b.Run("impl=csv", func(b *testing.B) {
		many := bytes.Repeat(append(line, '\n'), 1000)
		b.ReportAllocs()
		r := csv.NewReader(bytes.NewReader(many))
		for b.Loop() {
			_, _, _, _, err := parseAsUsual(r)
			if errors.Is(err, io.EOF) {
				r = csv.NewReader(bytes.NewReader(many))
			} else if err != nil {
				b.Fatal(err)
			}
		}
		perSecond(b)
	})
}
