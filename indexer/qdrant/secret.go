package qdrant

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
)

// hidden stands wherever a secret would.
const hidden = "[hidden]"

// A Secret is a text that no format, log or JSON shows.
type Secret string

// Format writes a placeholder, whatever the verb.
func (Secret) Format(w fmt.State, _ rune) { _, _ = io.WriteString(w, hidden) }

// MarshalText returns a placeholder.
func (Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// LogValue returns a placeholder.
func (Secret) LogValue() slog.Value { return slog.StringValue(hidden) }

// hide returns text without s.
func (s Secret) hide(text string) string {
	if s == "" {
		return text
	}
	return strings.ReplaceAll(text, string(s), hidden)
}
