package quality_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"marquee/catalog"
	"marquee/catalog/quality"
)

// Every kind of check, passed and failed, on the small store.
func TestChecks(t *testing.T) {
	for _, c := range []struct {
		check    string
		passed   bool
		rows     int64
		failing  int64
		offender string // the first one
		hidden   bool
	}{
		{`"table":"movies","check":"min_rows","rows":4`, true, 4, 0, "", false},
		{`"table":"movies","check":"min_rows","rows":5`, false, 4, 0, "", false},
		{`"table":"movies","check":"max_rows","rows":3`, false, 4, 0, "", false},
		{`"table":"movies","column":"title","check":"not_null"`, false, 4, 1, "d", false},
		{`"table":"movies","column":"title","check":"not_null","max_share":0.25`, true, 4, 1, "d", false},
		{`"table":"movies","column":"imdb_id","check":"unique"`, false, 2, 1, "b: tt0113277", false},
		{`"table":"movies","column":"id","check":"unique"`, true, 4, 0, "", false},
		{`"table":"movies","column":"title+year","check":"unique"`, true, 3, 0, "", false},
		{`"table":"movies","column":"year","check":"range","min":1870,"max":2100`, false, 3, 1, "c: 1798", false},
		{`"table":"movies","column":"year","check":"range","max":2100`, true, 3, 0, "", false},
		{`"table":"movies","column":"genres","check":"one_of","values":["Crime"]`, false, 2, 1, "a: Crime, Drama", false},
		{`"table":"movies","column":"language","check":"regex","pattern":"^[a-z]{2}$"`, false, 2, 1, "b: English", false},
		{`"table":"users","column":"gender","check":"not_constant"`, false, 2, 2, "", true},
		{`"table":"users","column":"gender","check":"not_constant","rows":100`, true, 2, 2, "", true},
		{`"table":"users","column":"age","check":"not_constant"`, true, 2, 1, "", true},
		{`"table":"users","column":"age","check":"range","min":5`, false, 2, 1, "3", true},
		{`"table":"users","column":"id","check":"regex","pattern":"^1$"`, false, 3, 2, "", true},
		{`"table":"watches","column":"movie","check":"referential","references":"movies"`, false, 5, 2, "x+1999", true},
		{`"table":"watches","column":"user","check":"referential","references":"users"`, false, 5, 2, "", true},
		{`"table":"watches","column":"first","check":"at_most","other":"last"`, false, 5, 1, "b: 2024-03-01T12:10:00 + 2024-03-01T12:05:00", true},
		{`"table":"watches","column":"minute","check":"at_most","other":"runtime"`, false, 2, 1, "a: 120 + 100", true},
		{`"table":"watches","column":"beyond_runtime","check":"max_share","values":["true"],"max_share":0.5`, true, 2, 1, "a: true", true},
		{`"table":"watches","column":"beyond_runtime","check":"max_share","values":["t*"],"max_share":0.4`, false, 2, 1, "a: true", true},
		{`"table":"watches","column":"last","check":"fresh_hours","hours":1000`, true, 0, 0, "", false},
		{`"table":"watches","column":"last","check":"fresh_hours","hours":24`, false, 0, 0, "", false},
		{`"table":"ratings","column":"value","check":"on_scale"`, false, 2, 1, "x+1999: 7.5", true},
		{`"table":"ratings","column":"at","check":"not_future"`, false, 2, 1, "x+1999: 2044-02-25T12:00:00", true},
		{`"table":"intake","column":"outcome","check":"max_share","values":["refused:*"],"max_share":0.01`, false, 100, 2, "2024-03-01T12: refused:bad_time", false},
		{`"table":"intake","column":"outcome","check":"max_share","values":["refused:*"],"max_share":0.02`, true, 100, 2, "2024-03-01T12: refused:bad_time", false},
		{`"table":"exposures","column":"sequence","check":"monotone"`, false, 2, 1, "r2: 1", false},
		{`"table":"exposures","column":"at","check":"monotone"`, true, 2, 0, "", false},
		{`"table":"exposed","column":"propensity","check":"range","min":0,"max":1`, false, 2, 1, "r1 z: 2", false},
		{`"table":"quarantine","column":"user","check":"not_null"`, false, 2, 1, "s 1", false},
		{`"table":"accounts","column":"user","check":"referential","references":"users"`, false, 1, 1, "", true},
		{`"table":"movies","column":"popularity","check":"range","min":5`, true, 0, 0, "", false},
	} {
		o := check(t, c.check, false)
		first := ""
		if len(o.Offenders) > 0 {
			first = o.Offenders[0].String()
		}
		if o.Passed != c.passed || o.Rows != c.rows || o.Failing != c.failing || first != c.offender || o.Hidden != c.hidden || o.Wanted == "" || o.Observed == "" {
			t.Errorf("{%s}: passed %v, %d of %d, %q (hidden %v): %s; want %v, %d of %d, %q (%v)", c.check, o.Passed, o.Failing, o.Rows, first, o.Hidden, o.Observed, c.passed, c.failing, c.rows, c.offender, c.hidden)
		}
	}
}

