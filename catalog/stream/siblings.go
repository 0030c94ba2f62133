package stream

import (
	"cmp"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// maxSiblings bounds the rotated files that are looked at, newest first.
const maxSiblings = 64

// A sibling is a regular file PATH.SUFFIX beside the followed PATH.
type sibling struct {
	path   string
	suffix string
	info   os.FileInfo
}

// numbered reports whether the suffix is a number or a date, as log rotation
// gives them.
func (s sibling) numbered() bool { return strings.Trim(s.suffix, "0123456789-:T") == "" }

// same reports whether s and o are one file under one name.
func (s sibling) same(o sibling) bool { return s.path == o.path && os.SameFile(s.info, o.info) }

// siblings returns the files beside path, newest first: by the time of their last
// write, and of one time as rotation numbers them, the lower number first.
func siblings(path string) ([]sibling, error) {
	folder, base := filepath.Split(path)
	entries, err := os.ReadDir(cmp.Or(folder, "."))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var out []sibling
	for _, entry := range entries {
		suffix, ok := strings.CutPrefix(entry.Name(), base+".")
		if !ok || suffix == "" || !entry.Type().IsRegular() {
			continue
		}
		info, err := entry.Info()
		if err != nil {
			continue // it went while the folder was read
		}
		out = append(out, sibling{path: filepath.Join(folder, entry.Name()), suffix: suffix, info: info})
	}
	slices.SortFunc(out, newerFirst)
	return out[:min(len(out), maxSiblings)], nil
}

func newerFirst(a, b sibling) int {
	if c := b.info.ModTime().Compare(a.info.ModTime()); c != 0 {
		return c
	}
	n, errA := strconv.Atoi(a.suffix)
	m, errB := strconv.Atoi(b.suffix)
	if errA == nil && errB == nil && n != m {
		return cmp.Compare(n, m)
	}
	return cmp.Compare(b.suffix, a.suffix) // the later date
}
