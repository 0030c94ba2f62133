package quality

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
)

// A Severity says how bad it is if a check fails.
type Severity string

// The severities.
const (
	Info    Severity = "info"
	Warning Severity = "warning"
	Error   Severity = "error"
)

// A CheckKind says what a check looks at.
type CheckKind string

// The kinds of checks. A missing value fails NotNull alone; every other kind
// passes over it. Kinds with a share pass while at most MaxShare of the rows that
// have a value fail.
const (
	NotNull     CheckKind = "not_null"     // the column is there; share
	Unique      CheckKind = "unique"       // no two rows have one value; several columns joined by "+"; share
	NotConstant CheckKind = "not_constant" // not all rows have one value, if there are Rows rows or more
	Range       CheckKind = "range"        // a number is Min or more and Max or less; share
	OneOf       CheckKind = "one_of"       // a word, or every word of a list, is one of Values; share
	Regex       CheckKind = "regex"        // a text matches Pattern somewhere; share
	MinRows     CheckKind = "min_rows"     // the table has Rows rows or more
	MaxRows     CheckKind = "max_rows"     // the table has Rows rows or fewer
	AtMostShare CheckKind = "max_share"    // at most MaxShare of the rows have one of Values; "x*" is whatever begins with x
	Referential CheckKind = "referential"  // the id names a row of References; share
	FreshHours  CheckKind = "fresh_hours"  // the newest time is at most Hours old
	NotFuture   CheckKind = "not_future"   // a time is at most Hours from now; share
	Monotone    CheckKind = "monotone"     // a value is never below that of the row before; share
	AtMost      CheckKind = "at_most"      // a value is at most that of the column Other; share
	OnScale     CheckKind = "on_scale"     // a rating lies on the store's scale; share
	MaxDrift    CheckKind = "max_drift"    // a feature of the drift (or "*", all) has moved less than Level
)

// A Check is one line of a [Schema].
type Check struct {
	Table      string    `json:"table"`
	Column     string    `json:"column,omitempty"`
	Kind       CheckKind `json:"check"`
	Severity   Severity  `json:"severity"`
	Why        string    `json:"why,omitempty"` // shown beside the outcome
	Min        *float64  `json:"min,omitempty"`
	Max        *float64  `json:"max,omitempty"`
	Values     []string  `json:"values,omitempty"`
	Pattern    string    `json:"pattern,omitempty"` // Go's regular expressions
	MaxShare   float64   `json:"max_share,omitempty"`
	Rows       int64     `json:"rows,omitempty"`
	Hours      float64   `json:"hours,omitempty"`
	References string    `json:"references,omitempty"`
	Other      string    `json:"other,omitempty"`
	Level      Verdict   `json:"level,omitempty"`

	line    int
	pattern *regexp.Regexp
}

// A checkRule says what a kind of check takes.
type checkRule struct {
	columns []Kind // kinds of columns it works on; nil: it takes no column
	needs   []string
	takes   []string // besides table, column, check, severity and why
}

var (
	anyColumn     = []Kind{KindID, KindNumber, KindCategory, KindText, KindTime, KindFlag, KindList}
	wordColumns   = []Kind{KindID, KindCategory, KindText, KindFlag, KindList}
	singleColumns = []Kind{KindID, KindNumber, KindCategory, KindText, KindTime, KindFlag}
)

// checkRules are the rules of all kinds of checks.
var checkRules = map[CheckKind]checkRule{
	NotNull:     {columns: anyColumn, takes: []string{"max_share"}},
	Unique:      {columns: singleColumns, takes: []string{"max_share"}},
	NotConstant: {columns: singleColumns, takes: []string{"rows"}},
	Range:       {columns: []Kind{KindNumber}, takes: []string{"min", "max", "max_share"}},
	OneOf:       {columns: wordColumns, needs: []string{"values"}, takes: []string{"max_share"}},
	Regex:       {columns: wordColumns, needs: []string{"pattern"}, takes: []string{"max_share"}},
	MinRows:     {needs: []string{"rows"}},
	MaxRows:     {needs: []string{"rows"}},
	AtMostShare: {columns: wordColumns, needs: []string{"values", "max_share"}},
	Referential: {columns: []Kind{KindID}, needs: []string{"references"}, takes: []string{"max_share"}},
	FreshHours:  {columns: []Kind{KindTime}, needs: []string{"hours"}},
	NotFuture:   {columns: []Kind{KindTime}, takes: []string{"hours", "max_share"}},
	Monotone:    {columns: []Kind{KindNumber, KindTime}, takes: []string{"max_share"}},
	AtMost:      {columns: []Kind{KindNumber, KindTime}, needs: []string{"other"}, takes: []string{"max_share"}},
	OnScale:     {columns: []Kind{KindNumber}, takes: []string{"max_share"}},
	MaxDrift:    {columns: []Kind{}, needs: []string{"level"}},
}

