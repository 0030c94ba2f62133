package movielens_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"marquee/catalog/movielens"
)

func TestTitle(t *testing.T) {
	for _, c := range []struct {
		in, want string
		year     int
	}{
		{"Toy Story (1995)", "Toy Story", 1995},
		{"Matrix, The (1999)", "The Matrix", 1999},
		{"City of Lost Children, The (Cité des enfants perdus, La) (1995)", "The City of Lost Children (La Cité des enfants perdus)", 1995},
		{"Bear, The (Ours, L') (1988)", "The Bear (L'Ours)", 1988},
		{"Boot, Das (Boat, The) (1981)", "Das Boot (The Boat)", 1981},
		{"Vitelloni, I (a.k.a. The Young and the Passionate) (1953)", "I Vitelloni (a.k.a. The Young and the Passionate)", 1953},
		{"X (a.k.a. Boat, The) (1981)", "X (a.k.a. The Boat)", 1981},
		{"Good, the Bad and the Ugly, The (Buono, il brutto, il cattivo, Il) (1966)", "The Good, the Bad and the Ugly (Il Buono, il brutto, il cattivo)", 1966},
		{"American in Paris, An (1951)", "An American in Paris", 1951},
		{"Supercop (Police Story 3: Supercop) (Jing cha gu shi III: Chao ji jing cha) (1992)", "Supercop (Police Story 3: Supercop) (Jing cha gu shi III: Chao ji jing cha)", 1992},
		{"Monsters, Inc. (2001)", "Monsters, Inc.", 2001},
		{"I, Robot (2004)", "I, Robot", 2004},
		{"Truly, Madly, Deeply (1991)", "Truly, Madly, Deeply", 1991},
		{"Runaway Brain (1995) ", "Runaway Brain", 1995},
		{"Death Note: Desu nôto (2006–2007)", "Death Note: Desu nôto", 2006},
		{"Some Series (1999- )", "Some Series", 1999},
		{"2001: A Space Odyssey (1968)", "2001: A Space Odyssey", 1968},
		{"1984", "1984", 0},
		{"(1999)", "(1999)", 0},
		{"Unknown (0000)", "Unknown (0000)", 0},
		{"Babylon 5", "Babylon 5", 0},
		{"", "", 0},
	} {
		if title, year := movielens.Title(c.in); title != c.want || year != c.year {
			t.Errorf("Title(%q) = %q, %d, want %q, %d", c.in, title, year, c.want, c.year)
		}
	}
}

// Words are moved and never lost: beside the year, a title keeps its letters.
func FuzzTitle(f *testing.F) {
	f.Add("City of Lost Children, The (Cité des enfants perdus, La) (1995)")
	f.Add(", The (a.k.a. , L') ((1999)")
	f.Add("0(0000)")
	f.Fuzz(func(t *testing.T, s string) {
		title, year := movielens.Title(s)
		if !utf8.ValidString(title) {
			t.Errorf("Title(%q) = %q, not valid UTF-8", s, title)
		}
		if strings.TrimSpace(s) != "" && utf8.ValidString(s) && strings.ContainsAny(s, "abcdefghijklmnopqrstuvwxyz") && title == "" {
			t.Errorf("Title(%q) is empty, %d", s, year)
		}
		if year != 0 {
			return
		}
		for _, letter := range "abcdefghijklmnopqrstuvwxyz()'" {
			if got, want := strings.Count(title, string(letter)), strings.Count(s, string(letter)); got != want && utf8.ValidString(s) {
				t.Errorf("Title(%q) = %q has %d of %q, want %d", s, title, got, letter, want)
			}
		}
	})
}
