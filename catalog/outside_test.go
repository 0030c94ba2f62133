package catalog_test

import (
	"errors"
	"testing"

	"marquee/catalog"
)

func TestParseIMDBID(t *testing.T) {
	for in, want := range map[string]string{
		"tt0114709": "tt0114709", "0114709": "tt0114709", "114709": "tt0114709", " tt12345678 ": "tt12345678", "tt00114709": "tt0114709",
		"https://www.imdb.com/title/tt0114709/": "tt0114709", "http://imdb.com/title/tt0114709?ref=x": "tt0114709",
		"": "", "tt": "", "0": "", "tt0000000": "", "nm0000158": "", "-1": "", "114709.5": "", "tt12345678901": "", "１１４７０９": "",
	} {
		got, err := catalog.ParseIMDBID(in)
		if got != want || (want == "") != errors.Is(err, catalog.ErrInvalid) {
			t.Errorf("ParseIMDBID(%q) = %q, %v, want %q", in, got, err, want)
		}
	}
}
