package stream

import "time"

// Event times outside these years are noise: a digit that went astray.
const (
	minYear = 1970
	maxYear = 2200
)

// parseTime reads YYYY-MM-DDTHH:MM[:SS[.f{1,9}]] as a local time of loc.
func parseTime(s []byte, loc *time.Location) (at time.Time, ok bool) {
	if len(s) < len("2006-01-02T15:04") || s[4] != '-' || s[7] != '-' || s[10] != 'T' || s[13] != ':' {
		return time.Time{}, false
	}
	century, ok0 := twoDigits(s[0], s[1])
	decade, ok1 := twoDigits(s[2], s[3])
	month, ok2 := twoDigits(s[5], s[6])
	day, ok3 := twoDigits(s[8], s[9])
	hour, ok4 := twoDigits(s[11], s[12])
	minute, ok5 := twoDigits(s[14], s[15])
	if !(ok0 && ok1 && ok2 && ok3 && ok4 && ok5) {
		return time.Time{}, false
	}
	second, nanos, ok := parseSeconds(s[16:])
	if !ok || hour > 23 || minute > 59 || second > 59 {
		return time.Time{}, false
	}
	year := century*100 + decade
	if year < minYear || year > maxYear || month < 1 || month > 12 || day < 1 || day > daysIn(year, month) {
		return time.Time{}, false
	}
	if loc == nil {
		loc = time.UTC
	}
	return time.Date(year, time.Month(month), day, hour, minute, second, nanos, loc), true
}

// parseSeconds reads nothing, :SS or :SS.f with 1 to 9 digits.
func parseSeconds(s []byte) (second, nanos int, ok bool) {
	if len(s) == 0 {
		return 0, 0, true
	}
	if len(s) < 3 || s[0] != ':' {
		return 0, 0, false
	}
	second, ok = twoDigits(s[1], s[2])
	if s = s[3:]; !ok || len(s) == 0 {
		return second, 0, ok
	}
	if s[0] != '.' {
		return 0, 0, false
	}
	nanos, ok = parseInt(s[1:])
	for range 10 - len(s) {
		nanos *= 10
	}
	return second, nanos, ok
}

func twoDigits(a, b byte) (n int, ok bool) {
	if a < '0' || a > '9' || b < '0' || b > '9' {
		return 0, false
	}
	return int(a-'0')*10 + int(b-'0'), true
}

func daysIn(year, month int) int {
	switch month {
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}
