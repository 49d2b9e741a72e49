// Package optest has what tests of operators need around an instance: state that snapshots write and restores read, and an output that
// collects.
package optest

import (
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"weir/runtime/batch"
	"weir/runtime/op"
)

// State is what snapshots have written, to be read back: it is both an op.SnapshotWriter and an op.SnapshotReader.
type State struct {
	Groups    map[int][][]byte
	ItemList  [][]byte
	FilePaths map[string]string // by name; copies in Dir
	Dir       string            // where files are kept; needed only where there are any

	later []func() error
}

var (
	_ op.SnapshotWriter = (*State)(nil)
	_ op.SnapshotReader = (*State)(nil)
)

// KeyGroup implements op.SnapshotWriter.
func (s *State) KeyGroup(group int, state []byte) error {
	if s.Groups == nil {
		s.Groups = map[int][][]byte{}
	}
	s.Groups[group] = append(s.Groups[group], slices.Clone(state))
	return nil
}

// Item implements op.SnapshotWriter.
func (s *State) Item(state []byte) error {
	s.ItemList = append(s.ItemList, slices.Clone(state))
	return nil
}

// File implements op.SnapshotWriter: the file is copied into Dir.
func (s *State) File(name, path string) error {
	if s.FilePaths == nil {
		s.FilePaths = map[string]string{}
	}
	if s.FilePaths[name] != "" {
		return nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	to := filepath.Join(s.Dir, filepath.Base(name))
	s.FilePaths[name] = to
	return os.WriteFile(to, data, 0o600)
}

// Later implements op.SnapshotWriter; Finish calls f.
func (s *State) Later(f func() error) { s.later = append(s.later, f) }

// Finish does what was put off by Later.
func (s *State) Finish() error {
	for len(s.later) > 0 {
		f := s.later[0]
		s.later = s.later[1:]
		if err := f(); err != nil {
			return err
		}
	}
	return nil
}

// KeyGroups implements op.SnapshotReader, in the order of the groups.
func (s *State) KeyGroups() iter.Seq2[int, []byte] {
	return func(yield func(int, []byte) bool) {
		for _, g := range slices.Sorted(maps.Keys(s.Groups)) {
			for _, state := range s.Groups[g] {
				if !yield(g, state) {
					return
				}
			}
		}
	}
}

// Items implements op.SnapshotReader.
func (s *State) Items() iter.Seq[[]byte] { return slices.Values(s.ItemList) }

// Files implements op.SnapshotReader.
func (s *State) Files() iter.Seq2[string, string] { return maps.All(s.FilePaths) }

// Err implements op.SnapshotReader.
func (s *State) Err() error { return nil }

// Part gives the state that an instance with the key groups [first, last) gets; items are dealt out in turn to n instances.
func (s *State) Part(first, last, number, n int) *State {
	out := &State{Groups: map[int][][]byte{}, FilePaths: s.FilePaths, Dir: s.Dir}
	for g, state := range s.Groups {
		if g >= first && g < last {
			out.Groups[g] = state
		}
	}
	for i, item := range s.ItemList {
		if i%n == number {
			out.ItemList = append(out.ItemList, item)
		}
	}
	return out
}

// Output collects what an instance gives out. It is an op.SourceOutput whose Wait waits for nothing else.
type Output struct {
	Batches    []*batch.Batch
	Sides      map[string][]*batch.Batch
	Rejections []op.Rejection
	Watermarks []int64
	IdleCalls  int
	Rests      []func() (op.Split, error)
}

var _ op.SourceOutput = (*Output)(nil)

// Emit implements op.Output.
func (o *Output) Emit(b *batch.Batch) error { o.Batches = append(o.Batches, b); return nil }

// Side implements op.Output.
func (o *Output) Side(name string, b *batch.Batch) error {
	if o.Sides == nil {
		o.Sides = map[string][]*batch.Batch{}
	}
	o.Sides[name] = append(o.Sides[name], b)
	return nil
}

// Reject implements op.Output.
func (o *Output) Reject(r op.Rejection) error { o.Rejections = append(o.Rejections, r); return nil }

// Watermark implements op.Output.
func (o *Output) Watermark(t int64) error { o.Watermarks = append(o.Watermarks, t); return nil }

// Idle implements op.Output.
func (o *Output) Idle() error { o.IdleCalls++; return nil }

// Rest implements op.SourceOutput.
func (o *Output) Rest(rest func() (op.Split, error)) error {
	o.Rests = append(o.Rests, rest)
	return nil
}

// Wait implements op.SourceOutput.
func (o *Output) Wait(ready <-chan struct{}) error { <-ready; return nil }

// Ignore is the part of an op.SourceOutput that a test has no use for.
type Ignore struct{}

// Watermark does nothing.
func (Ignore) Watermark(int64) error { return nil }

// Idle does nothing.
func (Ignore) Idle() error { return nil }

// Rest does nothing.
func (Ignore) Rest(func() (op.Split, error)) error { return nil }

// Wait waits for nothing else.
func (Ignore) Wait(ready <-chan struct{}) error { <-ready; return nil }
