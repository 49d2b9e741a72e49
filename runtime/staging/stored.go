package staging

import (
	"container/list"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"sync"

	"weir/runtime/batch"
	"weir/runtime/op"
)

// Stored is a staging area in a folder of a store, for processes on several machines. What is put under a key replaces what is there, so that who puts the
// same again after a failure does no harm. Its methods may be called from any goroutine.
type Stored struct {
	ctx     context.Context
	storage op.Storage
	dir     string
	limit   int64

	mu     sync.Mutex
	held   int64
	items  map[string]*list.Element // of cached
	recent *list.List
}

type cached struct {
	key   string
	b     *batch.Batch
	bytes int64
}

var _ op.Staging = (*Stored)(nil)

// NewStored makes an area in a folder. Batches that were read are kept in memory up to a limit in bytes.
func NewStored(ctx context.Context, s op.Storage, dir string, limit int64) *Stored {
	return &Stored{ctx: ctx, storage: s, dir: dir, limit: limit, items: map[string]*list.Element{}, recent: list.New()}
}

func (a *Stored) path(kind, key string) string { return a.dir + "/" + url.PathEscape(key) + kind }

func (a *Stored) write(path string, data []byte) error {
	return WriteFile(a.ctx, a.storage, path, data)
}

// WriteFile writes a file as a whole.
func WriteFile(ctx context.Context, s op.Storage, path string, data []byte) error {
	f, err := s.Create(ctx, path, op.CreateOptions{Size: int64(len(data))})
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	var token []byte
	if err == nil {
		token, err = f.Prepare()
	}
	if err != nil {
		return errors.Join(err, f.Abort())
	}
	return errors.Join(f.Close(), s.Commit(ctx, token))
}

// ReadFile reads a file whole; one of more than limit bytes is an error.
func ReadFile(ctx context.Context, s op.Storage, path string, limit int64) (data []byte, err error) {
	f, err := s.Open(ctx, path, "")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if data, err = io.ReadAll(io.LimitReader(f, limit+1)); err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("%s has more than %d bytes", path, limit)
	}
	return data, err
}

// Put writes a batch.
func (a *Stored) Put(key string, b *batch.Batch) error {
	frame, err := batch.AppendFrame(nil, b)
	if err != nil {
		return err
	}
	a.mu.Lock()
	if e := a.items[key]; e != nil {
		a.drop(e)
	}
	a.mu.Unlock()
	return a.write(a.path(".batch", key), frame)
}

// Get reads the batch of a key.
func (a *Stored) Get(key string) (*batch.Batch, error) {
	a.mu.Lock()
	if e := a.items[key]; e != nil {
		a.recent.MoveToFront(e)
		defer a.mu.Unlock()
		return e.Value.(*cached).b, nil
	}
	a.mu.Unlock()
	data, err := ReadFile(a.ctx, a.storage, a.path(".batch", key), batch.MaxFrame)
	if err != nil {
		return nil, fmt.Errorf("the staged block `%s` cannot be read: %w", key, err)
	}
	b, _, err := batch.DecodeFrame(data)
	if err != nil {
		return nil, fmt.Errorf("the staged block `%s` cannot be read: %w", key, err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if e := a.items[key]; e != nil { // somebody else was faster
		return e.Value.(*cached).b, nil
	}
	c := &cached{key, b, int64(b.Bytes())}
	a.items[key] = a.recent.PushFront(c)
	a.held += c.bytes
	for a.held > a.limit && a.recent.Len() > 1 {
		a.drop(a.recent.Back())
	}
	return b, nil
}

// drop forgets a batch. a.mu is held.
func (a *Stored) drop(e *list.Element) {
	c := a.recent.Remove(e).(*cached)
	delete(a.items, c.key)
	a.held -= c.bytes
}

// PutMeta writes a value as JSON.
func (a *Stored) PutMeta(key string, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return a.write(a.path(".json", key), data)
}

// maxMeta bounds a value.
const maxMeta = 256 << 20

// GetMeta reads a value.
func (a *Stored) GetMeta(key string, v any) error {
	data, err := ReadFile(a.ctx, a.storage, a.path(".json", key), maxMeta)
	if err != nil {
		return fmt.Errorf("the staged value `%s` cannot be read: %w", key, err)
	}
	return json.Unmarshal(data, v)
}
