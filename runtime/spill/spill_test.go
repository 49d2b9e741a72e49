package spill

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
	"weir/runtime/op/optest"
)

var row = types.Row{
	{Name: "k", Type: types.Of(types.Int)},
	{Name: "s", Type: types.Of(types.String).OrNull()},
	{Name: "l", Type: types.ListOf(types.Of(types.Float))},
	{Name: "r", Type: types.RecordOf(types.Field{Name: "b", Type: types.Of(types.Bool).OrNull()}).OrNull()},
}

// draw draws a batch; some columns are dictionaries.
func draw(t *rapid.T, n, levels int) *batch.Batch {
	b := &batch.Batch{Row: row, N: n}
	for c, f := range row {
		x := batch.NewBuilder(f.Type, n)
		m := n
		dict := n > 0 && rapid.IntRange(0, 3).Draw(t, "dictionary") == 0
		if dict {
			m = rapid.IntRange(1, n).Draw(t, "entries")
		}
		for range m {
			null := rapid.IntRange(0, 4).Draw(t, "null") == 0
			switch c {
			case 0:
				x.Any(rapid.Int64Range(0, 9).Draw(t, "k"))
			case 1:
				x.Any(rapid.SampledFrom([]any{nil, "", "a", "long " + strings.Repeat("x", 40)}).Draw(t, "s"))
			case 2:
				var l []any
				for range rapid.IntRange(0, 3).Draw(t, "len") {
					l = append(l, 0.5)
				}
				x.Any(append([]any{}, l...))
			case 3:
				if null {
					x.Any(nil)
				} else {
					x.Any([]any{rapid.SampledFrom([]any{nil, true, false}).Draw(t, "b")})
				}
			}
		}
		v := x.Done()
		if dict {
			idx := make([]uint32, n)
			for i := range idx {
				idx[i] = uint32(rapid.IntRange(0, m-1).Draw(t, "entry"))
			}
			v = &batch.Vector{Type: f.Type, N: n, Dict: v, Idx: idx}
		}
		b.Cols = append(b.Cols, v)
	}
	for range levels {
		level := make([]uint64, n)
		for i := range level {
			level[i] = rapid.Uint64Range(0, 5).Draw(t, "ordinal")
		}
		b.Ord = append(b.Ord, level)
	}
	return b
}

// text writes rows, one a line; levels pads ordinals.
func text(b *batch.Batch, i, levels int) string {
	var s strings.Builder
	for _, c := range b.Cols {
		fmt.Fprintf(&s, "%v|", c.Value(i))
	}
	for level := range levels {
		x := uint64(0)
		if level < len(b.Ord) {
			x = b.Ord[level][i]
		}
		fmt.Fprintf(&s, "%d|", x)
	}
	return s.String()
}

func texts(levels int, bs ...*batch.Batch) []string {
	var out []string
	for _, b := range bs {
		for i := range b.Len() {
			out = append(out, text(b, b.Pos(i), levels))
		}
	}
	return out
}

func read(t interface{ Fatal(...any) }, s Sequence) []*batch.Batch {
	var out []*batch.Batch
	for {
		b, err := s.Next()
		if err != nil {
			t.Fatal(err)
		}
		if b == nil {
			return out
		}
		out = append(out, b)
	}
}

