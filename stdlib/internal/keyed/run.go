package keyed

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"weir/runtime/batch"
	"weir/runtime/op"
)

// run is a file of groups in the order of their keys.
type run struct {
	name   string // under which snapshots have it; the name of no other content, of whatever instance
	path   string
	window Window
	own    bool // it is this instance's, to be removed
}

func (r *run) remove() error {
	if !r.own {
		return nil
	}
	if err := os.Remove(r.path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return tempError(filepath.Dir(r.path), "cannot be removed", err)
	}
	return nil
}

func tempError(dir, what string, err error) error {
	if dir == "" {
		dir = os.TempDir()
	}
	var path *os.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return &op.Error{Code: codeTemp, Message: fmt.Sprintf("a temporary file in %s %s", dir, what), Err: err,
		Hint: "make room there, or name another folder with --temp"}
}

// runWriter writes a run.
type runWriter struct {
	entryWriter
	dir string
	f   *os.File
	w   *bufio.Writer
}

func (s *State) newRun() (*runWriter, error) {
	f, err := os.CreateTemp(s.spec.Dir, "weir-groups-*")
	if err != nil {
		return nil, tempError(s.spec.Dir, "cannot be made", err)
	}
	w := &runWriter{dir: s.spec.Dir, f: f, w: bufio.NewWriterSize(f, 64<<10)}
	w.entryWriter = entryWriter{size: s.spec.frameBytes(), flush: func(frame []byte) error {
		if _, err := w.w.Write(frame); err != nil {
			return tempError(w.dir, "cannot be written", err)
		}
		return nil
	}}
	return w, nil
}

// finish gives the run, or removes the file where err or something else is in its way.
func (w *runWriter) finish(s *State, win Window, err error) (*run, error) {
	if err == nil {
		err = w.done()
	}
	if err == nil {
		if e := w.w.Flush(); e != nil {
			err = tempError(w.dir, "cannot be written", e)
		}
	}
	if e := w.f.Close(); e != nil && err == nil {
		err = tempError(w.dir, "cannot be closed", e)
	}
	if err != nil {
		return nil, errors.Join(err, os.Remove(w.f.Name()))
	}
	s.files++
	return &run{name: fmt.Sprintf("%s-%d", s.token, s.files), path: w.f.Name(), window: win, own: true}, nil
}

// spill puts the groups of a store that are in memory into a run.
func (s *State) spill(t *store) error {
	w, err := s.newRun()
	if err != nil {
		return err
	}
	for _, r := range t.sorted() {
		if err = w.group(t.window, t.shards[r.shard].part, r.group); err != nil {
			break
		}
	}
	r, err := w.finish(s, t.window, err)
	if err != nil {
		return err
	}
	t.clear(s)
	t.runs = append(t.runs, r)
	s.Spilled++
	if len(t.runs) < maxRuns {
		return nil
	}
	return s.compact(t)
}

// maxRuns is how many runs are merged at once.
const maxRuns = 128

// cursor reads a run, row by row.
type cursor struct {
	entries
	i    int
	f    *os.File
	r    *bufio.Reader
	buf  []byte
	spec *Spec
}

// open begins to read a run. Nothing may be in it.
func (r *run) open(s *Spec) (*cursor, error) {
	f, err := os.Open(r.path)
	if err != nil {
		return nil, tempError(filepath.Dir(r.path), "cannot be opened", err)
	}
	c := &cursor{f: f, r: bufio.NewReaderSize(f, 16<<10), spec: s}
	if _, err := c.next(); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return c, c.skip()
}

// ended reports whether there is no row.
func (c *cursor) ended() bool { return c.Batch == nil }

// next goes to the next row; false at the end.
func (c *cursor) next() (bool, error) {
	if c.Batch != nil && c.i+1 < c.N {
		c.i++
		return true, nil
	}
	c.entries, c.i = entries{}, 0
	var head [12]byte
	if _, err := io.ReadFull(c.r, head[:]); err != nil {
		if errors.Is(err, io.EOF) {
			return false, nil
		}
		return false, c.damaged(err)
	}
	n := int64(binary.LittleEndian.Uint32(head[4:]))
	if n > batch.MaxFrame {
		return false, c.damaged(batch.ErrFrame)
	}
	c.buf = append(c.buf[:0], head[:]...)
	for n > 0 { // memory only for what is there
		k := min(n, 1<<20)
		from := len(c.buf)
		c.buf = append(c.buf, make([]byte, k)...)
		if _, err := io.ReadFull(c.r, c.buf[from:]); err != nil {
			return false, c.damaged(err)
		}
		n -= k
	}
	e, rest, err := readEntries(c.buf)
	if err != nil || len(rest) > 0 {
		return false, c.damaged(err)
	}
	if c.entries = e; e.N == 0 {
		return c.next()
	}
	return true, nil
}

// skip goes on to a group that belongs to this instance.
func (c *cursor) skip() error {
	own := false
	for !c.ended() {
		if c.part(c.i) == 0 {
			if own = c.spec.owns(Hash(c.key(c.i))); own {
				return nil
			}
		}
		if _, err := c.next(); err != nil {
			return err
		}
	}
	return nil
}

func (c *cursor) damaged(err error) error {
	return &op.Error{Code: "W6005", Message: "a temporary file is damaged", Err: err,
		Hint: "the disk or the memory of this machine is at fault: run again with --temp on another disk"}
}

// pieces gives the pieces of a part, from here on. When it has given nil, the cursor stands behind them.
func (c *cursor) pieces(part int64) PieceReader {
	given := false
	return func() ([]byte, error) {
		if given { // not before: the piece lies in the frame
			given = false
			if _, err := c.next(); err != nil {
				return nil, err
			}
		}
		if c.ended() || c.part(c.i) != part {
			return nil, nil
		}
		given = true
		return c.state(c.i), nil
	}
}
