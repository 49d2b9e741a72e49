package s3

import (
	"context"
	"hash/crc32"
	"io"
	"math/bits"
	"sync"
	"sync/atomic"

	"weir/runtime/op"
)

// minChunk is the first range that is read, and the smallest one ahead.
const minChunk = 1 << 20

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// stream reads an object in order, ahead of what is asked for. How far grows with what was read, up to this file's share of Options.ReadAhead, so that a look at
// the beginning of a file costs one small request. It is used by one goroutine at a time.
type stream struct {
	f       *file
	ctx     context.Context
	stop    context.CancelFunc
	from    int64 // where it began
	next    int64 // of the next byte to be given
	ordered int64 // up to here ranges are asked for
	limit   int64 // what lies behind is read only when it is asked for
	chunks  []*chunk
	check   bool // compare crc at the end
	crc     uint32
	err     error
}

// chunk is a range on its way: a sink. Its pages are taken as bytes come, and given back as they are used, so that no memory waits for bytes, and what is
// written to was in use a moment ago.
type chunk struct {
	size  int64
	pages [][]byte     // of maxRead bytes each; those behind what is there are nil, and so are those that were used up
	there atomic.Int64 // how many bytes have come
	want  atomic.Int64 // how many the reader waits for
	used  int64        // how many were given
	news  chan struct{}
	ended chan struct{} // closed behind the last byte, or where err is set
	err   error
	free  *pages
}

func (c *chunk) room() []byte {
	n := c.there.Load()
	p := &c.pages[n/maxRead]
	if *p == nil {
		*p = c.free.get()
	}
	return (*p)[n%maxRead:]
}

func (c *chunk) came(n int) {
	if c.there.Add(int64(n)) < c.want.Load() {
		return // the reader is not woken for every packet
	}
	select {
	case c.news <- struct{}{}:
	default:
	}
}

// wait waits until n bytes have come.
func (c *chunk) wait(ctx context.Context, n int64) error {
	for c.want.Store(n); c.there.Load() < n; {
		select {
		case <-c.news:
		case <-c.ended:
			if c.err != nil {
				return c.err
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// drop gives back the pages. It is called when nothing is written any more.
func (c *chunk) drop() {
	for i, p := range c.pages {
		if p != nil {
			c.free.put(p)
			c.pages[i] = nil
		}
	}
}

func (f *file) stream(from int64) *stream {
	f.store.readers.Add(1)
	s := &stream{f: f, from: from, next: from, ordered: from, limit: f.info.Size}
	s.ctx, s.stop = context.WithCancel(f.ctx)
	return s
}

func (s *stream) Read(p []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	if len(p) == 0 {
		return 0, nil
	}
	if s.next >= s.f.info.Size {
		if s.check && s.crc != s.f.crc {
			s.err = &op.Error{Code: codeDamaged, File: s.f.place.path, Message: "the object does not match its checksum",
				Hint: "run again; if it happens again suspect a proxy on the way, or this machine's memory"}
			return 0, s.err
		}
		return 0, io.EOF
	}
	s.order()
	c := s.chunks[0]
	at := c.used % maxRead
	n := int(min(int64(len(p)), maxRead-at, c.size-c.used))
	if s.err = c.wait(s.f.ctx, c.used+int64(n)); s.err != nil {
		return 0, s.err
	}
	page := &c.pages[c.used/maxRead]
	copy(p[:n], (*page)[at:])
	if s.check {
		s.crc = crc32.Update(s.crc, castagnoli, p[:n])
	}
	c.used += int64(n)
	s.next += int64(n)
	if c.used%maxRead == 0 || c.used == c.size {
		c.free.put(*page)
		*page = nil
	}
	if c.used == c.size {
		s.chunks = s.chunks[1:]
	}
	return n, nil
}

// order asks for what is to be read next.
func (s *stream) order() {
	for {
		share := s.f.store.o.ReadAhead / max(s.f.store.readers.Load(), 1)
		window := min(share, 4*(s.next-s.from))
		// Ranges begin at multiples of their size: so most often do the parts that the store has the object in.
		size := int64(1) << (bits.Len64(uint64(min(max(window/4, minChunk), maxChunk))) - 1)
		size -= s.ordered % size
		end := s.f.info.Size
		if s.ordered < s.limit {
			end = min(end, s.limit)
		} else if len(s.chunks) > 0 {
			return // behind the limit nothing is read ahead
		} else {
			size = minChunk / 4
		}
		size = min(size, end-s.ordered)
		if size <= 0 || len(s.chunks) > 0 && s.ordered-s.next >= window {
			return
		}
		c := &chunk{size: size, pages: make([][]byte, (size+maxRead-1)/maxRead), news: make(chan struct{}, 1), ended: make(chan struct{}), free: &s.f.store.pages}
		off := s.ordered
		s.ordered += size
		s.chunks = append(s.chunks, c)
		go func() {
			defer close(c.ended)
			c.err = s.f.fetch(s.ctx, c, off, size)
		}()
	}
}

// close gives up what is on its way.
func (s *stream) close() {
	s.stop()
	last := s.f.store.readers.Add(-1) == 0
	for _, c := range s.chunks {
		go func() { // pages go back when nobody writes to them any more
			<-c.ended
			c.drop()
			if last {
				c.free.drop()
			}
		}()
	}
	s.chunks = nil
	if last {
		s.f.store.pages.drop() // who reads nothing holds nothing
	}
}

// pages are buffers of maxRead bytes. The one that was given back last is taken first. Never are there more than are read ahead at a time.
type pages struct {
	mu   sync.Mutex
	free [][]byte
}

func (f *pages) get() []byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := len(f.free) - 1
	if n < 0 {
		return make([]byte, maxRead)
	}
	p := f.free[n]
	f.free = f.free[:n]
	return p
}

func (f *pages) put(p []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.free = append(f.free, p)
}

// drop lets go of all that are free.
func (f *pages) drop() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.free = nil
}
