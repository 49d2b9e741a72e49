package gather

import (
	"bytes"
	"cmp"
	"container/heap"
	"errors"
	"fmt"
	"slices"

	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
	"weir/runtime/staging"
)

// chunkRows is the rows of a batch that a sorted sequence is given out in; mergeRuns how many sorted runs are merged at
// once.
const (
	chunkRows = 4096
	mergeRuns = 64
)

// sortLane gives rows in the order of their ordinals. Rows with equal ordinals, or without any, come in the order of
// their values, so that the order depends on the rows alone. It is an external merge sort: what exceeds the limit
// becomes sorted runs in a file.
type sortLane struct {
	row   types.Row
	limit int64
	dir   string

	name  string
	rows  []*batch.Batch
	mixed bool // the rows do not come in order
	bytes int64
	runs  []*sortedRun
	made  int // runs so far, for their names
}

// sortedRun is a file of sorted rows.
type sortedRun struct {
	Name    string           `json:"name"`
	Regions []staging.Region `json:"regions"`
	file    *staging.File
}

func (l *sortLane) add(m message, _ bool, _ func(*batch.Batch) error) error {
	if m.rows == nil {
		return nil
	}
	if b := m.rows.Own(); b.N > 0 {
		l.hold(b)
	}
	if l.bytes < l.limit {
		return nil
	}
	return l.spill()
}

// hold keeps rows in memory. What comes in order already, as from one task that has seen all rows, is not sorted.
func (l *sortLane) hold(b *batch.Batch) {
	if !l.mixed {
		l.mixed = !rises(b)
		if n := len(l.rows); n > 0 && !l.mixed {
			last := l.rows[n-1]
			l.mixed = compare(place{last, last.N - 1}, place{b, 0}) > 0
		}
	}
	l.rows = append(l.rows, b)
	l.bytes += int64(b.Bytes()) + 16*int64(b.N) // a place each
}

// inMemory gives the rows in memory in order.
func (l *sortLane) inMemory(emit func(*batch.Batch) error) error {
	if l.mixed {
		return sorted(l.row, l.rows, emit)
	}
	for _, b := range l.rows {
		if err := inChunks(b, 0, emit); err != nil {
			return err
		}
	}
	return nil
}

// rises reports whether the rows of a batch stand in order.
func rises(b *batch.Batch) bool {
	if len(b.Ord) == 0 {
		return b.N < 2
	}
	first := b.Ord[0]
	for i := 1; i < b.N; i++ {
		switch x, y := first[i-1], first[i]; {
		case x > y || x == y && compare(place{b, i - 1}, place{b, i}) > 0:
			return false
		}
	}
	return true
}

// inChunks gives the rows of a batch without a selection from one on, in batches of at most chunkRows.
func inChunks(b *batch.Batch, from int, emit func(*batch.Batch) error) error {
	if from == 0 && b.N <= chunkRows {
		return emit(b)
	}
	for from < b.N {
		to := min(b.N, from+chunkRows)
		if err := emit(b.Slice(from, to)); err != nil {
			return err
		}
		from = to
	}
	return nil
}

// spill turns the rows in memory into a run.
func (l *sortLane) spill() error {
	if err := l.write(l.inMemory); err != nil {
		return err
	}
	l.rows, l.mixed, l.bytes = nil, false, 0
	if len(l.runs) < mergeRuns {
		return nil
	}
	// Too many to be merged at once: make one of them.
	old := l.runs
	l.runs = nil
	err := l.write(func(emit func(*batch.Batch) error) error { return merge(l.row, old, nil, emit) })
	for _, r := range old {
		err = errors.Join(err, r.file.Close())
	}
	return err
}

// write makes a run of what give gives.
func (l *sortLane) write(give func(emit func(*batch.Batch) error) error) error {
	l.made++
	r := &sortedRun{Name: fmt.Sprintf("%s-%d", l.name, l.made), file: staging.NewFile(l.dir)}
	l.runs = append(l.runs, r)
	return give(func(b *batch.Batch) error {
		region, err := r.file.Append(b)
		r.Regions = append(r.Regions, region)
		return err
	})
}

