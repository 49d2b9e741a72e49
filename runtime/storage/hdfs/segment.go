package hdfs

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"path"
	"time"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// piece is a closed segment: a file of the cluster.
type piece struct {
	Name string `json:"name"`
	Size int64  `json:"size"`
	CRC  uint32 `json:"crc32c"` // of the file from its beginning to the end of this piece
	ID   uint64 `json:"id"`     // of the inode
}

// segment writes a file below `_tmp` and keeps it right: where a data node or the connection fails, it begins another file, copies the blocks
// that are finished from the first one, and writes the last block again from its journal. HDFS's own client would mend the pipeline instead, and tell the name node which
// node not to give again; the library can do neither. So another try gets other nodes by chance, and after some tries fewer of them.
type segment struct {
	c         *cluster
	ctx       context.Context
	folder    string
	prefix    string
	blockSize int64
	replicas  int
	journal   *journal

	name    string
	w       writer
	size    int64  // of all that was taken
	done    int64  // of the blocks that are finished; the journal has the rest
	start   uint32 // the checksum of the file before this segment
	crc     uint32 // and with what was taken
	doneCRC uint32 // and with the blocks that are finished
}

// newSegment begins a segment whose name begins with the prefix, behind pieces that have the checksum crc. The journal must be empty.
func (c *cluster) newSegment(ctx context.Context, folder, prefix string, crc uint32, j *journal) (*segment, error) {
	s := &segment{c: c, ctx: ctx, folder: folder, prefix: prefix, journal: j, start: crc, crc: crc, doneCRC: crc}
	return s, c.retry(ctx, func() (err error) {
		if s.blockSize, s.replicas, err = c.fs.defaults(); err == nil {
			s.name, s.w, err = s.create(s.replicas)
		}
		return err
	})
}

func random(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

func (s *segment) create(replicas int) (name string, w writer, err error) {
	name = path.Join(s.folder, s.prefix+random(4))
	w, err = s.c.fs.create(name, s.blockSize, replicas)
	return name, w, err
}

// localError is an error of this machine's disk.
type localError struct{ error }

func (e *localError) Unwrap() error { return e.error }

// Write takes all of p, or fails for good.
func (s *segment) Write(p []byte) (int, error) {
	total := len(p)
	for len(p) > 0 {
		full := s.size > s.done && s.size-s.done == s.blockSize
		n := s.blockSize - (s.size - s.done)
		if full {
			n = s.blockSize
		}
		b := p[:min(int64(len(p)), n)]
		if full {
			// The first bytes of the next block end the one before: when they are taken it is finished.
			err := s.insist(func() error {
				_, err := s.w.Write(b)
				return err
			})
			if err != nil {
				return total - len(p), err
			}
			s.done, s.doneCRC = s.size, s.crc
			s.journal.reset()
		}
		if err := s.journal.append(b); err != nil {
			return total - len(p), &localError{err}
		}
		s.size += int64(len(b))
		s.crc = crc32.Update(s.crc, castagnoli, b)
		if !full {
			if _, err := s.w.Write(b); err != nil {
				if err := s.again(err); err != nil {
					return total - len(p), err
				}
			}
		}
		p = p[len(b):]
	}
	return total, nil
}

// maxRewrites bounds how often a segment is written anew for the sake of one step that fails each time.
const maxRewrites = 8

// insist tries, and tries again in a new file where that fails.
func (s *segment) insist(try func() error) error {
	for i := 0; ; i++ {
		err := try()
		if err == nil || i == maxRewrites {
			return err
		}
		if err := s.again(err); err != nil {
			return err
		}
	}
}

// again writes everything into another file, after err. The first file stays until that is done.
func (s *segment) again(err error) error {
	go func(w writer) { _ = w.Close() }(s.w) // it may hang as long as a node may be silent
	s.w = nil
	try := 0
	begin := time.Now()
	for ; isTransient(err) && time.Since(begin) < s.c.patience; try++ {
		if try > 0 {
			if err := sleep(s.ctx, min(100*time.Millisecond<<min(try, 6), 5*time.Second)); err != nil {
				return err
			}
		}
		var name string
		var w writer
		if name, w, err = s.create(max(s.replicas-max(try-1, 0)/2, 1)); err == nil {
			if err = s.copyTo(w); err == nil {
				_ = s.c.fs.remove(s.name) // else it goes with its folder
				s.name, s.w = name, w
				return nil
			}
			go func() { _ = w.Close() }()
			_ = s.c.fs.remove(name)
		}
	}
	return err
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}

// copyTo writes all that was taken so far.
func (s *segment) copyTo(w writer) error {
	if s.done > 0 {
		crc := s.start
		err := s.c.read(s.name, 0, s.done, func(p []byte) error {
			crc = crc32.Update(crc, castagnoli, p)
			_, err := w.Write(p)
			return err
		})
		if err == nil && crc != s.doneCRC {
			err = transient{errors.New("what was written is read back as something else")}
		}
		if err != nil {
			return err
		}
	}
	return s.journal.replay(w)
}

// read gives size bytes of a file from off on. It does not try again.
func (c *cluster) read(name string, off, size int64, take func([]byte) error) error {
	r, err := c.fs.open(name)
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }() // read only
	if err := r.seek(off); err != nil {
		return transient{err} // it is shorter than it should be, for the name node as yet
	}
	buf := make([]byte, 256<<10)
	for size > 0 {
		n, err := r.Read(buf[:min(int64(len(buf)), size)])
		if n > 0 {
			size -= int64(n)
			if err := take(buf[:n]); err != nil {
				return err
			}
			continue
		}
		if err == io.EOF || err == nil {
			err = transient{io.ErrUnexpectedEOF}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// finish closes the file and sees that all of it is there.
func (s *segment) finish() (piece, error) {
	var t status
	err := s.insist(func() (err error) {
		t, err = s.close()
		return err
	})
	if err != nil {
		return piece{}, err
	}
	s.journal.reset()
	return piece{Name: path.Base(s.name), Size: s.size, CRC: s.crc, ID: t.id}, nil
}

func (s *segment) close() (t status, err error) {
	err = s.c.retry(s.ctx, func() error {
		err := s.w.Close()
		if err == errReplicating { // a quarter of all files, for some milliseconds
			return transient{err}
		}
		if err != nil {
			return &broken{err}
		}
		return nil
	})
	var b *broken
	if errors.As(err, &b) {
		return status{}, b.error
	} else if err != nil {
		return status{}, withoutTransient(err)
	}
	if t, err = s.c.stat(s.ctx, s.name); err != nil {
		return status{}, err
	}
	if t.size != s.size {
		return status{}, transient{fmt.Errorf("the file has %d bytes of %d", t.size, s.size)}
	}
	return t, nil
}

// broken hides from retry that an error is transient: closing again would not help, writing again does.
type broken struct{ error }

// abandon drops the file.
func (s *segment) abandon() {
	if s.w != nil {
		go func(w writer) { _ = w.Close() }(s.w)
		s.w = nil
	}
	s.journal.reset()
	_ = s.c.fs.remove(s.name) // else it goes with its folder
}
