package app

import (
	"testing"
	"testing/fstest"
)

func TestTheMemoryLimitIsTheSmallestThatHolds(t *testing.T) {
	const mib = 1 << 20
	const meminfo = "MemTotal:        4194304 kB\nMemFree:          100 kB\n"
	for _, test := range []struct {
		name  string
		files map[string]string
		want  int64
	}{
		{"nothing is known", nil, 0},
		{"a machine alone", map[string]string{"proc/meminfo": meminfo}, 4096 * mib},
		{"no limit in version 2", map[string]string{
			"proc/meminfo": meminfo, "proc/self/cgroup": "0::/a.slice/b.service\n",
			"sys/fs/cgroup/a.slice/b.service/memory.max": "max\n",
		}, 4096 * mib},
		{"version 2", map[string]string{
			"proc/meminfo": meminfo, "proc/self/cgroup": "0::/a.slice/b.service\n",
			"sys/fs/cgroup/a.slice/b.service/memory.max": "536870912\n", "sys/fs/cgroup/a.slice/memory.max": "max\n",
		}, 512 * mib},
		{"a tighter group above", map[string]string{
			"proc/meminfo": meminfo, "proc/self/cgroup": "0::/a.slice/b.service\n",
			"sys/fs/cgroup/a.slice/b.service/memory.max": "536870912\n", "sys/fs/cgroup/a.slice/memory.max": "268435456\n",
		}, 256 * mib},
		{"a container of version 2", map[string]string{
			"proc/meminfo": meminfo, "proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "134217728\n",
		}, 128 * mib},
		{"version 1", map[string]string{
			"proc/meminfo": meminfo, "proc/self/cgroup": "5:cpu,cpuacct:/x\n4:memory:/docker/abc\n1:name=systemd:/y\n0::/z\n",
			"sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes": "268435456\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes":            "9223372036854771712\n",
		}, 256 * mib},
		{"a container of version 1 that sees its own group alone", map[string]string{
			"proc/meminfo": meminfo, "proc/self/cgroup": "4:memory:/docker/abc\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes": "134217728\n",
		}, 128 * mib},
		{"more than the machine has", map[string]string{
			"proc/meminfo": meminfo, "proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "99999999999999\n",
		}, 4096 * mib},
		{"noise", map[string]string{
			"proc/meminfo": "MemTotal: many\n", "proc/self/cgroup": "nonsense\n0::/\n\n", "sys/fs/cgroup/memory.max": "some\n",
		}, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			root := fstest.MapFS{}
			for name, text := range test.files {
				root[name] = &fstest.MapFile{Data: []byte(text)}
			}
			if got := memoryLimit(root); got != test.want {
				t.Errorf("memoryLimit = %d, want %d", got, test.want)
			}
		})
	}
}
