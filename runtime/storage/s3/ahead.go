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

// chunk is a range on its way.
type chunk struct {
	data  []byte
	came  atomic.Int64 // how many bytes are there
	used  int          // how many were given
	news  chan struct{}
	ended chan struct{} // closed behind the last byte, or where err is set
	err   error
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
	for c.came.Load() == int64(c.used) {
		select {
		case <-c.news:
		case <-c.ended:
			if c.err != nil {
				s.err = c.err
				return 0, s.err
			}
		case <-s.f.ctx.Done():
			s.err = context.Cause(s.f.ctx)
			return 0, s.err
		}
	}
	n := copy(p, c.data[c.used:c.came.Load()])
	if s.check {
		s.crc = crc32.Update(s.crc, castagnoli, p[:n])
	}
	c.used += n
	s.next += int64(n)
	if c.used == len(c.data) {
		<-c.ended // nobody writes to it any more
		s.f.store.buffers.put(c.data)
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
		c := &chunk{data: s.f.store.buffers.get(int(size)), news: make(chan struct{}, 1), ended: make(chan struct{})}
		off := s.ordered
		s.ordered += size
		s.chunks = append(s.chunks, c)
		go func() {
			defer close(c.ended)
			c.err = s.f.fetch(s.ctx, c.data, off, func(n int) {
				c.came.Add(int64(n))
				select {
				case c.news <- struct{}{}:
				default:
				}
			})
		}()
	}
}

// close gives up what is on its way.
func (s *stream) close() {
	s.stop()
	s.f.store.readers.Add(-1)
	for _, c := range s.chunks {
		go func() { // a buffer goes back when nobody writes to it any more
			<-c.ended
			s.f.store.buffers.put(c.data)
		}()
	}
	s.chunks = nil
}

// buffers keeps chunks for reuse, by the power of two that holds them.
type buffers [64]sync.Pool

func (b *buffers) get(size int) []byte {
	class := bits.Len(uint(size - 1))
	if p, ok := b[class].Get().(*[]byte); ok {
		return (*p)[:size]
	}
	return make([]byte, size, 1<<class)
}

func (b *buffers) put(p []byte) {
	p = p[:0]
	b[bits.Len(uint(cap(p)-1))].Put(&p)
}
