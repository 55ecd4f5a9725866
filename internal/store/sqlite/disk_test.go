package sqlite_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"accesscodes/internal/codes"
)

// diskPage is how much of a file a disk writes as a whole.
const diskPage = 4096

// disk is what a disk is sure to hold of a database: what was synced. Once in a while its power
// is cut, which is noted, and all goes on.
type disk struct {
	t             *testing.T
	random        *rand.Rand
	every         int // how many writes and syncs there are from one cut to the next, about
	mu            sync.Mutex
	database, log diskFile
	acknowledged  []promise // so far
	next          int       // how many writes and syncs until the next cut
	cuts          []cut
}

// diskFile is one file on a disk.
type diskFile struct {
	disk    *disk
	synced  []byte
	written []piece // since then
	begun   int     // how often it was written from its beginning
}

// piece is what was written to one page of a file.
type piece struct {
	data   []byte
	offset int64
}

// promise is a code that was acknowledged, and perhaps its redemption.
type promise struct {
	code       string
	redemption *codes.Redemption
}

// cut is what a power cut leaves: files, and what had been acknowledged until then.
type cut struct {
	path         string
	acknowledged []promise
	began        int // how often the log had begun again
}

func newDisk(t *testing.T, seed uint64, every int, database []byte) *disk {
	d := &disk{t: t, random: rand.New(rand.NewPCG(seed, 0)), every: every, next: every}
	d.database, d.log = diskFile{disk: d, synced: slices.Clone(database)}, diskFile{disk: d}
	return d
}

// acknowledge notes what a caller was told.
func (d *disk) acknowledge(p promise) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.acknowledged = append(d.acknowledged, p)
}

// step cuts the power, or not yet. It is called with the lock held.
func (d *disk) step() {
	if d.next--; d.next <= 0 {
		d.next = 1 + d.random.IntN(2*d.every)
		d.cut()
	}
}

// cutNow cuts the power.
func (d *disk) cutNow() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.cut()
}

// cut does it with the lock held. A disk has written everything since the last sync, nothing or some of it.
func (d *disk) cut() {
	c := cut{
		path:         filepath.Join(d.t.TempDir(), fmt.Sprint("cut ", len(d.cuts)), "codes.db"),
		acknowledged: slices.Clone(d.acknowledged), began: d.log.begun - 1,
	}
	d.cuts = append(d.cuts, c)
	kept := []float64{0, 0.5, 1}[d.random.IntN(3)]
	if err := os.Mkdir(filepath.Dir(c.path), 0o700); err != nil {
		d.t.Error(err)
	}
	for path, file := range map[string]*diskFile{c.path: &d.database, c.path + "-wal": &d.log} {
		if err := os.WriteFile(path, file.after(kept), 0o600); err != nil {
			d.t.Error(err)
		}
	}
}

// Wrote implements [observer].
func (f *diskFile) Wrote(data []byte, offset int64) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if offset == 0 {
		f.begun++
	}
	for len(data) > 0 {
		length := min(int64(len(data)), diskPage-offset%diskPage)
		f.written = append(f.written, piece{slices.Clone(data[:length]), offset})
		data, offset = data[length:], offset+length
	}
	f.disk.step()
}

// Synced implements [observer].
func (f *diskFile) Synced() {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	f.disk.step() // nobody knows yet
	for _, p := range f.written {
		f.synced = p.on(f.synced)
	}
	f.written = nil
}

// after is what a cut leaves of the file if so many of the pieces are written that were not
// synced, of one.
func (f *diskFile) after(kept float64) []byte {
	left := slices.Clone(f.synced)
	for _, p := range f.written {
		if f.disk.random.Float64() < kept {
			left = p.on(left)
		}
	}
	return left
}

// on is a file with the piece in it.
func (p piece) on(file []byte) []byte {
	if missing := int(p.offset) + len(p.data) - len(file); missing > 0 {
		file = append(file, make([]byte, missing)...)
	}
	copy(file[p.offset:], p.data)
	return file
}
