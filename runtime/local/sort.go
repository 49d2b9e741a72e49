package local

import (
	"bytes"
	"cmp"
	"container/heap"
	"slices"

	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/staging"
)

// chunkRows is the rows of a batch that a sorted sequence is given out in; mergeRuns how many sorted runs are merged at
// once.
const (
	chunkRows = 1024
	mergeRuns = 64
)

// sortLane gives rows in the order of their ordinals. Rows with equal ordinals, or without any, come in the order of
// their values, so that the order depends on the rows alone. It is an external merge sort: what exceeds the limit
// becomes sorted runs in a file.
type sortLane struct {
	row   types.Row
	limit int64
	dir   string

	rows  []*batch.Batch
	bytes int64
	file  *staging.File // of runs
	runs  [][]staging.Region
}

func (l *sortLane) add(m message, _ bool, _ func(*batch.Batch) error) error {
	if m.kind != dataMessage {
		return nil
	}
	b := m.batch.Own()
	l.rows = append(l.rows, b)
	l.bytes += int64(b.Bytes()) + 16*int64(b.N) // a place each
	if l.bytes < l.limit {
		return nil
	}
	return l.spill()
}

// spill turns the rows in memory into a run.
func (l *sortLane) spill() error {
	if l.file == nil {
		l.file = staging.NewFile(l.dir)
	}
	run, err := l.write(l.file, func(emit func(*batch.Batch) error) error { return sorted(l.row, l.rows, emit) })
	if err != nil {
		return err
	}
	l.rows, l.bytes = nil, 0
	if l.runs = append(l.runs, run); len(l.runs) < mergeRuns {
		return nil
	}
	// Too many to be merged at once: make one of them, in a new file, since the old one cannot give space back.
	old, runs := l.file, l.runs
	l.file = staging.NewFile(l.dir)
	run, err = l.write(l.file, func(emit func(*batch.Batch) error) error { return merge(l.row, old, runs, nil, emit) })
	if err != nil {
		return err
	}
	l.runs = [][]staging.Region{run}
	return old.Close()
}

func (l *sortLane) write(f *staging.File, give func(emit func(*batch.Batch) error) error) (run []staging.Region, err error) {
	err = give(func(b *batch.Batch) error {
		r, err := f.Append(b)
		run = append(run, r)
		return err
	})
	return run, err
}

func (l *sortLane) finish(emit func(*batch.Batch) error) error {
	if len(l.runs) == 0 {
		return sorted(l.row, l.rows, emit)
	}
	var last []*batch.Batch
	err := sorted(l.row, l.rows, func(b *batch.Batch) error { last = append(last, b); return nil })
	if err != nil {
		return err
	}
	l.rows = nil
	return merge(l.row, l.file, l.runs, last, emit)
}

func (l *sortLane) close() error {
	l.rows = nil
	if l.file == nil {
		return nil
	}
	return l.file.Close()
}

// place is a row of one of several batches.
type place struct {
	b   *batch.Batch
	row int
}

// compare orders two rows: by ordinals, those without any first, then by values.
func compare(a, b place) int {
	for level := range min(len(a.b.Ord), len(b.b.Ord)) {
		if c := cmp.Compare(a.b.Ord[level][a.row], b.b.Ord[level][b.row]); c != 0 {
			return c
		}
	}
	if c := cmp.Compare(len(a.b.Ord), len(b.b.Ord)); c != 0 {
		return c
	}
	for i := range a.b.Cols {
		var x, y [64]byte
		if c := bytes.Compare(batch.AppendKey(x[:0], a.b.Cols[i], a.row), batch.AppendKey(y[:0], b.b.Cols[i], b.row)); c != 0 {
			return c
		}
	}
	return 0
}

