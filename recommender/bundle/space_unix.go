//go:build unix

package bundle

import (
	"os"
	"syscall"
)

// links says which file info is of and how many names it has.
func links(info os.FileInfo) (inode, uint64) {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return inode{}, 1
	}
	return inode{uint64(st.Dev), st.Ino}, uint64(st.Nlink) //nolint:unconvert,gosec // their types differ by system
}
