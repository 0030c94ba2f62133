package rows

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// Text returns s as valid UTF-8 and reports whether it had to mend it. A text
// without one valid character beyond ASCII was written in Latin-1 (or its
// superset Windows-1252) and is read as such; in any other, the bytes that are
// not UTF-8 become U+FFFD.
func Text(s string) (text string, mended bool) {
	if utf8.ValidString(s) {
		return s, false
	}
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if n > 1 && r != utf8.RuneError {
			return strings.ToValidUTF8(s, "\uFFFD"), true
		}
		i += n
	}
	var b strings.Builder
	b.Grow(len(s) + 8)
	for i := range len(s) {
		b.WriteRune(charmap.Windows1252.DecodeByte(s[i]))
	}
	return b.String(), true
}