// check makes one check of the small store.
func check(t *testing.T, fields string, showIDs bool) quality.Outcome {
	t.Helper()
	opts := options(t)
	opts.ShowIDs = showIDs
	var err error
	if opts.Schema, err = quality.ParseSchema([]byte(`{"version":1,"checks":[{` + fields + `,"severity":"error"}]}`)); err != nil {
		t.Fatal(err)
	}
	return mustRun(t, small(), opts).Checks[0]
}

func TestOffendersAreNamedOnRequest(t *testing.T) {
	for fields, want := range map[string]string{
		`"table":"users","column":"age","check":"range","min":5`:                         "2: 3",
		`"table":"watches","column":"user","check":"referential","references":"users"`:   "3 x+1999",
		`"table":"ratings","column":"value","check":"on_scale"`:                          "4 x+1999: 7.5",
		`"table":"exposures","column":"user","check":"referential","references":"users"`: "r2: nobody",
	} {
		o := check(t, fields, true)
		if len(o.Offenders) == 0 || o.Offenders[0].String() != want || o.Hidden {
			t.Errorf("{%s}: %v (hidden %v), want %q", fields, o.Offenders, o.Hidden, want)
		}
	}
}

func TestOffendersAreBounded(t *testing.T) {
	m := &memory{scale: catalog.Scale5}
	for i := range 1000 {
		m.movies = append(m.movies, catalog.Movie{ID: catalog.MovieID(fmt.Sprintf("m%04d", i))})
	}
	for _, o := range mustRun(t, m, options(t)).Checks {
		if len(o.Offenders) > quality.MaxOffenders {
			t.Errorf("%s names %d rows", o.Column, len(o.Offenders))
		}
	}
}

// What is wrong with a schema is said with its line.
func TestSchemaErrors(t *testing.T) {
	const good = `{"table": "movies", "column": "year", "check": "range", "min": 1, "severity": "error"}`
	for name, c := range map[string]struct {
		text string
		line int
		want string
	}{
		"no JSON":             {"\n\nchecks", 3, "invalid character"},
		"empty":               {"", 1, "ends in the middle"},
		"cut":                 {"{\"version\": 1,\n\"checks\": [\n", 2, "ends in the middle"},
		"a list":              {"[]", 1, `want "{"`},
		"no version":          {`{"checks": []}`, 1, "version is 0"},
		"next version":        {`{"version": 2, "checks": []}`, 1, "version is 2"},
		"unknown part":        {"{\"version\": 1,\n\"check\": []}", 2, `unknown field "check"`},
		"more":                {"{\"version\": 1, \"checks\": []}\n{}", 2, "follows"},
		"unknown field":       {with(good, `{"table": "movies", "coloumn": "year"}`), 4, `unknown field "coloumn"`},
		"twice":               {with(good, "{\"table\": \"movies\",\n\"table\": \"movies\"}"), 5, "stands twice"},
		"unknown table":       {with(good, `{"table": "films", "check": "min_rows", "rows": 1, "severity": "error"}`), 4, `table is "films"`},
		"unknown column":      {with(good, `{"table": "movies", "column": "yeer", "check": "not_null", "severity": "error"}`), 4, `no column "yeer"`},
		"unknown check":       {with(good, `{"table": "movies", "column": "year", "check": "notnull", "severity": "error"}`), 4, `check is "notnull"`},
		"unknown severity":    {with(good, `{"table": "movies", "column": "year", "check": "not_null", "severity": "fatal"}`), 4, `severity is "fatal"`},
		"no severity":         {with(good, `{"table": "movies", "column": "year", "check": "not_null"}`), 4, `severity is ""`},
		"not taken":           {with(good, `{"table": "movies", "column": "year", "check": "not_null", "min": 1, "severity": "error"}`), 4, `takes no "min"`},
		"needed":              {with(good, `{"table": "movies", "column": "title", "check": "regex", "severity": "error"}`), 4, `needs "pattern"`},
		"no bounds":           {with(good, `{"table": "movies", "column": "year", "check": "range", "severity": "error"}`), 4, `needs "min" or "max"`},
		"bounds":              {with(good, `{"table": "movies", "column": "year", "check": "range", "min": 2, "max": 1, "severity": "error"}`), 4, "min <= max"},
		"share":               {with(good, `{"table": "movies", "column": "year", "check": "not_null", "max_share": 2, "severity": "error"}`), 4, "max_share is 2"},
		"pattern":             {with(good, `{"table": "movies", "column": "title", "check": "regex", "pattern": "(", "severity": "error"}`), 4, "pattern"},
		"number of a text":    {with(good, `{"table": "movies", "column": "title", "check": "range", "min": 1, "severity": "error"}`), 4, "of kind text"},
		"column of a table":   {with(good, `{"table": "movies", "column": "title", "check": "min_rows", "rows": 1, "severity": "error"}`), 4, "takes no column"},
		"no column":           {with(good, `{"table": "movies", "check": "not_null", "severity": "error"}`), 4, `no column ""`},
		"no reference":        {with(good, `{"table": "movies", "column": "id", "check": "referential", "references": "users", "severity": "error"}`), 4, "refer"},
		"apples and pears":    {with(good, `{"table": "watches", "column": "last", "check": "at_most", "other": "minute", "severity": "error"}`), 4, "compared"},
		"no feature":          {with(good, `{"table": "drift", "column": "year", "check": "max_drift", "level": "large", "severity": "error"}`), 4, "no feature"},
		"no level":            {with(good, `{"table": "drift", "column": "*", "check": "max_drift", "level": "huge", "severity": "error"}`), 4, `level is "huge"`},
		"drift of a table":    {with(good, `{"table": "movies", "column": "year", "check": "max_drift", "level": "large", "severity": "error"}`), 4, "on table drift"},
		"a text for a number": {with(good, "{\"table\": \"movies\",\n\"column\": \"year\", \"check\": \"range\",\n\"min\": \"1\"}"), 6, `min is "1"`},
		"null":                {with(good, `{"table": null}`), 4, "null"},
		"too many":            {with(strings.Repeat(good+",\n", quality.MaxChecks)+good, good), 3 + quality.MaxChecks, "more than"},
		"too long":            {strings.Repeat(" ", quality.MaxSchemaBytes+1), 0, "bytes"},
	} {
		_, err := quality.ParseSchema([]byte(c.text))
		at := fmt.Sprintf("line %d:", c.line)
		if c.line == 0 {
			at = ""
		}
		if !errors.Is(err, catalog.ErrInvalid) || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), at) {
			t.Errorf("%s: %v, want %q and %q", name, err, at, c.want)
		}
	}
}

