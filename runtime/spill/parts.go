package spill

import (
	"errors"

	"weir/compiler/types"
	"weir/runtime/batch"
)

// Parts deals rows out to files, so that each part of them can be held in memory.
type Parts struct {
	row    types.Row
	memory int64
	parts  []part
	held   int64
	rows   [][]uint32 // by part: of the batch at hand
}

type part struct {
	file    *File
	batches []*batch.Batch // not written yet
	bytes   int64
}

// NewParts makes n files in a folder. About so many bytes of memory are used to write larger batches.
func NewParts(dir string, row types.Row, n int, memory int64) (*Parts, error) {
	p := &Parts{row: row, memory: memory, parts: make([]part, n), rows: make([][]uint32, n)}
	for i := range p.parts {
		f, err := Create(dir)
		if err != nil {
			return nil, errors.Join(err, p.Close())
		}
		p.parts[i].file = f
	}
	return p, nil
}

// Add deals out the rows of a batch without a selection; of gives each row's part.
func (p *Parts) Add(b *batch.Batch, of func(row int) int) error {
	for i := range p.rows {
		p.rows[i] = p.rows[i][:0]
	}
	for i := range b.N {
		k := of(i)
		p.rows[k] = append(p.rows[k], uint32(i))
	}
	for k, rows := range p.rows {
		if len(rows) == 0 {
			continue
		}
		x := &p.parts[k]
		some := b.Take(rows).Own()
		n := int64(some.Bytes())
		x.batches, x.bytes, p.held = append(x.batches, some), x.bytes+n, p.held+n
		if x.bytes >= writeBytes || len(x.batches) >= Rows {
			if err := p.write(x); err != nil {
				return err
			}
		}
	}
	for p.held > p.memory {
		most := &p.parts[0]
		for k := range p.parts {
			if p.parts[k].bytes > most.bytes {
				most = &p.parts[k]
			}
		}
		if err := p.write(most); err != nil {
			return err
		}
	}
	return nil
}

func (p *Parts) write(x *part) error {
	b := x.batches[0]
	if len(x.batches) > 1 {
		b = Concat(p.row, x.batches)
	}
	p.held -= x.bytes
	x.batches, x.bytes = nil, 0
	return x.file.Append(b)
}

// Files ends the dealing. The files are the caller's now.
func (p *Parts) Files() ([]*File, error) {
	var out []*File
	for i := range p.parts {
		x := &p.parts[i]
		if len(x.batches) > 0 {
			if err := p.write(x); err != nil {
				return nil, err
			}
		}
		if err := x.file.Finish(); err != nil {
			return nil, err
		}
		out = append(out, x.file)
	}
	p.parts = nil
	return out, nil
}

// Close drops what Files has not given away.
func (p *Parts) Close() error {
	var errs []error
	for _, x := range p.parts {
		if x.file != nil {
			errs = append(errs, x.file.Close())
		}
	}
	p.parts = nil
	return errors.Join(errs...)
}
