package stream

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"slices"
)

// maxScans bounds how often in a row the rotated files are looked for while they
// are being renamed.
const maxScans = 20

// catchUp finds the rotated files that are still to be read, and puts them
// before the current one, the oldest first. It reports false, and has changed
// nothing, if they were renamed meanwhile and it is to be tried again.
func (t *Tail) catchUp(ctx context.Context) (bool, error) {
	before, err := siblings(t.path)
	if err != nil {
		return false, err
	}
	c := &catcher{tail: t, lost: t.lost}
	c.start()
	for _, s := range before {
		if err := c.visit(ctx, s); err != nil {
			c.close()
			return false, err
		}
	}
	after, err := siblings(t.path)
	if t.scans++; err != nil || t.scans < maxScans && !slices.EqualFunc(before, after, sibling.same) {
		c.close()
		return false, err
	}
	c.drop() // no older file was ever begun
	slices.Reverse(c.found)
	t.insert(c.found)
	t.scan, t.scans, t.lost = false, 0, nil
	if t.current != nil {
		t.current.scanned = c.scanned
	}
	return true, nil
}

// insert puts older files before the current one.
func (t *Tail) insert(older []*track) {
	at := len(t.tracks)
	if t.current != nil {
		at--
	}
	for _, k := range older {
		t.tell(Notice{What: Earlier, Path: k.path})
	}
	t.tracks = slices.Insert(t.tracks, at, older...)
}

// A catcher goes through rotated files from the newest to the oldest.
type catcher struct {
	tail    *Tail
	scanned bool            // the current file has something in it
	lost    *track          // that was cut: one of the files may be its copy
	names   map[string]bool // of files that are read already
	found   []*track        // to be read, the newest first
	maybe   []*track        // to be read if an older one was begun
}

// start notes what is being read.
func (c *catcher) start() {
	c.names = make(map[string]bool)
	for _, k := range c.tail.tracks {
		if k.partition != "" {
			c.names[k.partition] = true
		}
	}
	if k := c.tail.current; k != nil {
		info, err := k.file.Stat()
		c.scanned = err == nil && info.Size() > 0
	}
}

// ask returns what the sink knows of a file, and its size.
func (c *catcher) ask(ctx context.Context, file *os.File) (known, int64, error) {
	info, err := file.Stat()
	if err != nil {
		return known{}, 0, err
	}
	about, err := look(ctx, file, info.Size(), c.tail.held)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) { // cut this very moment
		return known{}, 0, nil
	}
	return about, info.Size(), err
}

// visit decides whether s is to be read.
func (c *catcher) visit(ctx context.Context, s sibling) error {
	for _, k := range c.tail.tracks {
		if os.SameFile(k.info, s.info) {
			c.accept()
			return nil
		}
	}
	k, err := newTrack(s.path)
	if err != nil {
		return nil //nolint:nilerr // gone, gzipped or not ours to read
	}
	about, size, err := c.ask(ctx, k.file)
	if err != nil {
		k.file.Close()
		return err
	}
	switch {
	case about.begun() || about.ahead:
		c.accept()
		if about.begun() && about.offset < size && !c.names[about.name] {
			c.names[about.name] = true
			c.found = append(c.found, k)
			return nil
		}
	case c.copied(k):
		c.accept()
		k.start, k.replay = c.lost.start, c.lost.replay
		c.lost = nil
		c.found = append(c.found, k)
		return nil
	case c.missed(s):
		c.maybe = append(c.maybe, k)
		return nil
	}
	k.file.Close()
	return nil
}

// accept makes sure of the files that may have been missed: an older one was
// begun.
func (c *catcher) accept() {
	c.found = append(c.found, c.maybe...)
	c.maybe = nil
}

// copied reports whether k is a copy of the one that was cut before the sink had
// anything of it.
func (c *catcher) copied(k *track) bool {
	return c.lost != nil && len(c.lost.head) > 0 && bytes.HasPrefix(k.head, c.lost.head)
}

// missed reports whether s may be a file that was rotated before it was seen.
func (c *catcher) missed(s sibling) bool {
	place := c.tail.cfg.From.Place
	return s.numbered() && (place == Earliest || place == AtTime)
}

func (c *catcher) drop() {
	for _, k := range c.maybe {
		k.file.Close()
	}
	c.maybe = nil
}

func (c *catcher) close() {
	c.drop()
	for _, k := range c.found {
		k.file.Close()
	}
}
