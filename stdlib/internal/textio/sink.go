// Package textio is what all writers of text share: where the text goes, how it is compressed, and that it becomes
// visible as a whole or not at all.
package textio

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"weir/runtime/op"
)

// Codes of what goes wrong here; lang/diag explains them.
const (
	codeWrite  = "W6203" // a file cannot be written
	codeParts  = "W6207" // a folder that has the parts of another run
	codeResume = "W6208" // a single file cannot be gone on with
)

// bufferSize is what one write to a file has.
const bufferSize = 256 << 10

// IsFolder reports whether a path names a folder of parts: it ends in a slash.
func IsFolder(p string) bool { return strings.HasSuffix(p, "/") }

// SingleTask is op.Operator.SingleTask of a sink with a parameter `path`: one file is written by one task.
func SingleTask(a op.Args) bool { return !IsFolder(a.Text("path")) }

// Sink writes text into one file, or into a folder of parts `part-<task>-<number>.<format>`, one for each snapshot that
// had rows. A file named *.gz or *.zst is compressed. It is all of an op.Instance but Data: a writer embeds it. A
// single file is prepared by the snapshot behind Drain, a part by every snapshot; both become visible at Commit, and
// what was not committed is removed by Close. A folder gets at least one part, from task 0. A folder that has parts
// already is refused: the result would be of two runs.
type Sink struct {
	op.Base
	// Path is a file, a folder with a trailing slash, or - for standard output.
	Path string
	// Format is the suffix of parts, without a dot: "tsv".
	Format string
	// Header begins every file; may be empty.
	Header []byte

	ctx      op.Context
	file     op.StagedFile // being written; nil between parts
	name     string
	buf      *bufio.Writer
	zip      io.WriteCloser // nil where nothing is compressed
	number   int            // of the next part
	restored bool
	drained  bool
	prepared []prepared
}

// prepared is a file that waits for its commit.
type prepared struct {
	id   uint64
	file op.StagedFile
}

// state is what a snapshot keeps: the number of the next part, and whether a single file was not complete.
type state struct {
	Number     int  `json:"number"`
	Incomplete bool `json:"incomplete,omitempty"`
}

// Open begins a single file, so that a place that cannot be written is found before the work is done. Errors are
// *op.Error.
func (s *Sink) Open(ctx op.Context) error {
	s.ctx = ctx
	if IsFolder(s.Path) {
		return nil
	}
	return s.create(s.Path)
}

// Write appends text: whole rows.
func (s *Sink) Write(p []byte) (int, error) {
	if s.file == nil {
		if !IsFolder(s.Path) {
			return 0, &op.Error{Code: codeWrite, File: s.Path, Message: "the file is complete, and more rows came"}
		}
		if err := s.part(); err != nil {
			return 0, err
		}
	}
	n, err := s.buf.Write(p)
	return n, s.failed(err)
}

// part begins a part of a folder.
func (s *Sink) part() error {
	if s.number == 0 && !s.restored {
		// A folder that cannot be listed is not there yet; where it is something worse, creating the part fails.
		files, _ := s.ctx.Storage().List(s.ctx.Context(), s.Path)
		for _, f := range files {
			if strings.HasPrefix(path.Base(f.Path), "part-") {
				return &op.Error{Code: codeParts, File: s.Path,
					Message: "the folder has parts of an earlier run: " + path.Base(f.Path), Hint: "remove them, or name another folder"}
			}
		}
	}
	name := fmt.Sprintf("%spart-%05d-%05d.%s", s.Path, s.ctx.Task(), s.number, s.Format)
	s.number++
	return s.create(name)
}

func (s *Sink) create(name string) error {
	f, err := s.ctx.Storage().Create(s.ctx.Context(), name)
	if err != nil {
		return err
	}
	s.file, s.name, s.zip = f, name, nil
	switch {
	case strings.HasSuffix(name, ".gz"):
		s.zip = gzip.NewWriter(f)
	case strings.HasSuffix(name, ".zst"):
		if s.zip, err = zstd.NewWriter(f, zstd.WithEncoderConcurrency(1)); err != nil {
			return s.failed(err)
		}
	}
	var to io.Writer = f
	if s.zip != nil {
		to = s.zip
	}
	s.buf = bufio.NewWriterSize(to, bufferSize)
	_, err = s.buf.Write(s.Header)
	return s.failed(err)
}

// Flush hands what was written so far on to the storage.
func (s *Sink) Flush() error {
	if s.file == nil {
		return nil
	}
	return s.failed(s.buf.Flush())
}

// Drain notes that all rows have come.
func (s *Sink) Drain(op.Output) error {
	s.drained = true
	if IsFolder(s.Path) && s.file == nil && s.number == 0 && !s.restored && s.ctx.Task() == 0 {
		return s.part()
	}
	return nil
}

// Snapshot prepares what is complete, and keeps the number of the next part.
func (s *Sink) Snapshot(id uint64, w op.SnapshotWriter) error {
	complete := IsFolder(s.Path) || s.drained
	if s.file != nil && complete {
		if err := s.finish(id); err != nil {
			return err
		}
	}
	item, err := json.Marshal(state{s.number, !complete && s.Path != "-"})
	if err != nil {
		return err
	}
	return w.Item(item)
}

// finish ends the file that is being written and makes it durable.
func (s *Sink) finish(id uint64) error {
	if err := s.Flush(); err != nil {
		return err
	}
	if s.zip != nil {
		if err := s.zip.Close(); err != nil {
			return s.failed(err)
		}
		s.zip = nil
	}
	if _, err := s.file.Prepare(); err != nil {
		return s.failed(err)
	}
	s.prepared = append(s.prepared, prepared{id, s.file})
	s.file, s.buf = nil, nil
	return nil
}

// Restore goes on numbering parts behind those of the snapshots. A single file that was not complete cannot be gone on
// with.
func (s *Sink) Restore(r op.SnapshotReader) error {
	for item := range r.Items() {
		var st state
		if err := json.Unmarshal(item, &st); err != nil {
			return &op.Error{Code: codeResume, File: s.Path, Message: "the state of a writer cannot be read", Err: err,
				Hint: "the checkpoint is damaged: start from the one before"}
		}
		if st.Incomplete {
			return &op.Error{Code: codeResume, File: s.Path,
				Message: "a single file that was not complete cannot be gone on with", Hint: "start the run anew, or write into a folder: end the path with /"}
		}
		s.restored, s.number = true, max(s.number, st.Number)
	}
	return nil
}

// Commit makes the files of every snapshot up to id visible. What is committed once is not looked at again.
func (s *Sink) Commit(id uint64) error {
	for len(s.prepared) > 0 && s.prepared[0].id <= id {
		if err := s.prepared[0].file.Commit(); err != nil {
			return err
		}
		s.prepared = s.prepared[1:]
	}
	return nil
}

// Close removes what was not committed.
func (s *Sink) Close() error {
	var errs []error
	if z, ok := s.zip.(*zstd.Encoder); ok {
		z.Reset(nil) // its buffers go, and nothing is written
	}
	if s.file != nil {
		errs = append(errs, s.file.Abort())
	}
	for _, p := range s.prepared {
		errs = append(errs, p.file.Abort())
	}
	s.file, s.zip, s.buf, s.prepared = nil, nil, nil, nil
	return errors.Join(errs...)
}

// failed names the file in an error that does not yet.
func (s *Sink) failed(err error) error {
	var known *op.Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	return &op.Error{Code: codeWrite, File: s.name, Message: "the file cannot be written", Err: err}
}
