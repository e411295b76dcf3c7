package objectstore

import (
	"fmt"
	"io/fs"
	"syscall"
)

// version tells contents of a file apart. The change time is part of it: unlike
// the modification time, nobody can set it back.
func version(info fs.FileInfo) string {
	changed, inode := int64(0), uint64(0)
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		changed, inode = stat.Ctim.Nano(), stat.Ino
	}
	return fmt.Sprintf("%x-%x-%x-%x", inode, info.Size(), info.ModTime().UnixNano(), changed)
}
