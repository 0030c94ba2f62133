package stream

import "fmt"

// A Happening is what a [Tail] noticed about the file it follows.
type Happening uint8

// The happenings.
const (
	Following Happening = iota + 1 // a file is there, and read from now on
	Missing                        // none is there, or none that can be read: it is waited for
	Rotated                        // the path names another file now: the old one is read to its end first
	Truncated                      // the file was cut: it is read from its beginning
	Earlier                        // a rotated file that was not read to its end is
	Repeating                      // the file holds only what was read before: it is waited for more
)

// A Notice says what a [Tail] noticed. It is for people, in a log.
type Notice struct {
	What Happening
	Path string
	Err  error // of Missing: why the file cannot be read
}

// String returns the notice as a sentence.
func (n Notice) String() string {
	switch n.What {
	case Following:
		return n.Path + " is followed"
	case Missing:
		return fmt.Sprintf("%s cannot be read and is waited for: %v", n.Path, n.Err)
	case Rotated:
		return n.Path + " is another file now; the old one is read to its end first"
	case Truncated:
		return n.Path + " was truncated and is read from its beginning"
	case Earlier:
		return n.Path + " was not read to its end and is now"
	case Repeating:
		return n.Path + " holds only what was read before; waiting for more"
	}
	return n.Path
}
