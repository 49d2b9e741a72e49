package input

import "io"

// BlockSize is the size of a window, in bytes, and of the data in a batch.
const BlockSize = 256 << 10

// Window is the part of a stream that is in memory. Bytes once in Data stay where they are and as they are, so that
// values may refer to them; More makes another array when the present one is used up.
type Window struct {
	Data   []byte
	Offset int64 // of Data[0] in the unpacked stream
	EOF    bool  // nothing comes behind Data

	r      io.Reader
	eager  bool
	reuse  bool
	before func() error
	buf    []byte // Data is a part of it
}

// NewWindow makes an empty window whose first byte will be at the offset. before is called before every read that may
// have to wait; it may be nil.
func NewWindow(s *Stream, offset int64, before func() error) *Window {
	return &Window{r: s, eager: s.Eager(), Offset: offset, before: before}
}

// More drops the first used bytes of Data and reads more behind the rest: as much as one read gives, or all that fits
// where reading waits for nobody. At the end of the stream it sets EOF and adds nothing.
func (w *Window) More(used int) error {
	w.Data = w.Data[used:]
	w.Offset += int64(used)
	if w.EOF {
		return nil
	}
	if w.before != nil {
		if err := w.before(); err != nil {
			return err
		}
	}
	if room := cap(w.Data) - len(w.Data); room < min(BlockSize, cap(w.buf))/2 || w.buf == nil {
		w.move()
	}
	for empty := 0; ; {
		n, err := w.r.Read(w.Data[len(w.Data):cap(w.Data)])
		w.Data = w.Data[:len(w.Data)+n]
		if err == io.EOF {
			w.EOF = true
			return nil
		}
		if err != nil {
			return err
		}
		if n == 0 {
			if empty++; empty > 100 {
				return io.ErrNoProgress
			}
			continue
		}
		if !w.eager || len(w.Data) == cap(w.Data) {
			return nil
		}
	}
}

// move puts the rest of the data at the front of an array with room for another block.
func (w *Window) move() {
	if w.reuse && len(w.Data)+BlockSize <= len(w.buf) {
		n := copy(w.buf, w.Data)
		w.Data = w.buf[:n]
		return
	}
	size := BlockSize
	for size-len(w.Data) < BlockSize/2 {
		size *= 2
	}
	if w.reuse {
		size *= 2
	}
	w.buf = make([]byte, size)
	n := copy(w.buf, w.Data)
	w.Data = w.buf[:n]
}
