package spill

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
)

// Fan is how many runs are read at once. That many runs of a level become one of the next level, so that n runs are Fan·log(n) open files at
// most, and a row is written log(n) times.
const Fan = 32

// Options say what Runs are of.
type Options struct {
	Dir string // of the temporary files; "" for the system's
	Row types.Row
	// Compare orders the rows; each run is sorted by it. Nil: rows have no order but that in which they came.
	Compare Compare
	Memory  int64 // what the operator may hold in memory, in bytes
}

// Runs are rows on disk in the order in which they came, in runs that are written once: sorted runs, or, without Compare, all that came at a
// time. Runs are joined when there are many of them.
type Runs struct {
	o      Options
	levels [][]run // the newest rows are in level 0
	made   int
	token  string
}

// run is a file with its name in snapshots.
type run struct {
	name string
	file *File
}

// NewRuns makes runs that have no rows yet.
func NewRuns(o Options) *Runs {
	var random [4]byte
	_, _ = rand.Read(random[:]) // never fails
	return &Runs{o: o, token: hex.EncodeToString(random[:])}
}

// Empty reports whether nothing is on disk.
func (r *Runs) Empty() bool { return len(r.levels) == 0 }

// Size is the bytes on disk.
func (r *Runs) Size() int64 {
	n := int64(0)
	for _, x := range r.all() {
		n += x.file.Size()
	}
	return n
}

// Write makes a run of rows that are newer than all others, and in order.
func (r *Runs) Write(rows Sequence) error {
	if err := r.make(0, func(f *File) error { return each(rows, f.Append) }); err != nil {
		return err
	}
	for level := 0; level < len(r.levels) && len(r.levels[level]) == Fan; level++ {
		full := r.levels[level]
		r.levels[level] = nil
		if err := errors.Join(r.join(level+1, full), closeAll(full)); err != nil {
			return err
		}
	}
	return nil
}

// make adds a run to a level.
func (r *Runs) make(level int, fill func(*File) error) error {
	f, err := Create(r.o.Dir)
	if err != nil {
		return err
	}
	if err := fill(f); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := f.Finish(); err != nil {
		return errors.Join(err, f.Close())
	}
	for len(r.levels) <= level {
		r.levels = append(r.levels, nil)
	}
	r.made++
	r.levels[level] = append(r.levels[level], run{fmt.Sprintf("run-%d-%d-%s", level, r.made, r.token), f})
	return nil
}

// join makes one run of several that follow each other.
func (r *Runs) join(level int, old []run) error {
	return r.make(level, func(f *File) error {
		if r.o.Compare != nil {
			return Merge(r.o.Row, sequences(old), r.o.Compare, ChunkBytes(r.o.Memory), f.Append)
		}
		for _, x := range old {
			if err := f.appendAll(x.file); err != nil {
				return err
			}
		}
		return nil
	})
}

// all lists the runs, the oldest rows first.
func (r *Runs) all() []run {
	var out []run
	for _, level := range slices.Backward(r.levels) {
		out = append(out, level...)
	}
	return out
}

func sequences(of []run) []Sequence {
	out := make([]Sequence, len(of))
	for i, x := range of {
		out[i] = x.file.Read()
	}
	return out
}

func closeAll(of []run) error {
	var errs []error
	for _, x := range of {
		errs = append(errs, x.file.Close())
	}
	return errors.Join(errs...)
}

// Read gives all rows in the order in which they came, in the batches in which they were written.
func (r *Runs) Read() Sequence { return Chain(sequences(r.all())...) }

// Merge gives all rows in order, those of last, which are sorted and newer than all others, among them.
func (r *Runs) Merge(last Sequence, emit func(*batch.Batch) error) error {
	if runs := r.all(); len(runs) > Fan {
		few := runs[Fan-1:] // the newest are the smallest
		r.levels = [][]run{slices.Clone(runs[:Fan-1])}
		if err := errors.Join(r.join(0, few), closeAll(few)); err != nil {
			return err
		}
	}
	return Merge(r.o.Row, append(sequences(r.all()), last), r.o.Compare, ChunkBytes(r.o.Memory), emit)
}

// Snapshot gives the runs to a snapshot as files, in the background. They stay open until it has them.
func (r *Runs) Snapshot(prefix string, w op.SnapshotWriter) {
	runs := r.all()
	if len(runs) == 0 {
		return
	}
	for _, x := range runs {
		x.file.Hold()
	}
	w.Later(func() error {
		var errs []error
		for _, x := range runs {
			errs = append(errs, w.File(prefix+x.name, x.file.Path()), x.file.Close())
		}
		return errors.Join(errs...)
	})
}

// Restore brings back the runs that Snapshot gave to one instance. The order of rows stays.
func (r *Runs) Restore(prefix string, s op.SnapshotReader) error {
	type found struct{ level, number int }
	names := map[found]string{}
	paths := map[string]string{}
	for name, path := range s.Files() {
		var f found
		rest, is := strings.CutPrefix(name, prefix)
		if !is {
			continue
		}
		if _, err := fmt.Sscanf(rest, "run-%d-%d-", &f.level, &f.number); err != nil || f.level < 0 || f.level >= maxLevels || names[f] != "" {
			return fmt.Errorf("there is no place for a run %q", name)
		}
		names[f], paths[rest] = rest, path
	}
	for _, f := range slices.SortedFunc(maps.Keys(names), func(a, b found) int { return a.number - b.number }) {
		file, err := Open(paths[names[f]])
		if err != nil {
			return err
		}
		for len(r.levels) <= f.level {
			r.levels = append(r.levels, nil)
		}
		r.levels[f.level] = append(r.levels[f.level], run{names[f], file})
		r.made = max(r.made, f.number)
	}
	return s.Err()
}

// maxLevels is more than there can be.
const maxLevels = 16

// Drop forgets all rows.
func (r *Runs) Drop() error {
	err := closeAll(r.all())
	r.levels = nil
	return err
}
