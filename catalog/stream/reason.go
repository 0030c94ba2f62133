package stream

// A Reason says why a line was refused. The list is short and fixed: reasons
// are counted, shown on dashboards and stored beside the line.
type Reason string

// The reasons. A line with several faults has the first one from the left.
const (
	Accepted          Reason = ""                   // not refused
	Empty             Reason = "empty"              // no bytes at all
	LineTooLong       Reason = "line_too_long"      // more than MaxLineBytes
	MissingField      Reason = "missing_field"      // not time, user and action, separated by commas
	BadTime           Reason = "bad_time"           // not a local time from 1970 to 2200
	BadUser           Reason = "bad_user"           // not a decimal number without leading zeros
	UnknownKind       Reason = "unknown_kind"       // an action that is none of the four
	BadMovie          Reason = "bad_movie"          // not a movie id of the stream's grammar
	BadMinute         Reason = "bad_minute"         // not MINUTE.mpg, or more than MaxMinute
	BadRating         Reason = "bad_rating"         // not a number
	RatingOffScale    Reason = "rating_off_scale"   // a number, but not one of Config.Scale
	BadRecommendation Reason = "bad_recommendation" // not HOST, status N, result: ..., N ms
	NotUTF8           Reason = "not_utf8"           // a recommendation with bytes that are not UTF-8
	Forgotten         Reason = "forgotten"          // could be read, but its person was forgotten: counted by the store, never kept
)

// Reasons returns all reasons for which a line is refused. [Grammar.Parse]
// gives all of them but RatingOffScale, which is that of [Rows], and Forgotten,
// which is [Run]'s.
func Reasons() []Reason {
	return []Reason{
		Empty, LineTooLong, MissingField, BadTime, BadUser, UnknownKind, BadMovie,
		BadMinute, BadRating, RatingOffScale, BadRecommendation, NotUTF8, Forgotten,
	}
}
