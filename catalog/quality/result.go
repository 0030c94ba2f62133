package quality

import (
	"time"

	"marquee/catalog"
	"marquee/catalog/stats"
)

// ResultVersion is the version of the JSON form of a [Result]. Fields are added
// under one version, never renamed or removed.
const ResultVersion = 1

// A Result is what [Run] found. It holds no person's id unless [Options].ShowIDs
// asked for them. Optional figures that cannot be computed are left out.
type Result struct {
	Version  int           `json:"version"`
	Store    string        `json:"store,omitempty"` // as [Options].Store says
	At       time.Time     `json:"at"`              // when the store was read
	Scale    catalog.Scale `json:"rating_scale"`
	Tables   []Table       `json:"tables"`
	Span     *Window       `json:"span,omitempty"`   // of event time, whole seconds from the first to after the last; none without events
	Events   *Timeline     `json:"events,omitempty"` // by event time
	Intake   *Timeline     `json:"intake,omitempty"` // lines by outcome, by the hour in which they were read
	Activity []Level       `json:"activity"`         // people by how many movies they watched or rated
	Checks   []Outcome     `json:"checks"`
	Drift    Drift         `json:"drift"`
	Failed   Tally         `json:"failed"` // checks that failed, by severity
}

// A Tally counts by severity.
type Tally struct {
	Error   int `json:"error"`
	Warning int `json:"warning"`
	Info    int `json:"info"`
}

// A Table is the profile of one table.
type Table struct {
	Name       string      `json:"name"`
	About      string      `json:"about"`
	Rows       int64       `json:"rows"`
	Columns    []Column    `json:"columns"`
	References []Reference `json:"references,omitempty"`
	Duplicates []Duplicate `json:"duplicates,omitempty"` // of movies
}

// A Column is the profile of one column.
type Column struct {
	Name          string        `json:"name"`
	Kind          Kind          `json:"kind"`
	Unit          string        `json:"unit,omitempty"`
	Missing       int64         `json:"missing"`
	MissingShare  float64       `json:"missing_share"` // 0 of no rows
	Distinct      int64         `json:"distinct"`      // different values, or items of lists
	DistinctExact bool          `json:"distinct_exact"`
	Numbers       *NumberStats  `json:"numbers,omitempty"` // of a number: its values; of a text: bytes; of a list: items
	Top           []stats.Count `json:"top,omitempty"`     // the most frequent values; never of a column that names people
	TopError      int64         `json:"top_error,omitempty"`
	First         *time.Time    `json:"first,omitempty"`
	Last          *time.Time    `json:"last,omitempty"`
}

// NumberStats sums up numbers.
type NumberStats struct {
	N         int64     `json:"n"`
	Min       float64   `json:"min"`
	Max       float64   `json:"max"`
	Mean      float64   `json:"mean"`
	StdDev    float64   `json:"std_dev"` // 0 of one number
	Quantiles Quantiles `json:"quantiles"`
	RankError float64   `json:"rank_error"` // of the quantiles, as a share of all ranks; 0 if they are exact
	Histogram []Bin     `json:"histogram"`
}

// Quantiles are values that so many per cent of the numbers do not exceed.
type Quantiles struct {
	P01 float64 `json:"p01"`
	P05 float64 `json:"p05"`
	P25 float64 `json:"p25"`
	P50 float64 `json:"p50"`
	P75 float64 `json:"p75"`
	P95 float64 `json:"p95"`
	P99 float64 `json:"p99"`
}

// A Bin is a part of a histogram: From <= number < To.
type Bin struct {
	From  float64 `json:"from"`
	To    float64 `json:"to"`
	Count float64 `json:"count"` // of the whole table; scaled up from a sample if the quantiles are not exact
}

// A Reference says how many rows name something that is not there.
type Reference struct {
	Column   string  `json:"column"`
	To       string  `json:"to"` // the table
	Rows     int64   `json:"rows"`
	Holes    int64   `json:"holes"` // rows
	Share    float64 `json:"share"` // of the rows
	IDs      int64   `json:"ids"`   // different ids that are not there
	IDsExact bool    `json:"ids_exact"`
	Asked    int64   `json:"asked"`   // of them, at most maxAsked, how many were looked up among the answers of the catalog API
	Unknown  int64   `json:"unknown"` // of those asked: ids of which the API said that it does not know them
}

// A Duplicate says which rows share what should be one row's own.
type Duplicate struct {
	Key      string              `json:"key"`
	Groups   int64               `json:"groups"` // values that several rows have
	Rows     int64               `json:"rows"`   // that have them
	Examples [][]catalog.MovieID `json:"examples,omitempty"`
}

// A Level is a range of activity.
type Level struct {
	From   int   `json:"from"` // movies
	To     int   `json:"to"`   // movies, inclusive; 0: no end
	People int64 `json:"people"`
}

// A Window is a half-open span of event time.
type Window struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// Holds reports whether t lies in w.
func (w Window) Holds(t time.Time) bool { return !t.Before(w.From) && t.Before(w.To) }

// Length returns how long w is.
func (w Window) Length() time.Duration { return w.To.Sub(w.From) }

// String returns w as "FROM..TO".
func (w Window) String() string { return clock(w.From) + ".." + clock(w.To) }

// clock writes a time to the second, and finer only if it must.
func clock(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.999999") }

// A Timeline counts over time.
type Timeline struct {
	BucketSeconds float64         `json:"bucket_seconds"`
	Times         []time.Time     `json:"times"` // beginnings of the buckets that hold anything, ascending
	Series        []TimelineCount `json:"series"`
}

// A TimelineCount is one series of a [Timeline].
type TimelineCount struct {
	Name   string  `json:"name"`
	Counts []int64 `json:"counts"` // by bucket
}
