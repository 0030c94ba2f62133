package quality

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"marquee/catalog"
	"marquee/catalog/report"
	"marquee/catalog/stats"
)

// A finding is what a check says of one row.
type finding int

const (
	passes finding = iota
	fails
	empty // there is no value to check
)

// A rowCheck makes one check while the rows go by.
type rowCheck struct {
	Check
	table         *table
	judge         func(r *row) finding // nil if the check is not one of single rows
	show          []int                // columns whose values are shown of a failing row
	wanted        string
	rows, failing int64
	offenders     []Offender
	hidden        bool
	showIDs       bool
}

// see checks one row.
func (c *rowCheck) see(r *row) {
	found := c.judge(r)
	if found == empty {
		return
	}
	c.rows += r.weight
	if found == passes {
		return
	}
	c.failing += r.weight
	if len(c.offenders) == MaxOffenders {
		return
	}
	var o Offender
	o.Row = r.key
	if !c.showIDs && r.public != r.key {
		o.Row, c.hidden = r.public, true
	}
	var values []string
	for _, i := range c.show {
		if c.table.columns[i].personal && !c.showIDs {
			c.hidden = true
			return
		}
		values = append(values, shown(c.table.columns[i].kind, &r.cells[i]))
	}
	o.Value = strings.Join(values, " + ")
	if o != (Offender{}) && !slices.Contains(c.offenders, o) {
		c.offenders = append(c.offenders, o)
	}
}

// maxShownValue is how many characters of a value are shown.
const maxShownValue = 120

// shown returns a value for a reader.
func shown(kind Kind, c *cell) string {
	if !c.has {
		return ""
	}
	switch kind {
	case KindNumber:
		return strconv.FormatFloat(c.number, 'g', 10, 64)
	case KindTime:
		return clock(time.UnixMicro(int64(c.number)))
	case KindList:
		return short(strings.Join(c.list, ", "))
	}
	return short(c.text)
}

func short(s string) string {
	if r := []rune(s); len(r) > maxShownValue {
		return string(r[:maxShownValue-1]) + "…"
	}
	return s
}

// outcome returns what came of the check.
func (c *rowCheck) outcome() Outcome {
	o := Outcome{Check: c.Check, Line: c.line, Offenders: c.offenders, Hidden: c.hidden}
	o.shareOutcome(c.failing, c.rows, c.wanted)
	if c.Kind == AtMostShare {
		o.Wanted = fmt.Sprintf("at most %s of the rows %s", report.Percent(c.MaxShare), c.wanted)
		if !o.Nothing {
			o.Observed = fmt.Sprintf("%s of %s (%s)", report.Count(c.failing), report.Count(c.rows), report.Percent(o.Share))
		}
	}
	if c.Kind == NotConstant {
		o.Passed = c.failing < c.rows || c.rows < max(2, c.Check.Rows)
		o.Nothing = c.rows < max(2, c.Check.Rows)
		o.Observed = fmt.Sprintf("%s rows, of which %s are like the first", report.Count(c.rows), report.Count(c.failing))
		o.Wanted, o.Offenders = "more than one value", nil
		if o.Nothing {
			o.Observed = "nothing to check"
		}
	}
	return o
}

// newRowCheck returns the check if it is one of rows, else nil.
func newRowCheck(check Check, scale catalog.Scale, now time.Time, showIDs bool) *rowCheck {
	t := tableOf(check.Table)
	if t == nil || checkRules[check.Kind].columns == nil {
		return nil
	}
	c := &rowCheck{Check: check, table: t, showIDs: showIDs}
	for _, name := range strings.Split(check.Column, "+") {
		c.show = append(c.show, t.index(name))
	}
	i := c.show[0]
	switch check.Kind {
	case NotNull:
		c.wanted, c.show = "a value", nil
		c.judge = func(r *row) finding { return failIf(!r.cells[i].has) }
	case Unique:
		c.wanted, c.judge = "no two alike", c.unique()
	case NotConstant:
		c.judge = c.likeTheFirst()
	case Range:
		c.wanted, c.judge = c.within()
	case OneOf, AtMostShare:
		c.wanted, c.judge = c.words(check.Kind == AtMostShare)
	case Regex:
		c.wanted = "like " + check.Pattern
		c.judge = c.each(func(s string) bool { return !check.pattern.MatchString(s) })
	case Referential:
		c.wanted = "an id of " + check.References
		bit := slices.Index(t.refs, ref{check.Column, check.References})
		c.judge = c.single(func(r *row, _ *cell) bool { return r.holes&(1<<bit) != 0 })
	case NotFuture:
		end := now.Add(time.Duration(check.Hours * float64(time.Hour))).Truncate(time.Second)
		latest := float64(end.UnixMicro())
		c.wanted = "no later than " + clock(end)
		c.judge = c.single(func(_ *row, v *cell) bool { return v.number > latest })
	case Monotone:
		before := math.Inf(-1)
		c.wanted = "never below the row before"
		c.judge = c.single(func(_ *row, v *cell) bool { fell := v.number < before; before = v.number; return fell })
	case AtMost:
		other := t.index(check.Other)
		c.wanted, c.show = "at most "+check.Other, append(c.show, other)
		c.judge = func(r *row) finding {
			if !r.cells[i].has || !r.cells[other].has {
				return empty
			}
			return failIf(r.cells[i].number > r.cells[other].number)
		}
	case OnScale:
		c.wanted = "on the scale " + scale.String()
		c.judge = c.single(func(_ *row, v *cell) bool { return scale.Check(v.number) != nil })
	default: // of the whole table
		return nil
	}
	return c
}

