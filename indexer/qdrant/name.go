package qdrant

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
	"time"

	"marquee/catalog"
)

const (
	stampForm  = "20060102t150405.000" // UTC; the dot is left out
	stampChars = len(stampForm) - 1 + 4
	readyMark  = "-ready" // ends the alias that marks a collection complete
)

// nameForm is what a build may be called.
var nameForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$`)

// collectionForm is what a collection may be called.
var collectionForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,254}$`)

// newName returns the name of a collection that a build begins now:
// "<alias>-<name>-<time><chance>". Names of one build sort by their age.
func newName(alias, name string, now time.Time) (string, error) {
	if !nameForm.MatchString(name) {
		return "", fmt.Errorf("name of a build is %q, want 1 to 128 letters, digits, \"-\", \"_\" and \".\": %w", name, catalog.ErrInvalid)
	}
	chance := make([]byte, 2)
	_, _ = rand.Read(chance) // never fails
	return alias + "-" + name + "-" + stamp(now) + hex.EncodeToString(chance), nil
}

func stamp(t time.Time) string { return strings.ReplaceAll(t.UTC().Format(stampForm), ".", "") }

// begun returns when the build of a collection of alias began; not ok if the
// collection is not one of alias.
func begun(alias, collection string) (begun time.Time, ok bool) {
	rest, ours := strings.CutPrefix(collection, alias+"-")
	cut := len(rest) - stampChars
	if !ours || cut < 2 || rest[cut-1] != '-' {
		return time.Time{}, false
	}
	digits := rest[cut : len(rest)-4]
	at, err := time.Parse(stampForm, digits[:len(digits)-3]+"."+digits[len(digits)-3:])
	return at, err == nil
}

// age is what collections of an alias are ordered by.
func age(collection string) string { return collection[max(0, len(collection)-stampChars):] }