// validate returns what is wrong with c, of which the fields named in set were
// given.
func (c *Check) validate(set []string) error {
	rule, known := checkRules[c.Kind]
	if !known {
		return fmt.Errorf("check is %.40q, want one of %s", c.Kind, strings.Join(names(checkRules), ", "))
	}
	if c.Severity != Info && c.Severity != Warning && c.Severity != Error {
		return fmt.Errorf("severity is %.40q, want info, warning or error", c.Severity)
	}
	for _, field := range set {
		always := []string{"table", "column", "check", "severity", "why"}
		if !slices.Contains(always, field) && !slices.Contains(rule.needs, field) && !slices.Contains(rule.takes, field) {
			return fmt.Errorf("check %s takes no %q", c.Kind, field)
		}
	}
	for _, field := range rule.needs {
		if !slices.Contains(set, field) {
			return fmt.Errorf("check %s needs %q", c.Kind, field)
		}
	}
	if err := c.validateColumns(rule); err != nil {
		return err
	}
	return c.validateValues(set)
}

func (c *Check) validateColumns(rule checkRule) error {
	if (c.Kind == MaxDrift) != (c.Table == tableDrift) {
		return fmt.Errorf("check %s on table %.40q, want max_drift on table drift", c.Kind, c.Table)
	}
	if c.Kind == MaxDrift {
		if c.Column != "*" && !slices.Contains(featureNames(), c.Column) {
			return fmt.Errorf("column %.40q is no feature of the drift, want * or one of %s", c.Column, strings.Join(featureNames(), ", "))
		}
		return nil
	}
	t := tableOf(c.Table)
	if t == nil {
		var all []string
		for _, t := range tables {
			all = append(all, t.name)
		}
		return fmt.Errorf("table is %.40q, want one of %s, drift", c.Table, strings.Join(all, ", "))
	}
	if rule.columns == nil {
		if c.Column != "" {
			return fmt.Errorf("check %s is of a whole table, it takes no column", c.Kind)
		}
		return nil
	}
	list := []string{c.Column}
	if c.Kind == Unique {
		list = strings.Split(c.Column, "+")
	}
	if c.Other != "" {
		list = append(list, c.Other)
	}
	for _, name := range list {
		if err := t.takes(name, rule.columns, c.Kind); err != nil {
			return err
		}
	}
	if c.Other != "" && t.columns[t.index(c.Column)].kind != t.columns[t.index(c.Other)].kind {
		return fmt.Errorf("columns %s and %s cannot be compared", c.Column, c.Other)
	}
	if c.Kind == Referential && !slices.Contains(t.refs, ref{c.Column, c.References}) {
		return fmt.Errorf("column %s of %s is not known to refer to %.40q; the known ones are %v", c.Column, t.name, c.References, t.refs)
	}
	return nil
}

// takes returns an error unless t has a column of one of the kinds.
func (t *table) takes(name string, kinds []Kind, check CheckKind) error {
	i := t.index(name)
	if i < 0 {
		var all []string
		for _, c := range t.columns {
			all = append(all, c.name)
		}
		return fmt.Errorf("table %s has no column %.40q, want one of %s", t.name, name, strings.Join(all, ", "))
	}
	if !slices.Contains(kinds, t.columns[i].kind) {
		return fmt.Errorf("check %s cannot be made on column %s of kind %s", check, name, t.columns[i].kind)
	}
	return nil
}

func (c *Check) validateValues(set []string) error {
	if !(c.MaxShare >= 0 && c.MaxShare <= 1) {
		return fmt.Errorf("max_share is %v, want 0 to 1", c.MaxShare)
	}
	if c.Rows < 0 {
		return fmt.Errorf("rows is %d, want 0 or more", c.Rows)
	}
	if !(c.Hours >= 0) || math.IsInf(c.Hours, 0) {
		return fmt.Errorf("hours is %v, want 0 or more", c.Hours)
	}
	if c.Kind == Range {
		if c.Min == nil && c.Max == nil {
			return fmt.Errorf("check range needs %q or %q", "min", "max")
		}
		if c.Min != nil && c.Max != nil && *c.Min > *c.Max {
			return fmt.Errorf("min is %v, max is %v, want min <= max", *c.Min, *c.Max)
		}
	}
	if slices.Contains(set, "values") && len(c.Values) == 0 {
		return fmt.Errorf("values is empty, want at least one")
	}
	if c.Kind == MaxDrift && c.Level != DriftModerate && c.Level != DriftLarge {
		return fmt.Errorf("level is %.40q, want moderate or large", c.Level)
	}
	if c.Kind == Regex {
		var err error
		if c.pattern, err = regexp.Compile(c.Pattern); err != nil {
			return fmt.Errorf("pattern: %w", err)
		}
	}
	return nil
}

func names[K ~string, V any](m map[K]V) []string {
	var out []string
	for k := range m {
		out = append(out, string(k))
	}
	slices.Sort(out)
	return out
}
