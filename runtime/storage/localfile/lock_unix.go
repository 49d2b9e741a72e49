//go:build darwin || linux || freebsd || netbsd || openbsd

package localfile

import (
	"errors"
	"os"
	"syscall"
)

// lock takes the lock of a file that is being written, which goes with its process. taken: another one has it. A file system without locks has no protection.
func lock(f *os.File) (taken bool) {
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EINTR) {
			return errors.Is(err, syscall.EWOULDBLOCK)
		}
	}
}