func equal(t *rapid.T, what string, got, want []string) {
	if !slices.Equal(got, want) {
		t.Fatalf("%s: got\n%s\nwant\n%s", what, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func byKey(a *batch.Batch, i int, b *batch.Batch, j int) int {
	return cmp.Compare(a.Cols[0].Int(i), b.Cols[0].Int(j))
}

// sorted makes sorted batches of at most three rows.
func sorted(bs ...*batch.Batch) []*batch.Batch {
	all := Concat(row, bs)
	idx := make([]uint32, all.N)
	for i := range idx {
		idx[i] = uint32(i)
	}
	slices.SortStableFunc(idx, func(a, b uint32) int { return byKey(all, int(a), all, int(b)) })
	var out []*batch.Batch
	for part := range slices.Chunk(idx, 3) {
		out = append(out, all.Take(part))
	}
	return out
}

// TestFile: what was appended comes back, with a selection or without, to several readers.
func TestFile(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		f, err := Create(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		var want []string
		var ranges []Sequence
		for range rapid.IntRange(0, 5).Draw(rt, "batches") {
			b := draw(rt, rapid.IntRange(0, 8).Draw(rt, "rows"), 1)
			if b.N > 0 && rapid.Bool().Draw(rt, "selection") {
				b = b.Select([]uint32{uint32(b.N - 1)})
			}
			want = append(want, texts(1, b)...)
			from := f.Size()
			if err := f.Append(b); err != nil {
				t.Fatal(err)
			}
			if rapid.Bool().Draw(rt, "written out") {
				if err := f.Finish(); err != nil {
					t.Fatal(err)
				}
			}
			ranges = append(ranges, f.ReadRange(from, f.Size()))
		}
		if err := f.Finish(); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			equal(rt, "file", texts(1, read(t, f.Read())...), want)
		}
		equal(rt, "ranges", texts(1, read(t, Chain(ranges...))...), want)
		again, err := Open(f.Path())
		if err != nil {
			t.Fatal(err)
		}
		defer again.Close()
		equal(rt, "opened", texts(1, read(t, again.Read())...), want)
	})
}

// TestLarge: a batch beyond the size of a frame is cut, and a batch that is a small part of a large buffer is not.
func TestLarge(t *testing.T) {
	c := batch.NewBuilder(types.Of(types.String), 0)
	for range 40 {
		c.String(strings.Repeat("x", 1<<20))
	}
	b := &batch.Batch{Row: types.Row{{Name: "s", Type: types.Of(types.String)}}, N: 40, Cols: []*batch.Vector{c.Done()}}
	for _, x := range []struct {
		b           *batch.Batch
		rows, parts int
	}{{b, 40, 4}, {b.Select([]uint32{1, 2, 3}), 3, 1}} {
		f, err := Create(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(f.Append(x.b), f.Finish()); err != nil {
			t.Fatal(err)
		}
		parts := read(t, f.Read())
		rows := 0
		for _, p := range parts {
			rows += p.N
		}
		if rows != x.rows || len(parts) != x.parts {
			t.Errorf("%d rows in %d batches, want %d in %d", rows, len(parts), x.rows, x.parts)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestGather: rows of several batches in any order, however often.
func TestGather(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var from []*batch.Batch
		levels := 0
		for range rapid.IntRange(1, 4).Draw(rt, "batches") {
			n := rapid.IntRange(0, 2).Draw(rt, "levels")
			levels = max(levels, n)
			from = append(from, draw(rt, rapid.IntRange(1, 5).Draw(rt, "rows"), n))
		}
		if rapid.Bool().Draw(rt, "shared dictionary") {
			for _, b := range from {
				b.Cols[1] = &batch.Vector{Type: row[1].Type, N: b.N, Dict: from[0].Cols[1].Flat(), Idx: make([]uint32, b.N)}
			}
		}
		var at []Place
		var want []string
		for range rapid.IntRange(0, 9).Draw(rt, "places") {
			k := rapid.IntRange(0, len(from)-1).Draw(rt, "batch")
			p := Place{uint32(k), uint32(rapid.IntRange(0, from[k].N-1).Draw(rt, "row"))}
			at = append(at, p)
			want = append(want, text(from[k], int(p.Row), levels))
		}
		got := Gather(row, from, at)
		equal(rt, "gather", texts(levels, got), want)
		equal(rt, "concat", texts(levels, Concat(row, from)), texts(levels, from...))
		size := int64(0)
		for i := range got.N {
			size += NewSizer([]*batch.Batch{got}).Row(Place{0, uint32(i)})
		}
		if got.N > 0 && (size < int64(got.N)*28 || size > 4*int64(got.Bytes())+int64(64*got.N)) {
			rt.Fatalf("%d rows of %d bytes are taken for %d", got.N, got.Bytes(), size)
		}
	})
}

// TestRuns: as a stable sort of all that was written, over several levels and a snapshot in between; without an order, all as it came.
func TestRuns(t *testing.T) {
	if testing.Short() {
		rapid.Check(t, func(rt *rapid.T) { testRuns(t, rt, 40) })
		return
	}
	rapid.Check(t, func(rt *rapid.T) { testRuns(t, rt, 200) })
}

func testRuns(t *testing.T, rt *rapid.T, most int) {
	o := Options{Dir: t.TempDir(), Row: row, Memory: 1000}
	ordered := rapid.Bool().Draw(rt, "ordered")
	if ordered {
		o.Compare = byKey
	}
	r := NewRuns(o)
	var came []*batch.Batch
	write := func(n int) {
		for range n {
			b := draw(rt, rapid.IntRange(1, 3).Draw(rt, "rows"), 1)
			came = append(came, b)
			give := []*batch.Batch{b}
			if ordered {
				give = sorted(b)
			}
			if err := r.Write(InMemory(give)); err != nil {
				t.Fatal(err)
			}
		}
	}
	write(rapid.IntRange(0, most).Draw(rt, "before"))
	if rapid.Bool().Draw(rt, "snapshot") {
		state := &optest.State{Dir: t.TempDir()}
		r.Snapshot("x-", state)
		if err := r.Drop(); err != nil { // the snapshot holds the files
			t.Fatal(err)
		}
		if err := state.Finish(); err != nil {
			t.Fatal(err)
		}
		r = NewRuns(o)
		if err := r.Restore("x-", state); err != nil {
			t.Fatal(err)
		}
	}
	write(rapid.IntRange(0, most).Draw(rt, "after"))
	open := 0
	for _, level := range r.levels {
		if open += len(level); len(level) >= Fan {
			rt.Fatalf("%d runs in a level", len(level))
		}
	}
	var got, want []string
	if ordered {
		last := draw(rt, 3, 1)
		want = texts(1, sorted(append(came, last)...)...)
		if err := r.Merge(InMemory(sorted(last)), func(b *batch.Batch) error { got = append(got, texts(1, b)...); return nil }); err != nil {
			t.Fatal(err)
		}
	} else {
		got, want = texts(1, read(t, r.Read())...), texts(1, came...)
	}
	equal(rt, "runs", got, want)
	if err := r.Drop(); err != nil || !r.Empty() {
		t.Fatal(err)
	}
}

// TestParts: every row is in its part, in order.
func TestParts(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(1, 4).Draw(rt, "parts")
		p, err := NewParts(t.TempDir(), row, n, int64(rapid.SampledFrom([]int{0, 300, 1 << 20}).Draw(rt, "memory")))
		if err != nil {
			t.Fatal(err)
		}
		want := make([][]string, n)
		for range rapid.IntRange(0, 6).Draw(rt, "batches") {
			b := draw(rt, rapid.IntRange(0, 6).Draw(rt, "rows"), 1)
			for i := range b.N {
				k := int(b.Cols[0].Int(i)) % n
				want[k] = append(want[k], text(b, i, 1))
			}
			if err := p.Add(b, func(i int) int { return int(b.Cols[0].Int(i)) % n }); err != nil {
				t.Fatal(err)
			}
		}
		files, err := p.Files()
		if err != nil {
			t.Fatal(err)
		}
		for k, f := range files {
			equal(rt, "part", texts(1, read(t, f.Read())...), want[k])
			f.Close()
		}
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

// TestNothingLeft: files have no names, or lose them when they are closed.
func TestNothingLeft(t *testing.T) {
	dir := t.TempDir()
	f, err := Create(dir)
	if err != nil {
		t.Fatal(err)
	}
	f.Hold()
	if err := errors.Join(f.Append(&batch.Batch{N: 3}), f.Finish(), f.Close()); err != nil {
		t.Fatal(err)
	}
	if got := read(t, f.Read()); len(got) != 1 || got[0].N != 3 {
		t.Error("a file that is held is closed")
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left %v, %v", left, err)
	}
}

// TestFailures: what the disk refuses, or gives back changed, is an error with a code, a place and a hint.
func TestFailures(t *testing.T) {
	check := func(what, code string, err error) {
		t.Helper()
		var e *op.Error
		if !errors.As(err, &e) || e.Code != code || e.Hint == "" {
			t.Errorf("%s: %v", what, err)
		}
	}
	_, err := Create("/no/such/folder")
	check("folder", codeTemp, err)
	_, err = Open("/no/such/file")
	check("open", codeTemp, err)
	b := &batch.Batch{Row: row[:1], N: 2, Cols: []*batch.Vector{{Type: row[0].Type, N: 2, Ints: []int64{1, 2}}}}
	if full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0); err == nil {
		f := &File{dir: "/tmp", f: full}
		if err := f.Append(b); err != nil {
			t.Fatal(err)
		}
		err := f.Finish()
		check("full", codeTemp, err)
		if !strings.Contains(fmt.Sprint(err), "no space left") {
			t.Error(err)
		}
	}
	f, err := Create(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := errors.Join(f.Append(b), f.Finish()); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(f.Path())
	if err != nil {
		t.Fatal(err)
	}
	path := t.TempDir() + "/run"
	for i := range whole {
		for _, data := range [][]byte{whole[:i], append(append(bytes.Clone(whole[:i]), whole[i]^1), whole[i+1:]...)} {
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
			g, err := Open(path)
			if err != nil {
				t.Fatal(err)
			}
			if i == 0 && len(data) == 0 {
				continue
			}
			_, err = g.Read().Next()
			check(fmt.Sprintf("byte %d", i), codeDamaged, err)
			g.Close()
		}
	}
	for _, name := range []string{"x-run-", "x-run-1", "x-run--1-2-", "x-run-99-1-a"} {
		if NewRuns(Options{}).Restore("x-", &optest.State{FilePaths: map[string]string{name: path}}) == nil {
			t.Errorf("a run %q is taken", name)
		}
	}
}
