package bundle

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
)

// A space counts the bytes that come free when folders are removed. A file that has
// several names, in bundles that share it, comes free with its last.
type space struct {
	freed int64
	left  map[inode]uint64 // names that remain
}

// An inode is a file, whatever its names.
type inode struct{ device, number uint64 }

// without returns the space after dir is gone too. What cannot be read counts as
// nothing.
func (s space) without(dir string) space {
	s.left = maps.Clone(s.left)
	if s.left == nil {
		s.left = make(map[inode]uint64)
	}
	_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return nil //nolint:nilerr // not counted
		}
		info, err := d.Info()
		if err != nil {
			return nil //nolint:nilerr // not counted
		}
		s.unlink(info)
		return nil
	})
	return s
}

func (s *space) unlink(info os.FileInfo) {
	id, names := links(info)
	if left, seen := s.left[id]; seen {
		names = left
	}
	if names > 1 {
		s.left[id] = names - 1
		return
	}
	s.freed += info.Size()
}
