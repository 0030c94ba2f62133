package sqlstore_test

import (
	"slices"
	"testing"

	"marquee/catalog"
)

// Names are found by what they begin with, byte by byte, and in their order.
func TestPartitions(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		s := mustOpen(t, dsn)
		for _, name := range []string{"kafka:b/0@x", "kafka:a/1@x", "kafka:a/0@y", "kafka:A/0@x", "kafka:a-b/0@x", "kafka:a%/0@x", "kafka:ä/0@x", "kafka:a/é"} {
			if _, err := s.Append(t.Context(), catalog.Batch{Partition: name, To: 1}); err != nil {
				t.Fatal(err)
			}
		}
		for _, c := range []struct {
			prefix string
			limit  int
			want   []string
		}{
			{"kafka:a/", 0, []string{"kafka:a/0@y", "kafka:a/1@x", "kafka:a/é"}},
			{"kafka:a/", 2, []string{"kafka:a/0@y", "kafka:a/1@x"}},
			{"kafka:a%/", 0, []string{"kafka:a%/0@x"}},
			{"kafka:ä", 0, []string{"kafka:ä/0@x"}},
			{"file:", 0, nil},
		} {
			got, err := s.Partitions(t.Context(), c.prefix, c.limit)
			if err != nil || !slices.Equal(got, c.want) {
				t.Errorf("%s, %d: %q, %v; want %q", c.prefix, c.limit, got, err, c.want)
			}
		}
	})
}
