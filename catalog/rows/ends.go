package rows

import (
	"bufio"
	"bytes"
	"io"
)

// endsWindow is how much of a text decides how its lines end.
const endsWindow = 64 << 10

// A lineEnds reads a text in which every line ends in LF or CRLF: if the first
// endsWindow bytes hold a CR and no LF, all CRs become LFs.
type lineEnds struct {
	r      *bufio.Reader
	looked bool
	loneCR bool
}

func newLineEnds(r io.Reader) *lineEnds {
	return &lineEnds{r: bufio.NewReaderSize(r, endsWindow)}
}

func (l *lineEnds) Read(p []byte) (int, error) {
	if !l.looked {
		l.looked = true
		l.look()
	}
	n, err := l.r.Read(p)
	if l.loneCR {
		for i, c := range p[:n] {
			if c == '\r' {
				p[i] = '\n'
			}
		}
	}
	return n, err
}

// look reads the window. An error in it comes again after what was read.
func (l *lineEnds) look() {
	head, err := l.r.Peek(endsWindow)
	if bytes.IndexByte(head, '\n') >= 0 {
		return
	}
	if err == nil { // there may be more, and its LF may belong to the last CR
		head = head[:len(head)-1]
	}
	l.loneCR = bytes.IndexByte(head, '\r') >= 0
}
