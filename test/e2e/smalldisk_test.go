package e2e

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// mountSmall mounts a file system of 8 MiB at the folder $0 and becomes the rest of
// its arguments.
const mountSmall = `mount -t tmpfs -o size=8m,mode=700 tmpfs "$0" && exec "$@"`

// smallDisk is a real file system that a test can fill up: a tmpfs that only one
// server sees, in a mount namespace that ends with the server's process.
type smallDisk struct {
	folder string // as a process in the namespace names it
	root   string // the way there from outside, /proc/PID/root
}

// startOnSmallDisk starts a server with its database on a small file system of its own.
//
// Without the right to mount there is no way to a real ENOSPC that does not endanger
// the machine's own disk or memory. The test then fails rather than pass without having
// looked: nothing is skipped silently here.
func startOnSmallDisk(t *testing.T) (*smallDisk, *server) {
	t.Helper()
	disk := &smallDisk{folder: t.TempDir()}
	inside := append(mountNamespace(t), "sh", "-c", mountSmall, disk.folder)
	s := launch(t, append(inside, serveCommand(sqliteDatabase{filepath.Join(disk.folder, "codes.db")})...)...)
	s.awaitListening(t)
	disk.root = fmt.Sprintf("/proc/%d/root", s.pid())
	return disk, s
}

// mountNamespace is the command that runs another in a mount namespace of its own: as
// root, or as the root of a user namespace.
func mountNamespace(t *testing.T) []string {
	t.Helper()
	requireTool(t, "unshare")
	var said string
	for _, command := range [][]string{{"unshare", "--mount"}, {"unshare", "--mount", "--map-root-user"}} {
		r := run(t, nil, append(command, "sh", "-c", mountSmall, t.TempDir(), "true")...)
		if r.code == 0 {
			return command
		}
		said += r.stderr
	}
	t.Fatalf("this test mounts a file system of 8 MiB to fill it up, which this machine does not allow; "+
		"run it as root (in Docker with --cap-add SYS_ADMIN --security-opt apparmor=unconfined) "+
		"or allow user namespaces (sysctl kernel.unprivileged_userns_clone=1):\n%s", said)
	return nil
}

// at is the path from outside of a file on the disk.
func (d *smallDisk) at(name string) string { return filepath.Join(d.root, d.folder, name) }

// fill takes all the room that is left.
func (d *smallDisk) fill(t *testing.T) {
	t.Helper()
	file, err := os.Create(d.at("filler"))
	if err != nil {
		t.Fatal(err)
	}
	block := make([]byte, 4096)
	for err == nil {
		_, err = file.Write(block)
	}
	if !errors.Is(err, unix.ENOSPC) {
		t.Errorf("fill the disk: %v, want %v", err, unix.ENOSPC)
	}
	if err := file.Close(); err != nil {
		t.Error(err)
	}
}

// free gives the room back.
func (d *smallDisk) free(t *testing.T) {
	t.Helper()
	if err := os.Remove(d.at("filler")); err != nil {
		t.Fatal(err)
	}
}

// copyDatabase copies the database with its write-ahead log while the server is idle.
// SQLite cannot open it where it is: it would resolve /proc/PID/root to /.
func (d *smallDisk) copyDatabase(t *testing.T) database {
	t.Helper()
	db := newSQLite(t)
	for _, suffix := range []string{"", "-wal"} {
		content, err := os.ReadFile(d.at("codes.db" + suffix))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(db.path+suffix, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return db
}
