package hdfs

import (
	"bufio"
	"io"
	"os"
)

// journal keeps what was given to data nodes and not confirmed yet, in a temporary file that has no name any more: it goes with its process.
type journal struct {
	dir string
	f   *os.File // nil before the first append
	n   int64
}

func (j *journal) append(p []byte) error {
	if j.f == nil {
		f, err := os.CreateTemp(j.dir, "weir-hdfs-*")
		if err != nil {
			return err
		}
		if err := os.Remove(f.Name()); err != nil {
			_ = f.Close()
			return err
		}
		j.f = f
	}
	n, err := j.f.WriteAt(p, j.n)
	j.n += int64(n)
	return err
}

// reset forgets what is in the journal.
func (j *journal) reset() { j.n = 0 }

// replay gives all that is in the journal, in pieces of 64 KiB.
func (j *journal) replay(w io.Writer) error {
	if j.n == 0 {
		return nil
	}
	_, err := bufio.NewReaderSize(io.NewSectionReader(j.f, 0, j.n), 1<<16).WriteTo(w)
	return err
}

func (j *journal) close() error {
	if j.f == nil {
		return nil
	}
	err := j.f.Close()
	j.f = nil
	return err
}
