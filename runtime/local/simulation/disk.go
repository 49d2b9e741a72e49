package simulation

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"sync"
	"syscall"

	"weir/runtime/op"
)

// ErrCrashed is what every call gives after the power is gone.
var ErrCrashed = errors.New("simulation: the machine has stopped")

// Disk is a storage in memory. What was not made durable by Prepare may be lost, in whole or in part, when the machine stops. It
// implements op.Storage.
type Disk struct {
	mu     sync.Mutex
	random *rand.Rand
	files  map[string][]byte
	parts  map[string]*part
	made   int
	calls  int
	dead   bool

	names []string // of the calls, see name

	// FaultEvery is that one in so many calls fails; 0 for none. CrashAt stops the machine at a call; 0 for never.
	FaultEvery int
	CrashAt    int
	// Failpoint stops the machine at a call by name.
	Failpoint Failpoint
	// Wait is called before calls that take their time, outside of all locks: others go on meanwhile. Nil: they take none.
	Wait func()
	// OnCrash is called when the machine stops.
	OnCrash func()
	Faults  int // so far
}

// Failpoint is the Nth call of a name, from 1; the zero one is none. After says that the call is done before the machine stops.
type Failpoint struct {
	Name  string
	Nth   int
	After bool
}

func (f Failpoint) String() string {
	return fmt.Sprintf("%s %s no. %d", map[bool]string{false: "before", true: "after"}[f.After], f.Name, f.Nth)
}

// name is what a call is called: what it is about, and what it does. Of outputs: create, write, prepare, commit, resume; of manifests and of the files of
// state that checkpoints share: create, write, sync, rename, remove, open, list; of inputs: open, list.
func name(do, p string) string {
	checkpoint := map[string]string{"prepare": "sync", "commit": "rename"}[do]
	if checkpoint == "" {
		checkpoint = do
	}
	switch {
	case strings.HasPrefix(p, "/checkpoints/files/"):
		return "state." + checkpoint
	case strings.HasPrefix(p, "/checkpoints/"):
		return "manifest." + checkpoint
	case strings.HasPrefix(p, "/in/"):
		return "input." + do
	}
	return "output." + do
}

// part is a file being written.
type part struct {
	path    string
	data    []byte
	durable int // bytes that survive
}

// NewDisk makes one with files.
func NewDisk(random *rand.Rand, files map[string][]byte) *Disk {
	return &Disk{random: random, files: maps.Clone(files), parts: map[string]*part{}}
}

// Calls is how many calls there were.
func (d *Disk) Calls() int { return d.calls }

// Names gives the names of the calls since the machine was started.
func (d *Disk) Names() []string { return d.names }

// Clone gives a disk in the same state.
func (d *Disk) Clone(random *rand.Rand) *Disk {
	c := NewDisk(random, d.files)
	c.made = d.made
	for name, p := range d.parts {
		x := *p
		x.data = slices.Clone(p.data)
		c.parts[name] = &x
	}
	return c
}

// Files gives the visible files.
func (d *Disk) Files() map[string][]byte { return maps.Clone(d.files) }

// Restart starts the machine again: what was not durable is gone, or a beginning of it is there.
func (d *Disk) Restart() {
	d.dead, d.calls, d.names = false, 0, nil
	d.Failpoint = Failpoint{}
	for _, name := range slices.Sorted(maps.Keys(d.parts)) {
		p := d.parts[name]
		if p.durable < 0 {
			delete(d.parts, name)
			continue
		}
		p.data = p.data[:p.durable+d.random.IntN(len(p.data)-p.durable+1)]
	}
}

// fault says what goes wrong with a call: before it has done anything, or (after) once it has.
func (d *Disk) fault(do, path string) (before, after error) {
	d.calls++
	if before, after = d.named(do, path); before != nil || after != nil {
		return before, after
	}
	if d.calls == d.CrashAt {
		after = ErrCrashed
		if d.random.IntN(2) == 0 {
			before, after = ErrCrashed, nil
			d.stop()
		}
		return before, after
	}
	if d.FaultEvery > 0 && d.random.IntN(d.FaultEvery) == 0 {
		d.Faults++
		err := &op.Error{Code: "W6203", Message: "the disk fails", Err: []error{syscall.EIO, syscall.ENOSPC}[d.random.IntN(2)]}
		if d.random.IntN(2) == 0 {
			return err, nil
		}
		return nil, err
	}
	return nil, nil
}

// wait lets others go on before a call about a manifest or an output; what belongs to state is called under locks of the runtime.
func (d *Disk) wait(p string) {
	if d.Wait != nil && !strings.HasPrefix(p, "/checkpoints/files/") {
		d.Wait()
	}
}

// named notes a call and stops the machine where its name says so.
func (d *Disk) named(do, path string) (before, after error) {
	if d.dead {
		return ErrCrashed, nil
	}
	n := name(do, path)
	d.names = append(d.names, n)
	if f := &d.Failpoint; f.Name == n {
		if f.Nth--; f.Nth == 0 {
			if f.After {
				return nil, ErrCrashed
			}
			d.stop()
			return ErrCrashed, nil
		}
	}
	return nil, nil
}

func (d *Disk) stop() {
	d.dead = true
	if d.OnCrash != nil {
		d.OnCrash()
	}
}

// over ends a call that has been done.
func (d *Disk) over(after error) error {
	if after == ErrCrashed {
		d.stop()
	}
	return after
}

// List implements op.Storage. Reading is not where faults strike.
func (d *Disk) List(_ context.Context, p string) ([]op.FileInfo, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	before, after := d.named("list", p)
	if before != nil {
		return nil, before
	}
	if err := d.over(after); err != nil {
		return nil, err
	}
	var out []op.FileInfo
	for _, name := range slices.Sorted(maps.Keys(d.files)) {
		if name == p || strings.HasSuffix(p, "/") && path.Dir(name)+"/" == p {
			out = append(out, d.info(name))
		}
	}
	if len(out) == 0 {
		return nil, &op.Error{Code: "W6201", File: p, Message: "no such file", Err: fs.ErrNotExist}
	}
	return out, nil
}

