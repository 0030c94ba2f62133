package catalog

import (
	"fmt"
	"strings"
)

// ParseIMDBID returns the one form in which IMDb ids are kept, "tt" and at
// least seven digits, of what people write for one: "tt0114709", "0114709",
// "114709" or the address of the movie's page. Anything else is an error that
// wraps [ErrInvalid].
func ParseIMDBID(s string) (string, error) {
	id := strings.TrimSpace(s)
	if i := strings.Index(id, "/title/tt"); i >= 0 {
		id, _, _ = strings.Cut(id[i+len("/title/"):], "/")
		id, _, _ = strings.Cut(id, "?")
	}
	digits := strings.TrimLeft(strings.TrimPrefix(id, "tt"), "0")
	if digits == "" || len(digits) > 10 || strings.Trim(digits, "0123456789") != "" {
		return "", fmt.Errorf("imdb id %.40q, want one like tt0114709: %w", s, ErrInvalid)
	}
	return "tt" + strings.Repeat("0", max(0, 7-len(digits))) + digits, nil
}