// sorted gives the rows of batches without selections in order.
func sorted(row types.Row, from []*batch.Batch, emit func(*batch.Batch) error) error {
	var all []place
	for _, b := range from {
		for i := range b.N {
			all = append(all, place{b, i})
		}
	}
	slices.SortFunc(all, compare)
	for len(all) > 0 {
		n := 1
		for n < min(len(all), chunkRows) && sameLevels(all[n], all[0]) {
			n++
		}
		if err := emit(collect(row, all[:n])); err != nil {
			return err
		}
		all = all[n:]
	}
	return nil
}

// sameLevels reports whether two rows can be in one batch.
func sameLevels(a, b place) bool { return len(a.b.Ord) == len(b.b.Ord) }

// collect makes a batch of these rows, which have the same number of levels, in this order.
func collect(row types.Row, places []place) *batch.Batch {
	index := map[*batch.Batch]int{}
	var from []*batch.Batch
	var takes [][]uint32
	for _, p := range places {
		k, is := index[p.b]
		if !is {
			k = len(from)
			index[p.b] = k
			from, takes = append(from, p.b), append(takes, nil)
		}
		takes[k] = append(takes[k], uint32(p.row))
	}
	starts := make([]uint32, len(from))
	total := uint32(0)
	for k, b := range from {
		starts[k] = total
		total += uint32(len(takes[k]))
		from[k] = b.Take(takes[k])
	}
	if len(from) == 1 {
		return from[0]
	}
	idx := make([]uint32, len(places))
	for i, p := range places {
		k := index[p.b]
		idx[i] = starts[k]
		starts[k]++
	}
	return batch.Concat(row, from).Take(idx)
}

// cursor stands at a row of a sorted run.
type cursor struct {
	place
	next func() (*batch.Batch, error) // nil at the end
}

// advance goes to the next row; false at the end.
func (c *cursor) advance() (bool, error) {
	if c.b != nil && c.row+1 < c.b.N {
		c.row++
		return true, nil
	}
	b, err := c.next()
	if err != nil || b == nil {
		return false, err
	}
	c.place = place{b, 0}
	return true, nil
}

// cursors is a heap of them.
type cursors []*cursor

func (c cursors) Len() int           { return len(c) }
func (c cursors) Less(i, j int) bool { return compare(c[i].place, c[j].place) < 0 }
func (c cursors) Swap(i, j int)      { c[i], c[j] = c[j], c[i] }
func (c *cursors) Push(x any)        { *c = append(*c, x.(*cursor)) }
func (c *cursors) Pop() any {
	old := *c
	x := old[len(old)-1]
	*c = old[:len(old)-1]
	return x
}

// merge gives the rows of sorted runs, in a file and in memory, in order.
func merge(row types.Row, f *staging.File, runs [][]staging.Region, last []*batch.Batch, emit func(*batch.Batch) error) error {
	var open cursors
	add := func(next func() (*batch.Batch, error)) error {
		c := &cursor{next: next}
		more, err := c.advance()
		if more {
			open = append(open, c)
		}
		return err
	}
	for _, run := range runs {
		if err := add(func() (*batch.Batch, error) {
			if len(run) == 0 {
				return nil, nil
			}
			b, err := f.Read(run[0])
			run = run[1:]
			return b, err
		}); err != nil {
			return err
		}
	}
	if err := add(func() (*batch.Batch, error) {
		if len(last) == 0 {
			return nil, nil
		}
		b := last[0]
		last = last[1:]
		return b, nil
	}); err != nil {
		return err
	}
	heap.Init(&open)
	chunk := make([]place, 0, chunkRows)
	for len(open) > 0 {
		c := open[0]
		chunk = append(chunk, c.place)
		more, err := c.advance()
		switch {
		case err != nil:
			return err
		case more:
			heap.Fix(&open, 0)
		default:
			heap.Pop(&open)
		}
		if len(chunk) == chunkRows || len(open) == 0 || !sameLevels(open[0].place, chunk[0]) {
			if err := emit(collect(row, chunk)); err != nil {
				return err
			}
			chunk = chunk[:0]
		}
	}
	return nil
}