func failIf(bad bool) finding {
	if bad {
		return fails
	}
	return passes
}

// single judges the value of the check's column.
func (c *rowCheck) single(bad func(r *row, v *cell) bool) func(*row) finding {
	i := c.show[0]
	return func(r *row) finding {
		if !r.cells[i].has {
			return empty
		}
		return failIf(bad(r, &r.cells[i]))
	}
}

// each judges a text, or every item of a list: one that is bad is enough.
func (c *rowCheck) each(bad func(string) bool) func(*row) finding {
	isList := c.table.columns[c.show[0]].kind == KindList
	return c.single(func(_ *row, v *cell) bool {
		if isList {
			return slices.ContainsFunc(v.list, bad)
		}
		return bad(v.text)
	})
}

func (c *rowCheck) within() (wanted string, judge func(*row) finding) {
	low, high := math.Inf(-1), math.Inf(1)
	switch {
	case c.Min != nil && c.Max != nil:
		wanted, low, high = fmt.Sprint(*c.Min)+" to "+fmt.Sprint(*c.Max), *c.Min, *c.Max
	case c.Min != nil:
		wanted, low = fmt.Sprint(*c.Min)+" or more", *c.Min
	default:
		wanted, high = fmt.Sprint(*c.Max)+" or less", *c.Max
	}
	return wanted, c.single(func(_ *row, v *cell) bool { return !(v.number >= low && v.number <= high) })
}

// words judges whether a text is one of Values: it must be, or it must not.
func (c *rowCheck) words(mustNot bool) (wanted string, judge func(*row) finding) {
	exact := make(map[string]bool)
	var prefixes []string
	for _, v := range c.Values {
		if prefix, ok := strings.CutSuffix(v, "*"); ok && mustNot {
			prefixes = append(prefixes, prefix)
		} else {
			exact[v] = true
		}
	}
	listed := func(s string) bool {
		return exact[s] || slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(s, p) })
	}
	what := short(strings.Join(c.Values, ", "))
	if mustNot {
		return "are " + what, c.each(listed)
	}
	return "one of " + what, c.each(func(s string) bool { return !listed(s) })
}

// maxUnique is how many rows a check of uniqueness remembers, by 8 bytes and the
// map's own each. Of what comes after, only what is like one of those fails.
const maxUnique = 5_000_000

func (c *rowCheck) unique() func(*row) finding {
	seen := make(map[uint64]struct{})
	columns := c.show
	return func(r *row) finding {
		var key strings.Builder
		for _, i := range columns {
			if !r.cells[i].has {
				return empty
			}
			fmt.Fprintf(&key, "%v\x00%s\x00", r.cells[i].number, r.cells[i].text)
		}
		hash := stats.Hash(key.String())
		_, known := seen[hash]
		if !known && len(seen) < maxUnique {
			seen[hash] = struct{}{}
		}
		return failIf(known)
	}
}

// likeTheFirst fails every row that is like the first one with a value.
func (c *rowCheck) likeTheFirst() func(*row) finding {
	var first *cell
	return c.single(func(_ *row, v *cell) bool {
		if first == nil {
			held := *v
			first = &held
		}
		return v.number == first.number && v.text == first.text
	})
}
