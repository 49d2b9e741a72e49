package parquet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strings"
	"unsafe"

	"weir/runtime/batch"
	"weir/runtime/op"
	"weir/stdlib/internal/input"
)

// splitBytes is about what a split has, unpacked: row groups are read together up to it.
const splitBytes = 64 << 20

// source reads Parquet files.
type source struct {
	cfg   *op.Config
	ctx   op.Context
	where []test
	last  *bound // the file read last: its splits follow each other
	rows  int    // of a batch at most
}

func newSource(c *op.Config) (op.Source, error) {
	return &source{cfg: c, where: tests(c.Args.Expr("where")), rows: maxRows}, nil
}

func (s *source) Open(ctx op.Context) error { s.ctx = ctx; return nil }
func (s *source) Close() error              { s.last = nil; return nil }

// piece is the row groups of a file that one split stands for, and where to go on in them.
type piece struct {
	Path    string `json:"path"`
	Version string `json:"version,omitempty"`
	From    int    `json:"from"` // the first row group
	To      int    `json:"to"`   // behind the last one
	Group   int    `json:"group"`
	Done    int64  `json:"done,omitempty"` // rows of the group that have been read
}

// pieces cuts a file into runs of row groups.
func (f *footer) pieces() []piece {
	var out []piece
	size := int64(0)
	for g, rg := range f.meta.RowGroups {
		n := max(0, rg.TotalByteSize)
		if len(out) == 0 || size+n > splitBytes {
			out = append(out, piece{Path: f.path, Version: f.version, From: g, Group: g})
			size = 0
		}
		size += n
		out[len(out)-1].To = g + 1
	}
	return out
}

// Splits gives the pieces of all files, in order. They are the same whatever is wanted of the files.
func (s *source) Splits(ctx op.Context, _ []json.RawMessage) iter.Seq2[op.Split, error] {
	return func(yield func(op.Split, error) bool) {
		files, err := input.List(ctx.Context(), ctx.Storage(), s.cfg.Args.Text("path"))
		if err != nil {
			yield(op.Split{}, err)
			return
		}
		index := uint64(0)
		for _, file := range files {
			b, err := s.bind(file.Path, file.Version)
			if err != nil {
				yield(op.Split{}, err)
				return
			}
			for _, p := range b.pieces() {
				data, err := json.Marshal(p)
				if !yield(op.Split{Index: index, Weight: b.weight(p), Data: data}, err) {
					return
				}
				index++
			}
		}
	}
}

// bound is a file and what is read of it.
type bound struct {
	*footer
	declared []*column // of the row that the pipeline knows
	out      []*column // of what is wanted of it
	where    []test
	tested   []*reading // of each test; nil where the file does not have it
}

// bind reads the metadata of a file and sees that it has the columns of the pipeline.
func (s *source) bind(path, version string) (*bound, error) {
	if b := s.last; b != nil && b.path == path && version != "" && b.version == version {
		return b, nil
	}
	f, err := readFooter(s.ctx.Context(), s.ctx.Storage(), path, version)
	if err != nil {
		return nil, err
	}
	b, err := s.bindTo(f)
	if err == nil {
		s.last = b
	}
	return b, err
}

// bindTo sees that a file has the columns of the pipeline.
func (s *source) bindTo(f *footer) (b *bound, err error) {
	b = &bound{footer: f, where: s.where}
	if b.declared, err = bindRow(f.nodes, s.cfg.Args["as"].Row); err == nil {
		b.out, err = bindFields(f.nodes, s.cfg.Out)
	}
	if err != nil {
		return nil, &op.Error{Code: codeSchema, File: f.path, Message: "its columns are not those of the pipeline: " + err.Error(),
			Hint: "name the files that go together, or say with `as` what all of them have"}
	}
	for _, t := range s.where {
		b.tested = append(b.tested, find(b.declared, strings.Split(t.path, ".")))
	}
	return b, nil
}

// find gives the leaf at a path; nil where there is none.
func find(columns []*column, path []string) *reading {
	for _, c := range columns {
		if c.node != nil && c.node.name == path[0] {
			if len(path) == 1 {
				return c.leaf
			}
			return find(c.fields, path[1:])
		}
	}
	return nil
}

// skips reports that no row of a row group can be wanted, and none has to be rejected.
func (b *bound) skips(group int) bool {
	for i, t := range b.where {
		if r := b.tested[i]; r != nil && t.rulesOut(b.bounds(group, r)) {
			for _, c := range b.declared {
				if b.mayReject(group, c) {
					return false
				}
			}
			return true
		}
	}
	return false
}

// columns gives what is read of a row group: what is wanted, and what is not wanted and may be a reason to reject a row.
func (b *bound) columns(group int) []*column {
	read := map[int]bool{}
	for _, c := range b.out {
		for _, r := range c.readings() {
			if r.kind != 0 {
				read[r.index] = true
			}
		}
	}
	out := append([]*column(nil), b.out...)
	for _, c := range b.declared {
		wanted := true
		for _, r := range c.readings() {
			wanted = wanted && read[r.index]
		}
		if !wanted && b.mayReject(group, c) {
			out = append(out, c)
		}
	}
	return out
}

