package hdfs

import (
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"path"
	"sort"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"weir/runtime/op"
)

// memory is a cluster in memory, with what goes wrong in one. All processes of a test share it.
type memory struct {
	mu        sync.Mutex
	nodes     map[string]*inode
	ids       uint64
	blockSize int64

	rand *rand.Rand // nil: nothing fails
	rate float64    // of operations that fail
	dead bool       // no data node takes or gives anything
	down error      // of every operation, where not nil
	made []int      // the replication of each file that was created
}

type inode struct {
	status
	data []byte
	open bool // being written: its size is that of its finished blocks
}

func newMemory() *memory {
	return &memory{blockSize: 1 << 18, nodes: map[string]*inode{"/": {status: status{name: "/", folder: true, mode: 0o755}}}}
}

var errFault = transient{&lostError{errors.New("injected")}}

// fault says whether an operation fails before it is done, or after.
func (m *memory) fault() (before, after error) {
	if m.down != nil {
		return m.down, nil
	}
	if m.rand == nil || m.rand.Float64() >= m.rate {
		return nil, nil
	}
	if m.rand.IntN(2) == 0 {
		return errFault, nil
	}
	return nil, errFault
}

// fail makes operations fail from now on, by chance; a nil source ends that. Writers that were given up may still be closing.
func (m *memory) fail(source *rand.Rand, rate float64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.rand, m.rate = source, rate
}

// do does an operation of the name node.
func (m *memory) do(what func() error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	before, after := m.fault()
	if before != nil {
		return before
	}
	return errors.Join(what(), after)
}

func (m *memory) user() string { return "tester" }
func (m *memory) close() error { return nil }

func (m *memory) defaults() (int64, int, error) {
	return m.blockSize, 3, m.do(func() error { return nil })
}

func (m *memory) stat(name string) (s status, err error) {
	err = m.do(func() error {
		n := m.nodes[name]
		if n == nil {
			return fs.ErrNotExist
		}
		s = n.status
		return nil
	})
	return s, err
}

func (m *memory) list(name string) (all []status, err error) {
	err = m.do(func() error {
		if m.nodes[name] == nil {
			return fs.ErrNotExist
		} else if !m.nodes[name].folder {
			return syscall.ENOTDIR
		}
		for child, n := range m.nodes {
			if child != "/" && path.Dir(child) == name {
				all = append(all, n.status)
			}
		}
		sort.Slice(all, func(i, j int) bool { return all[i].name < all[j].name })
		return nil
	})
	return all, err
}

func (m *memory) add(name string, folder bool) *inode {
	m.ids++
	n := &inode{status: status{name: path.Base(name), folder: folder, id: m.ids, modified: time.UnixMilli(int64(1000 + m.ids)), mode: 0o755}}
	m.nodes[name] = n
	return n
}

func (m *memory) mkdirs(name string) error {
	return m.do(func() error {
		for p := name; ; p = path.Dir(p) {
			if n := m.nodes[p]; n == nil {
				m.add(p, true)
			} else if !n.folder {
				return fs.ErrExist
			}
			if p == "/" {
				return nil
			}
		}
	})
}

func (m *memory) rename(from, to string, replace bool) error {
	return m.do(func() error {
		n := m.nodes[from]
		if n == nil {
			return fs.ErrNotExist
		} else if there := m.nodes[to]; there != nil && (there.folder || !replace) {
			return fs.ErrExist
		}
		delete(m.nodes, from)
		n.name = path.Base(to)
		m.nodes[to] = n
		return nil
	})
}

func (m *memory) remove(name string) error {
	return m.do(func() error {
		if m.nodes[name] == nil {
			return fs.ErrNotExist
		}
		for p := range m.nodes {
			if strings.HasPrefix(p, name+"/") {
				return syscall.ENOTEMPTY
			}
		}
		delete(m.nodes, name)
		return nil
	})
}

