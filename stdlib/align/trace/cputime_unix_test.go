//go:build unix

package trace

import (
	"syscall"
	"time"
)

// cpuTime is the processor time of the process, which other processes do not disturb as they do the wall's.
func cpuTime() time.Duration {
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
