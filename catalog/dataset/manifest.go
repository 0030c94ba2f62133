package dataset

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"marquee/catalog"
)

// Format is the version of the layout that this program writes and reads.
const Format = 1

// versionDigits is how many hex digits a version has: 128 bits.
const versionDigits = 32

// ErrBroken reports a snapshot that is not whole or not what it says it is.
var ErrBroken = errors.New("snapshot is broken")

// A Manifest says what a snapshot is and where it came from. What is not in
// Version (when, by whom, from which parent) may differ between two shelves.
type Manifest struct {
	Format     int           `json:"format"`
	Version    string        `json:"version"` // of the rows: see Digest
	Created    time.Time     `json:"created"`
	Parent     string        `json:"parent,omitempty"`   // the version that came before, which may be gone
	Replaces   []string      `json:"replaces,omitempty"` // versions that were this one before a person was forgotten
	Rewritten  time.Time     `json:"rewritten,omitzero"` // when the last of them was
	Scale      catalog.Scale `json:"rating_scale"`
	FirstEvent time.Time     `json:"first_event,omitzero"` // of the histories
	LastEvent  time.Time     `json:"last_event,omitzero"`
	LastChange int64         `json:"last_change"` // the sequence number of the last change that is in it
	Program    string        `json:"program"`     // the version of the program that wrote the files
	Tables     []Table       `json:"tables"`
	Sum        string        `json:"sum"` // SHA-256 of the manifest without this line
}

// A Table is one file of a snapshot.
type Table struct {
	Name   string `json:"name"`
	File   string `json:"file"`
	Rows   int64  `json:"rows"`
	Digest string `json:"digest"` // SHA-256 of the rows in their canonical encoding
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"` // of the file
}

// Table returns the table of that name, the zero Table if there is none.
func (m Manifest) Table(name string) Table {
	i := slices.IndexFunc(m.Tables, func(t Table) bool { return t.Name == name })
	if i < 0 {
		return Table{}
	}
	return m.Tables[i]
}

// Bytes returns the size of all files but the manifest.
func (m Manifest) Bytes() int64 {
	total := int64(0)
	for _, t := range m.Tables {
		total += t.Bytes
	}
	return total
}

// encode fills Format and Sum in and returns the text of the file.
func (m Manifest) encode() (Manifest, []byte, error) {
	m.Format = Format
	var err error
	if m.Sum, err = m.sum(); err != nil {
		return m, nil, err
	}
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return m, nil, fmt.Errorf("encode manifest: %w", err)
	}
	return m, append(text, '\n'), nil
}

func (m Manifest) sum() (string, error) {
	m.Sum = ""
	text, err := json.Marshal(m)
	if err != nil {
		return "", fmt.Errorf("digest of manifest: %w", err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

// check reports whether the manifest could be one of a snapshot of version.
func (m Manifest) check(version string) error {
	if m.Format != Format {
		return fmt.Errorf("format is %d, this program reads %d; take the snapshot anew or use the program that wrote it: %w", m.Format, Format, ErrBroken)
	}
	sum, err := m.sum()
	if err != nil {
		return err
	}
	if sum != m.Sum {
		return fmt.Errorf("sha256 of the manifest is %s, want %s: %w", sum, m.Sum, ErrBroken)
	}
	names := []string{tableMovies, tableUsers, tableSeen, tableAccounts}
	if !slices.EqualFunc(m.Tables, names, func(t Table, name string) bool { return t.Name == name }) {
		return fmt.Errorf("tables are %d, want %v: %w", len(m.Tables), names, ErrBroken)
	}
	for _, t := range m.Tables {
		if t.File != filepath.Base(t.File) || t.File == manifestName {
			return fmt.Errorf("file name %q, want a plain name: %w", t.File, ErrBroken)
		}
	}
	if got := versionOf(m.Scale, m.Tables); m.Version != version || got != version {
		return fmt.Errorf("manifest says %q and its content is %q, want %q: %w", m.Version, got, version, ErrBroken)
	}
	return nil
}

// ValidVersion reports whether v has the form of a version, so that it may stand
// in a path.
func ValidVersion(v string) bool { return len(v) == versionDigits && hexDigits(v) }

func hexDigits(s string) bool {
	for _, c := range s {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
