package kafka

import (
	"fmt"
	"io"
	"log/slog"
)

// A Secret is a text that is never shown: formatted, logged or marshalled it is
// "[secret]", or nothing when it is empty.
type Secret string

func (s Secret) shown() string {
	if s == "" {
		return ""
	}
	return "[secret]"
}

// Format implements [fmt.Formatter], for every verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.shown()) }

// LogValue implements [slog.LogValuer].
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.shown()) }

// MarshalText implements [encoding.TextMarshaler].
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.shown()), nil }
