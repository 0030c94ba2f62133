package ledger

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
)

// The names under which a store keeps offsets are a promise to those who have a
// store already. They are written down here once more.

// TopicName returns the name of partition n of a topic with an id.
func TopicName(topic string, n int, id [16]byte) string {
	return fmt.Sprintf("kafka:%s/%d@%s", topic, n, base64.RawURLEncoding.EncodeToString(id[:]))
}

// FileNames returns all names that a file of that content may have got while it
// grew: by the hash of its beginning, up to each end of a line in the first 4
// KiB, and of each power of two from there to 1 MiB; or of all of it.
func FileNames(content []byte) []string {
	var names []string
	sum, done := sha256.New(), 0
	name := func(n int) {
		sum.Write(content[done:n])
		done = n
		names = append(names, "file:sha256:"+hex.EncodeToString(sum.Sum(nil)))
	}
	for at := 0; at < min(len(content), 4<<10); {
		i := bytes.IndexByte(content[at:], '\n')
		if i < 0 || at+i+1 > 4<<10 {
			break
		}
		at += i + 1
		name(at)
	}
	for n := 4 << 10; n <= min(len(content), 1<<20); n *= 2 {
		name(n)
	}
	return names
}

// PostName returns the name of a body that was posted under a key.
func PostName(key string) string {
	sum := sha256.Sum256([]byte(key))
	return "post:sha256:" + hex.EncodeToString(sum[:])
}
