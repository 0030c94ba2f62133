package stream_test

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

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
	f.Fuzz(func(t *testing.T, line []byte) {
		var e stream.Event
		got := stream.ParseLine(line, &e) == stream.Accepted
		if want := oracle(string(line)); got != want {
			t.Errorf("%q: accepted is %v, want %v", line, got, want)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	line := []byte(accepted[0].line)
	b.Run("impl=own", func(b *testing.B) {
		var e stream.Event
		for b.Loop() {
			if stream.ParseLine(line, &e) != stream.Accepted {
				b.Fatal("refused")
			}
		}
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "lines/s")
	})
	b.Run("impl=regexp", func(b *testing.B) {
		for b.Loop() {
			if !oracle(string(line)) {
				b.Fatal("refused")
			}
		}
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "lines/s")
	})
}
