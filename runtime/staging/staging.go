// Package staging keeps batches for later: under keys, in memory up to a limit and in a temporary file beyond it.
package staging

import (
	"bytes"
	"container/list"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"

	"weir/runtime/batch"
	"weir/runtime/op"
)

// Area is the staging area of one run. Its methods may be called from any goroutine.
type Area struct {
	file *File

	mu    sync.Mutex
	limit int64
	held  int64 // bytes of the batches in memory
	items map[string]*item
	// recent has the items that are in memory and in the file, too, the one that was asked for last in front: the
	// others are dropped when memory is short.
	recent *list.List
	meta   map[string][]byte
}

// item is a batch under its key.
type item struct {
	b      *batch.Batch // nil where only the file has it
	bytes  int64
	spilt  bool
	region Region
	recent *list.Element
	// restored: it comes from a checkpoint, and who put it may do so again.
	restored bool
}

var _ op.Staging = (*Area)(nil)

// New makes an area that holds at most limit bytes in memory; what is more goes into a temporary file in dir ("" for
// the system's).
func New(dir string, limit int64) *Area {
	return &Area{file: NewFile(dir), limit: limit, items: map[string]*item{}, recent: list.New(), meta: map[string][]byte{}}
}

// Put keeps a batch under a key that is not in use.
func (a *Area) Put(key string, b *batch.Batch) error {
	b = b.Own()
	it := &item{b: b, bytes: int64(b.Bytes())}
	a.mu.Lock()
	if old := a.items[key]; old != nil && !old.restored {
		a.mu.Unlock()
		return fmt.Errorf("the staging area has a batch `%s` already", key)
	} else if old != nil && old.b != nil { // the run is taken up from before it was put
		a.held -= old.bytes
		if old.recent != nil {
			a.recent.Remove(old.recent)
		}
	}
	a.items[key] = it
	fits := a.held+it.bytes <= a.limit
	if fits {
		a.held += it.bytes
	}
	a.mu.Unlock()
	if fits {
		return nil
	}
	region, err := a.file.Append(b)
	a.mu.Lock()
	defer a.mu.Unlock()
	if err != nil {
		delete(a.items, key)
		return err
	}
	it.spilt, it.region, it.b = true, region, nil
	return nil
}

// Get gives the batch of a key. It stays in memory for a while where it had to be read.
func (a *Area) Get(key string) (*batch.Batch, error) {
	a.mu.Lock()
	it := a.items[key]
	if it == nil {
		a.mu.Unlock()
		return nil, fmt.Errorf("the staging area has no batch `%s`", key)
	}
	if it.b != nil {
		if it.recent != nil {
			a.recent.MoveToFront(it.recent)
		}
		defer a.mu.Unlock()
		return it.b, nil
	}
	region := it.region
	a.mu.Unlock()
	b, err := a.file.Read(region)
	if err != nil {
		return nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if it.b != nil { // somebody else was faster
		return it.b, nil
	}
	it.b, it.recent = b, a.recent.PushFront(it)
	a.held += it.bytes
	for a.held > a.limit+a.cache() && a.recent.Len() > 1 {
		last := a.recent.Remove(a.recent.Back()).(*item)
		last.b, last.recent = nil, nil
		a.held -= last.bytes
	}
	return b, nil
}

// cache is how much the batches that were read back may take beyond the limit, which those that were there first have
// filled.
func (a *Area) cache() int64 { return a.limit / 4 }

// PutMeta keeps a value, as JSON, under a key of its own kind.
func (a *Area) PutMeta(key string, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.meta[key] = data
	return nil
}

// GetMeta reads a value that PutMeta kept.
func (a *Area) GetMeta(key string, v any) error {
	a.mu.Lock()
	data, is := a.meta[key]
	a.mu.Unlock()
	if !is {
		return fmt.Errorf("the staging area has no value `%s`", key)
	}
	return json.Unmarshal(data, v)
}

// Keeper takes blocks that are to outlive the process: a checkpoint.
type Keeper interface {
	// Stage takes a block under its key, unless it has it already.
	Stage(key string, open func() (io.ReadCloser, error)) error
}

// Persist gives all blocks, as frames, to k. What comes back is the values of PutMeta, for RestoreMeta.
func (a *Area) Persist(k Keeper) ([]byte, error) {
	a.mu.Lock()
	keys := slices.Sorted(maps.Keys(a.items))
	meta, err := json.Marshal(a.meta)
	a.mu.Unlock()
	if err != nil {
		return nil, err
	}
	for _, key := range keys {
		err := k.Stage(key, func() (io.ReadCloser, error) {
			b, err := a.Get(key)
			if err != nil {
				return nil, err
			}
			frame, err := batch.AppendFrame(nil, b)
			return io.NopCloser(bytes.NewReader(frame)), err
		})
		if err != nil {
			return nil, err
		}
	}
	return meta, nil
}

// Restore puts a block that Persist gave. It may be put once more, by who did so before.
func (a *Area) Restore(key string, frame []byte) error {
	b, _, err := batch.DecodeFrame(frame)
	if err != nil {
		return err
	}
	if err := a.Put(key, b); err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.items[key].restored = true
	return nil
}

// RestoreMeta brings back the values of PutMeta.
func (a *Area) RestoreMeta(data []byte) error {
	if len(data) == 0 {
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return json.Unmarshal(data, &a.meta)
}

// Close drops everything.
func (a *Area) Close() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.items, a.recent, a.meta, a.held = map[string]*item{}, list.New(), map[string][]byte{}, 0
	return a.file.Close()
}
