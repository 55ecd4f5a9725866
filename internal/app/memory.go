package app

import (
	"bytes"
	"fmt"
	"io/fs"
	"math"
	"path"
	"strconv"
	"strings"
)

// memoryShare is how much of the memory the Go runtime may take before it collects garbage more
// eagerly: stacks, maps of files and the rest of the machine need some, too.
const memoryShare = 0.9

// memoryLimit returns how much memory this process has, in bytes: the machine's, or what a
// control group leaves it. root is the root of the file system. It returns 0 where nothing is
// known, as on systems other than Linux.
func memoryLimit(root fs.FS) int64 {
	limit := int64(math.MaxInt64)
	for _, known := range append(groupLimits(root), machineMemory(root)) {
		if known > 0 {
			limit = min(limit, known)
		}
	}
	if limit == math.MaxInt64 {
		return 0
	}
	return limit
}

// machineMemory reads MemTotal.
func machineMemory(root fs.FS) (total int64) {
	text, err := fs.ReadFile(root, "proc/meminfo")
	if err != nil {
		return 0
	}
	for line := range bytes.Lines(text) {
		if n, _ := fmt.Sscanf(string(line), "MemTotal: %d kB", &total); n == 1 {
			return total << 10
		}
	}
	return 0
}

// groupLimits reads the limits of this process's control groups and of those above them, which
// hold for it as well. In a container, the groups above may be out of sight, or the path may be
// one that only the host knows; then the top that can be seen is the container's own.
func groupLimits(root fs.FS) (limits []int64) {
	groups, err := fs.ReadFile(root, "proc/self/cgroup")
	if err != nil {
		return nil
	}
	for line := range strings.Lines(string(groups)) {
		// "0::/a/b" in version 2, "4:cpu,memory:/a/b" in version 1.
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) != 3 {
			continue
		}
		switch {
		case parts[0] == "0" && parts[1] == "":
			limits = append(limits, limitsAbove(root, "sys/fs/cgroup", parts[2], "memory.max")...)
		case strings.Contains(","+parts[1]+",", ",memory,"):
			limits = append(limits, limitsAbove(root, "sys/fs/cgroup/memory", parts[2], "memory.limit_in_bytes")...)
		}
	}
	return limits
}

// limitsAbove reads the limit of a group and of each above it. "max" is none.
func limitsAbove(root fs.FS, mount, group, file string) (limits []int64) {
	for group = path.Clean("/" + group); ; group = path.Dir(group) {
		text, err := fs.ReadFile(root, path.Join(mount, group, file))
		if limit, bad := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err == nil && bad == nil {
			limits = append(limits, limit)
		}
		if group == "/" {
			return limits
		}
	}
}