func (d *Disk) info(name string) op.FileInfo {
	return op.FileInfo{Path: name, Size: int64(len(d.files[name])), Version: fmt.Sprint(len(d.files[name]))}
}

// Open implements op.Storage.
func (d *Disk) Open(_ context.Context, p, version string) (op.File, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	before, after := d.named("open", p)
	if before != nil {
		return nil, before
	}
	if err := d.over(after); err != nil {
		return nil, err
	}
	data, is := d.files[p]
	if !is {
		return nil, &op.Error{Code: "W6201", File: p, Message: "no such file", Err: fs.ErrNotExist}
	}
	if version != "" && version != d.info(p).Version {
		return nil, &op.Error{Code: "W6255", File: p, Message: "the file has changed", Err: op.ErrChanged}
	}
	return &file{bytes.NewReader(data), d.info(p)}, nil
}

type file struct {
	*bytes.Reader
	info op.FileInfo
}

func (f *file) Close() error      { return nil }
func (f *file) Info() op.FileInfo { return f.info }
func (f *file) Seekable() bool    { return true }

// Create implements op.Storage.
func (d *Disk) Create(_ context.Context, p string, o op.CreateOptions) (op.StagedFile, error) {
	d.wait(p)
	d.mu.Lock()
	defer d.mu.Unlock()
	before, after := d.fault("create", p)
	if before != nil {
		return nil, before
	}
	if o.MustNotExist && d.files[p] != nil {
		return nil, fs.ErrExist
	}
	d.made++
	name := fmt.Sprintf("%s.part-%d", p, d.made)
	d.parts[name] = &part{path: p, durable: -1}
	if err := d.over(after); err != nil {
		return nil, err
	}
	return &staged{d, name, p}, nil
}

type staged struct {
	d          *Disk
	name, path string
}

type token struct {
	Part string `json:"part"`
	Path string `json:"path"`
	Size int    `json:"size"`
	Sum  uint64 `json:"sum"`
}

func (s *staged) Write(b []byte) (int, error) {
	s.d.mu.Lock()
	defer s.d.mu.Unlock()
	p := s.d.parts[s.name]
	if p == nil {
		return 0, fs.ErrClosed
	}
	before, after := s.d.fault("write", p.path)
	if before != nil {
		return 0, before
	}
	if after != nil { // a short write
		b = b[:s.d.random.IntN(len(b)+1)]
	}
	p.data = append(p.data, b...)
	return len(b), s.d.over(after)
}

func (s *staged) Prepare() ([]byte, error) {
	s.d.wait(s.path)
	s.d.mu.Lock()
	defer s.d.mu.Unlock()
	p := s.d.parts[s.name]
	before, after := s.d.fault("prepare", p.path)
	if before != nil {
		return nil, before
	}
	p.durable = len(p.data)
	if err := s.d.over(after); err != nil {
		return nil, err
	}
	return json.Marshal(token{s.name, p.path, len(p.data), sum(p.data)})
}

func sum(b []byte) uint64 {
	var h uint64 = 14695981039346656037
	for _, c := range b {
		h = (h ^ uint64(c)) * 1099511628211
	}
	return h
}

func (s *staged) Close() error { return nil }

func (s *staged) Abort() error { return s.d.drop(s.name) }

func (d *Disk) drop(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.dead {
		return ErrCrashed
	}
	delete(d.parts, name)
	return nil
}

// Resume implements op.Storage.
func (d *Disk) Resume(_ context.Context, data []byte) (op.StagedFile, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var t token
	if err := json.Unmarshal(data, &t); err != nil {
		return nil, err
	}
	before, after := d.fault("resume", t.Path)
	if before != nil {
		return nil, before
	}
	p := d.parts[t.Part]
	if p == nil || len(p.data) < t.Size {
		return nil, fmt.Errorf("the part %s is gone", t.Part)
	}
	p.data = p.data[:t.Size]
	p.durable = t.Size
	if err := d.over(after); err != nil {
		return nil, err
	}
	return &staged{d, t.Part, t.Path}, nil
}

// Commit implements op.Storage.
func (d *Disk) Commit(_ context.Context, data []byte) error {
	var t token
	if err := json.Unmarshal(data, &t); err != nil {
		return err
	}
	d.wait(t.Path)
	d.mu.Lock()
	defer d.mu.Unlock()
	before, after := d.fault("commit", t.Path)
	if before != nil {
		return before
	}
	p := d.parts[t.Part]
	if p == nil {
		if got := d.files[t.Path]; len(got) == t.Size && sum(got) == t.Sum {
			return d.over(after)
		}
		return fmt.Errorf("neither %s nor its part is there", t.Path)
	}
	if p.durable < t.Size {
		return fmt.Errorf("%s was never durable", t.Part)
	}
	d.files[t.Path] = slices.Clone(p.data[:t.Size])
	delete(d.parts, t.Part)
	return d.over(after)
}

// Abort implements op.Storage.
func (d *Disk) Abort(_ context.Context, data []byte) error {
	var t token
	if err := json.Unmarshal(data, &t); err != nil {
		return err
	}
	return d.drop(t.Part)
}

// Remove implements op.Storage.
func (d *Disk) Remove(_ context.Context, p string) error {
	d.wait(p)
	d.mu.Lock()
	defer d.mu.Unlock()
	before, after := d.fault("remove", p)
	if before != nil {
		return before
	}
	delete(d.files, p)
	return d.over(after)
}
