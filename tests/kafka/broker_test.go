package kafka

import (
	"strings"
	"testing"
)

func TestOneLine(t *testing.T) {
	if got := oneLine([]byte("a\nb\n")); got != `a\nb` || strings.Contains(got, "\n") {
		t.Errorf("got %q", got)
	}
}
