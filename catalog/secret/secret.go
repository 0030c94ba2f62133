// Package secret has texts that are not to be shown: passwords and keys.
package secret

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
)

// Hidden stands wherever a secret would.
const Hidden = "[hidden]"

// A Text is never shown: formatted by any verb, logged or marshalled it is [Hidden], or
// nothing when it is empty. Who needs it converts it to a string.
type Text string

func (t Text) shown() string {
	if t == "" {
		return ""
	}
	return Hidden
}

// Format implements [fmt.Formatter], for every verb.
func (t Text) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, t.shown()) }

// LogValue implements [slog.LogValuer].
func (t Text) LogValue() slog.Value { return slog.StringValue(t.shown()) }

// MarshalText implements [encoding.TextMarshaler].
func (t Text) MarshalText() ([]byte, error) { return []byte(t.shown()), nil }

// Hide returns s with [Hidden] wherever t stands in it: some servers repeat a key that
// they refuse.
func (t Text) Hide(s string) string {
	if t == "" {
		return s
	}
	return strings.ReplaceAll(s, string(t), Hidden)
}
