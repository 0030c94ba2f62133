package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"
)

// peakMiB returns the most memory this process has held, in MiB, or 0 where the
// system does not tell.
func peakMiB() int64 {
	f, err := os.Open("/proc/self/status")
	if err != nil {
		return 0
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if value, ok := strings.CutPrefix(lines.Text(), "VmHWM:"); ok {
			var kib int64
			if _, err := fmt.Sscan(value, &kib); err == nil {
				return kib >> 10
			}
		}
	}
	return 0
}
