package staging

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
)

var row = types.Row{{Name: "i", Type: types.Of(types.Int)}, {Name: "s", Type: types.Of(types.String)}}

// block makes a batch of n rows that can be told by its number.
func block(number, n int) *batch.Batch {
	i, s := batch.NewBuilder(row[0].Type, n), batch.NewBuilder(row[1].Type, n)
	for k := range n {
		i.Int(int64(number*1000 + k))
		s.String(fmt.Sprint("block ", number))
	}
	return &batch.Batch{Row: row, N: n, Cols: []*batch.Vector{i.Done(), s.Done()}}
}

func isBlock(b *batch.Batch, number, n int) bool {
	if b.N != n {
		return false
	}
	for k := range n {
		if b.Cols[0].Int(k) != int64(number*1000+k) || string(b.Cols[1].Bytes(k)) != fmt.Sprint("block ", number) {
			return false
		}
	}
	return true
}

// TestArea: whatever the limit, what is put is what is got, by any number of readers, and the folder stays empty.
func TestArea(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "weir-test-*")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		limit := rapid.SampledFrom([]int64{0, 3000, 10000, 1 << 30}).Draw(t, "limit")
		a := New(dir, limit)
		sizes := rapid.SliceOfN(rapid.IntRange(0, 60), 1, 20).Draw(t, "sizes")
		for number, n := range sizes {
			if err := a.Put(fmt.Sprint(number), block(number, n)); err != nil {
				t.Fatal(err)
			}
		}
		order := rapid.SliceOfN(rapid.IntRange(0, len(sizes)-1), 0, 60).Draw(t, "order")
		var wg sync.WaitGroup
		errs := make([]error, 4)
		for r := range errs {
			wg.Go(func() {
				for k := range order {
					number := order[(k+r*7)%len(order)]
					b, err := a.Get(fmt.Sprint(number))
					if err != nil || !isBlock(b, number, sizes[number]) {
						errs[r] = fmt.Errorf("block %d: %v", number, err)
					}
				}
			})
		}
		wg.Wait()
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
		a.mu.Lock()
		if most := limit + a.cache() + 8000; a.held > most { // one batch more than there is room for
			t.Fatalf("%d bytes are held, %d allowed", a.held, limit)
		}
		a.mu.Unlock()
		if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
			t.Fatal("the temporary file has a name", err)
		}
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestAreaErrors(t *testing.T) {
	a := New(t.TempDir(), 1<<20)
	if err := a.Put("x", block(1, 1)); err != nil {
		t.Fatal(err)
	}
	if err := a.Put("x", block(1, 1)); err == nil {
		t.Error("a key was used twice")
	}
	if _, err := a.Get("y"); err == nil {
		t.Error("a key that is not there")
	}
	var v []int
	if err := a.GetMeta("m", &v); err == nil {
		t.Error("a value that is not there")
	}
	if err := errors.Join(a.PutMeta("m", []int{1, 2}), a.GetMeta("m", &v)); err != nil || len(v) != 2 {
		t.Error(v, err)
	}
	if err := errors.Join(a.Close(), a.Close()); err != nil {
		t.Error(err)
	}
}

// TestFileErrors: a folder that cannot be written, a full disk and damage are errors that say what to do.
func TestFileErrors(t *testing.T) {
	check := func(err error, code string) {
		t.Helper()
		var e *op.Error
		if !errors.As(err, &e) || e.Code != code || e.Hint == "" {
			t.Errorf("got %v", err)
		}
	}
	_, err := NewFile("/nope").Append(block(1, 1))
	check(err, codeTemp)
	check(New("/nope", 0).Put("x", block(1, 1)), codeTemp)

	f := NewFile(t.TempDir())
	region, err := f.Append(block(1, 10))
	if err != nil {
		t.Fatal(err)
	}
	if b, err := f.Read(region); err != nil || !isBlock(b, 1, 10) {
		t.Fatal(err)
	}
	if err := f.Reset(); err != nil {
		t.Fatal(err)
	}
	if s, err := f.f.Stat(); err != nil || s.Size() != 0 {
		t.Error(s.Size(), err)
	}
	if region, err = f.Append(block(1, 10)); err != nil || region.Off != 0 {
		t.Error(region, err)
	}
	if _, err := f.f.WriteAt([]byte{99}, int64(region.N-1)); err != nil {
		t.Fatal(err)
	}
	_, err = f.Read(region)
	check(err, codeDamaged)
	if f.f.Close(); err == nil {
		t.Fatal("damage is not found")
	}
	if f.f, err = os.OpenFile("/dev/full", os.O_RDWR, 0); err != nil {
		t.Fatal(err)
	}
	_, err = f.Append(block(2, 10))
	check(err, codeTemp)
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = f.Read(region)
	check(err, codeTemp)
}
