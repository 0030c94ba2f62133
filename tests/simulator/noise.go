package simulator

import (
	"bytes"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"time"
)

const stray = "abcdeghkmnorstxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789   "

// tamper returns line as noise: one stray character anywhere, or a random
// string in the place of the movie id.
func tamper(rng *rand.Rand, line []byte) []byte {
	if rng.IntN(4) == 0 {
		if begin := bytes.Index(line, []byte("/data/m/")); begin >= 0 {
			begin += len("/data/m/")
			end := begin + bytes.IndexByte(line[begin:], '/')
			return slices.Concat(line[:begin], randomName(rng), line[end:])
		}
	}
	i := rng.IntN(len(line))
	return slices.Insert(slices.Clone(line), i, stray[rng.IntN(len(stray))])
}

func randomName(rng *rand.Rand) []byte {
	name := make([]byte, 12+rng.IntN(8))
	for i := range name {
		name[i] = stray[rng.IntN(len(stray)-3)]
	}
	return name
}

// grammar is the stream's, once more and apart from the product's own parser,
// so that the two can be held against each other.
var grammar = regexp.MustCompile(`^(\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?),(?:0|[1-9]\d{0,17}),(?:` +
	`GET /data/m/[a-z0-9+\-_.*]+\+(?:\d{4})?/\d{1,4}\.mpg|` +
	`GET /rate/[a-z0-9+\-_.*]+\+(?:\d{4})?=(\d{1,9})|` +
	`GET /create_account|` +
	`recommendation request .*, status \d{1,9}, result: .*, \d{1,9} ?ms)$`)

// ofGrammar reports whether line still is of the stream's grammar, with a
// rating of 1 to best if it has one. It need not be quick: it is asked about
// noise alone.
func ofGrammar(line []byte, best int) bool {
	m := grammar.FindSubmatch(line)
	if m == nil {
		return false
	}
	if len(m[2]) > 0 {
		if v, _ := strconv.Atoi(string(m[2])); v < 1 || v > best {
			return false
		}
	}
	layout := "2006-01-02T15:04:05"
	if len(m[1]) == len("2006-01-02T15:04") {
		layout = "2006-01-02T15:04"
	}
	_, err := time.Parse(layout, string(m[1]))
	return err == nil
}