// weight is how many bytes of the file a piece reads.
func (b *bound) weight(p piece) float64 {
	n := int64(0)
	for g := p.From; g < p.To; g++ {
		if b.skips(g) {
			continue
		}
		for _, c := range b.columns(g) {
			for _, r := range c.readings() {
				_, size := b.extent(g, r.index)
				n += size
			}
		}
	}
	return float64(n)
}

// Read gives the rows of a piece.
func (s *source) Read(split op.Split, out op.SourceOutput) error {
	var p piece
	if err := json.Unmarshal(split.Data, &p); err != nil {
		return fmt.Errorf("split %d: %w", split.Index, err)
	}
	b, err := s.bind(p.Path, p.Version)
	if err != nil {
		return err
	}
	in, err := s.ctx.Storage().Open(s.ctx.Context(), p.Path, p.Version)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }() // read only: nothing is lost
	o, err := b.open(in)
	if err != nil {
		return located(err, p.Path)
	}
	if p.From < 0 || p.Group < p.From || p.To > len(b.meta.RowGroups) {
		return located(errors.New("it has fewer row groups than before"), p.Path)
	}
	r := &reader{source: s, bound: b, file: o, split: split, out: out, piece: p}
	for ; r.piece.Group < p.To; r.piece.Group++ {
		if err := r.group(); err != nil {
			return located(err, p.Path)
		}
	}
	return nil
}

// reader reads one split.
type reader struct {
	*source
	bound *bound
	file  *opened
	split op.Split
	out   op.SourceOutput
	piece piece
	first int64    // the number of the group's first row in the file
	index []uint64 // the number of the split, as often as a batch has rows
}

// group reads a row group, or what is left of it.
func (r *reader) group() error {
	n := r.bound.meta.RowGroups[r.piece.Group].NumRows
	defer func() { r.piece.Done = 0 }()
	if r.bound.skips(r.piece.Group) || r.piece.Done >= n {
		return nil
	}
	r.first = 0
	for _, g := range r.bound.meta.RowGroups[:r.piece.Group] {
		r.first += g.NumRows
	}
	columns := r.bound.columns(r.piece.Group)
	g, err := r.file.group(r.piece.Group, columns, r.rows)
	defer g.close()
	if err != nil {
		return err
	}
	for skip := r.piece.Done; g.left > 0; {
		if r.ctx.Context().Err() != nil {
			return context.Cause(r.ctx.Context())
		}
		at := n - g.left
		if skip > at { // rows that were read before
			rows := g.rows
			g.rows = int(min(int64(rows), skip-at))
			_, _, _, err := g.next()
			if g.rows = rows; err != nil {
				return err
			}
			continue
		}
		rows, cols, bad, err := g.next()
		if err != nil {
			return err
		}
		if err := r.emit(at, rows, cols[:len(r.bound.out)], bad); err != nil {
			return err
		}
		done := r.piece
		if done.Done = at + int64(rows); done.Done < n || done.Group+1 < done.To {
			if err := r.out.Rest(func() (op.Split, error) { return r.rest(done) }); err != nil {
				return err
			}
		}
	}
	return nil
}

// emit gives rows, and rejects those that are bad. at is the number of the first one in the group.
func (r *reader) emit(at int64, rows int, cols []*batch.Vector, bad map[int]op.Rejection) error {
	if len(r.index) < rows {
		r.index = make([]uint64, rows)
		for i := range r.index {
			r.index[i] = r.split.Index
		}
	}
	// The number of a row in its file is also its place in the order: one slice serves both.
	record := r.first + at + 1
	number := make([]int64, rows)
	for i := range number {
		number[i] = record + int64(i)
	}
	ord := unsafe.Slice((*uint64)(unsafe.Pointer(unsafe.SliceData(number))), rows)
	b := &batch.Batch{Row: r.cfg.Out, N: rows, Cols: cols, Ord: [][]uint64{r.index[:rows:rows], ord},
		Origin: &batch.Origin{File: r.piece.Path, Record: number}}
	if len(bad) > 0 {
		sel := make([]uint32, 0, rows)
		for i := range rows {
			why, isBad := bad[i]
			if !isBad {
				sel = append(sel, uint32(i))
				continue
			}
			why.File, why.Record = r.piece.Path, record+int64(i)
			if err := r.out.Reject(why); err != nil {
				return err
			}
		}
		if len(sel) == 0 {
			return nil
		}
		b = b.Select(sel)
	}
	return r.out.Emit(b)
}

// rest is what is left of the split.
func (r *reader) rest(p piece) (op.Split, error) {
	data, err := json.Marshal(p)
	left := 0.0
	if p.Group < p.To {
		left = r.bound.weight(piece{From: p.Group, To: p.To})
	}
	return op.Split{Index: r.split.Index, Weight: left, Data: data}, err
}
