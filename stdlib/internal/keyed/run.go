package keyed

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"

	"weir/runtime/batch"
	"weir/runtime/op"
	"weir/runtime/spill"
)

// run is a file of groups in the order of their keys.
type run struct {
	name   string // under which snapshots have it; the name of no other content, of whatever instance
	file   *spill.File
	window Window
}

// files makes the runs of an instance and reads them.
type files struct {
	spec  *Spec
	token string // begins the names
	n     int
}

func newFiles(spec *Spec) files {
	var token [8]byte
	_, _ = rand.Read(token[:]) // never fails
	return files{spec: spec, token: hex.EncodeToString(token[:])}
}

// write makes a run of the groups that fill gives.
func (x *files) write(win Window, fill func(w *entryWriter) error) (*run, error) {
	f, err := spill.Create(x.spec.Dir)
	if err != nil {
		return nil, err
	}
	w := &entryWriter{size: int(spill.ChunkBytes(x.spec.limit())), flush: f.Append}
	if err = fill(w); err == nil {
		err = w.done()
	}
	if err == nil {
		err = f.Finish()
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	if x.n++; x.spec.Spilled != nil {
		x.spec.Spilled()
	}
	return &run{name: fmt.Sprintf("%s-%d", x.token, x.n), file: f, window: win}, nil
}

// restore gives the runs of a snapshot that have something of this instance.
func (x *files) restore(r op.SnapshotReader) (runs []*run, err error) {
	for name, path := range r.Files() {
		file, err := spill.Open(path)
		if err != nil {
			return runs, err
		}
		y := &run{name: name, file: file}
		c, err := y.read(x.spec)
		if err != nil || c.ended() {
			if err = errors.Join(err, file.Close()); err != nil {
				return runs, err
			}
			continue
		}
		y.window = c.entries.window(c.i)
		runs = append(runs, y)
	}
	return runs, r.Err()
}

// spill puts the groups of a store that are in memory into a run.
func (s *State) spill(t *store) error {
	r, err := s.files.write(t.window, func(w *entryWriter) error {
		for _, r := range t.sorted() {
			if err := w.group(t.window, t.shards[r.shard].part, r.group); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	t.clear(s)
	t.runs = append(t.runs, r)
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
	rows spill.Sequence
	spec *Spec
}

// read goes to the first group of a run that belongs to this instance; there may be none.
func (r *run) read(s *Spec) (*cursor, error) {
	c := &cursor{rows: r.file.Read(), spec: s}
	if err := c.next(); err != nil {
		return nil, err
	}
	return c, c.skip()
}

// ended reports whether there is no row.
func (c *cursor) ended() bool { return c.Batch == nil }

// next goes to the next row.
func (c *cursor) next() error {
	if c.i++; c.Batch != nil && c.i < c.N {
		return nil
	}
	c.entries, c.i = entries{}, 0
	for {
		b, err := c.rows.Next()
		if err != nil || b == nil {
			return err
		}
		if c.entries, err = asEntries(b); err != nil {
			return damaged(err)
		}
		if b.N > 0 {
			return nil
		}
	}
}

// skip goes on to a group that belongs to this instance.
func (c *cursor) skip() error {
	for !c.ended() {
		if c.part(c.i) == 0 && c.spec.owns(Hash(c.key(c.i))) {
			return nil
		}
		if err := c.next(); err != nil {
			return err
		}
	}
	return nil
}

func damaged(err error) error {
	return &op.Error{Code: "W6005", Message: "a temporary file is damaged", Err: err,
		Hint: "the disk or the memory of this machine is at fault: run again with --temp on another disk"}
}

// pieces gives the pieces of a part, from here on. When it has given nil, the cursor stands behind them.
func (c *cursor) pieces(part int64) PieceReader {
	given := false
	return func() ([]byte, error) {
		if given {
			given = false
			if err := c.next(); err != nil {
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

var errOrder = fmt.Errorf("%w: groups in another order", batch.ErrFrame)