// with returns a schema whose second check, on line 4, is the given one.
func with(first, second string) string {
	return "{\"version\": 1, \"checks\": [\n\n" + first + ",\n" + second + "\n]}"
}

func TestSchemaLines(t *testing.T) {
	s, err := quality.ParseSchema([]byte(with(`{"table": "movies", "check": "min_rows", "rows": 1, "severity": "info"}`, "{\n\"table\": \"movies\", \"check\": \"min_rows\", \"rows\": 2, \"severity\": \"warning\"}")))
	if err != nil {
		t.Fatal(err)
	}
	opts := options(t)
	opts.Schema = s
	checks := mustRun(t, small(), opts).Checks
	if checks[0].Line != 3 || checks[1].Line != 4 {
		t.Errorf("checks on lines %d and %d, want 3 and 4", checks[0].Line, checks[1].Line)
	}
}

func TestDefaultSchemaNamesEveryTable(t *testing.T) {
	s, err := quality.DefaultSchema()
	if err != nil {
		t.Fatal(err)
	}
	again, err := quality.ParseSchema(quality.DefaultSchemaJSON())
	if err != nil || len(again.Checks) != len(s.Checks) {
		t.Errorf("%d checks printed of %d, %v", len(again.Checks), len(s.Checks), err)
	}
	named := map[string]bool{}
	for _, c := range s.Checks {
		named[c.Table] = true
	}
	if want := []string{"movies", "users", "watches", "ratings", "accounts", "intake", "exposures", "exposed", "drift"}; len(named) < len(want) {
		t.Errorf("the schema checks %v, want %v", reflect.ValueOf(named).MapKeys(), want)
	}
	r := mustRun(t, world(400, 1, 0), options(t))
	if r.Failed.Error+r.Failed.Warning > 0 {
		for _, o := range r.Checks {
			if !o.Passed {
				t.Errorf("sound data fails %s.%s %s: %s", o.Table, o.Column, o.Kind, o.Observed)
			}
		}
	}
}

func FuzzParseSchema(f *testing.F) {
	f.Add([]byte(quality.DefaultSchemaJSON()))
	f.Add([]byte(with(`{}`, `{"table": 1}`)))
	f.Add([]byte(`{"version": 1, "checks": [{"table": "movies", "column": "title+year+", "check": "unique", "severity": "error"}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := quality.ParseSchema(text)
		if err != nil {
			if !errors.Is(err, catalog.ErrInvalid) || !strings.Contains(err.Error(), "line ") && len(text) <= quality.MaxSchemaBytes {
				t.Fatalf("error %v", err)
			}
			return
		}
		opts := options(t)
		opts.Schema = s
		if r := mustRun(t, small(), opts); len(r.Checks) != len(s.Checks) {
			t.Fatalf("%d outcomes of %d checks", len(r.Checks), len(s.Checks))
		}
	})
}