func (l *sortLane) finish(emit func(*batch.Batch) error) error {
	if len(l.runs) == 0 {
		return l.inMemory(emit)
	}
	var last []*batch.Batch
	err := l.inMemory(func(b *batch.Batch) error { last = append(last, b); return nil })
	if err != nil {
		return err
	}
	l.rows = nil
	return merge(l.row, l.runs, last, emit)
}

func (l *sortLane) snapshot(w op.SnapshotWriter) error {
	h := waiting{Lane: l.name, Next: uint64(l.made)}
	for _, r := range l.runs {
		h.Runs = append(h.Runs, *r)
		if path := r.file.Path(); path != "" {
			if err := w.File(r.Name, path); err != nil {
				return err
			}
		}
	}
	for _, b := range l.rows {
		if err := writeWaiting(w, waiting{Lane: l.name}, b); err != nil {
			return err
		}
	}
	return writeWaiting(w, h, nil)
}

func (l *sortLane) restore(h waiting, b *batch.Batch, files map[string]string) error {
	if b != nil {
		if b.N > 0 {
			l.hold(b)
		}
		return nil
	}
	l.made = int(h.Next)
	for _, r := range h.Runs {
		r.file = staging.NewFile(l.dir)
		if path := files[r.Name]; path != "" {
			var err error
			if r.file, err = staging.OpenFile(path); err != nil {
				return err
			}
		}
		l.runs = append(l.runs, &r)
	}
	return nil
}

func (l *sortLane) close() error {
	l.rows = nil
	var errs []error
	for _, r := range l.runs {
		errs = append(errs, r.file.Close())
	}
	return errors.Join(errs...)
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
	of := make([]uint32, len(places)) // the batch of each
	last := 0                         // the one of the row before
	for i, p := range places {
		if len(from) == 0 || p.b != from[last] {
			k, is := index[p.b]
			if !is {
				k = len(from)
				index[p.b] = k
				from, takes = append(from, p.b), append(takes, nil)
			}
			last = k
		}
		of[i] = uint32(last)
		takes[last] = append(takes[last], uint32(p.row))
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
	for i, k := range of {
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

// beforeOthers reports whether a row stands before all at which other cursors stand.
func beforeOthers(p place, open cursors) bool {
	for i := 1; i < min(len(open), 3); i++ { // the second one of a heap is below its top
		if compare(p, open[i].place) > 0 {
			return false
		}
	}
	return true
}

// merge gives the rows of sorted runs, in a file and in memory, in order.
func merge(row types.Row, runs []*sortedRun, last []*batch.Batch, emit func(*batch.Batch) error) error {
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
		next := 0
		if err := add(func() (*batch.Batch, error) {
			if next == len(run.Regions) {
				return nil, nil
			}
			next++
			return run.file.Read(run.Regions[next-1])
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
		whole := c.row == 0 && beforeOthers(place{c.b, c.b.N - 1}, open)
		if whole {
			if len(chunk) > 0 {
				if err := emit(collect(row, chunk)); err != nil {
					return err
				}
				chunk = chunk[:0]
			}
			if err := inChunks(c.b, 0, emit); err != nil {
				return err
			}
			c.row = c.b.N - 1
		} else {
			chunk = append(chunk, c.place)
		}
		more, err := c.advance()
		switch {
		case err != nil:
			return err
		case more:
			heap.Fix(&open, 0)
		default:
			heap.Pop(&open)
		}
		if len(chunk) > 0 && (len(chunk) == chunkRows || len(open) == 0 || !sameLevels(open[0].place, chunk[0])) {
			if err := emit(collect(row, chunk)); err != nil {
				return err
			}
			chunk = chunk[:0]
		}
	}
	return nil
}