func (m *memory) removeAll(name string) error {
	return m.do(func() error {
		for p := range m.nodes {
			if p == name || strings.HasPrefix(p, name+"/") {
				delete(m.nodes, p)
			}
		}
		return nil
	})
}

func (m *memory) open(name string) (r reader, err error) {
	err = m.do(func() error {
		n := m.nodes[name]
		if n == nil {
			return fs.ErrNotExist
		}
		r = &memoryReader{m: m, name: name, s: n.status}
		return nil
	})
	return r, err
}

// memoryReader looks for its data by name at the first Read, as the library does.
type memoryReader struct {
	m    *memory
	name string
	s    status
	n    *inode
	off  int64
}

func (r *memoryReader) status() status { return r.s }
func (r *memoryReader) Close() error   { return nil }

func (r *memoryReader) seek(off int64) error {
	if off > r.s.size {
		return errors.New("behind the end")
	}
	r.off = off
	return nil
}

func (r *memoryReader) Read(p []byte) (k int, err error) {
	if r.off >= r.s.size {
		return 0, io.EOF
	}
	err = r.m.do(func() error {
		if r.m.dead {
			return errFault
		}
		if r.n == nil {
			if r.n = r.m.nodes[r.name]; r.n == nil {
				return fs.ErrNotExist
			}
		}
		end := min(r.s.size, int64(len(r.n.data)))
		if r.off >= end {
			return errFault
		}
		k = copy(p, r.n.data[r.off:end])
		return nil
	})
	if err != nil {
		return 0, err
	}
	r.off += int64(k)
	return k, nil
}

func (m *memory) create(name string, blockSize int64, replication int) (w writer, err error) {
	err = m.do(func() error {
		if m.nodes[name] != nil {
			return fs.ErrExist
		} else if m.nodes[path.Dir(name)] == nil {
			return fs.ErrNotExist
		}
		n := m.add(name, false)
		n.open, n.replication = true, replication
		m.made = append(m.made, replication)
		w = &memoryWriter{m: m, n: n, blockSize: blockSize}
		return nil
	})
	return w, err
}

// memoryWriter has a file whose finished blocks can be read, and which an error breaks.
type memoryWriter struct {
	m          *memory
	n          *inode
	blockSize  int64
	broken     bool
	unfinished bool // Close has been called
}

func (w *memoryWriter) Write(p []byte) (int, error) {
	err := w.m.do(func() error {
		if w.broken || w.m.dead {
			return errFault
		}
		w.n.data = append(w.n.data, p...)
		if full := (int64(len(w.n.data)) - 1) / w.blockSize * w.blockSize; full > w.n.size {
			w.n.size = full
		}
		return nil
	})
	if err != nil {
		w.m.mu.Lock()
		defer w.m.mu.Unlock()
		w.broken = true
		w.n.data = w.n.data[:max(w.n.size, int64(len(w.n.data)-len(p)))]
		return 0, err
	}
	return len(p), nil
}

func (w *memoryWriter) Close() error {
	err := w.m.do(func() error {
		if w.broken || w.m.dead {
			return errFault
		}
		if w.m.rand != nil && w.m.rand.IntN(4) == 0 && !w.unfinished {
			w.unfinished = true
			return errReplicating
		}
		if w.m.rand != nil && w.m.rand.Float64() < w.m.rate { // it is said to be complete, and is not
			w.n.data = w.n.data[:w.n.size]
		}
		w.n.open, w.n.size = false, int64(len(w.n.data))
		return nil
	})
	if errors.Is(err, errReplicating) {
		return errReplicating
	}
	if err != nil {
		w.m.mu.Lock()
		defer w.m.mu.Unlock()
		w.broken = true
	}
	return err
}

// process gives the storage as a new process has it.
func (m *memory) process(t testing.TB) *Storage {
	s := New(Options{Patience: 30 * time.Second, TempDir: t.TempDir()})
	s.connect = func(string) (filesystem, error) { return m, nil }
	return s
}

var _ op.Storage = (*Storage)(nil)
