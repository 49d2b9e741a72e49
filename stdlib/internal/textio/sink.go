// Package textio is what all writers of files share: where the bytes go, how text is compressed, when a part ends, and that
// what is written becomes visible as a whole or not at all.
package textio

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"weir/runtime/op"
)

// Codes of what goes wrong here; lang/diag explains them.
const (
	codeWrite  = "W6203" // a file cannot be written
	codeParts  = "W6207" // a folder that has the parts of another run
	codeResume = "W6208" // a single file cannot be gone on with
	codeExists = "W6209" // a file that is there and may not be replaced
)

// bufferSize is what one write to a file has.
const bufferSize = 256 << 10

// IsFolder reports whether a path names a folder of parts: it ends in a slash.
func IsFolder(p string) bool { return strings.HasSuffix(p, "/") }

// SingleTask is op.Operator.SingleTask of a sink with a parameter `path`: one file is written by one task.
func SingleTask(a op.Args) bool { return !IsFolder(a.Text("path")) }

// Encoder writes the files of a format that is more than a run of rows: one that needs an end. One Encoder serves all files of a Sink,
// one after the other.
type Encoder interface {
	// Begin starts a file, which is written to w.
	Begin(w io.Writer) error
	// Suspend hands every row on to w, and gives what is needed to go on behind them in another process.
	Suspend() (state []byte, err error)
	// Resume goes on with a file: w stands where it stood when Suspend gave the state.
	Resume(w io.Writer, state []byte) error
	// End writes what ends the file.
	End() error
}

// Sink writes into one file, or into a folder of parts `part-<task>-<number>.<format>`, one for each snapshot that had rows, or as Roll says;
// a run that was taken up from a checkpoint calls them `part-<task>-<checkpoint>-<number>.<format>`. It is all of an op.Instance but Data: a
// writer embeds it. Text in a file named *.gz or *.zst is compressed. A single file becomes visible at the commit behind Drain, a part at the
// commit of the snapshot behind its end. A snapshot in between makes durable what was written, so that a file can be gone on with. A folder gets at
// least one part, from task 0. A folder that has parts already is refused when the run begins: the result would be of two runs.
type Sink struct {
	op.Base
	// Path is a file, a folder with a trailing slash, or - for standard output.
	Path string
	// Format is the suffix of parts, without a dot: "tsv".
	Format string
	// Header begins every file of text; may be empty.
	Header []byte
	// Encoder writes the files; nil for text.
	Encoder Encoder
	// Roll says when a part of a folder ends.
	Roll Roll
	// MustNotExist makes it an error that a file is there already, when the run begins or when its file is committed.
	MustNotExist bool

	ctx      op.Context
	file     op.StagedFile // being written; nil between parts
	pending  bool          // a single file is begun when it is known that no snapshot has it
	name     string
	began    time.Time // when the file was begun
	kept     bool      // a snapshot has the file
	dirty    bool      // the compressed data must be ended
	out      *counter  // what goes to the file
	buf      *bufio.Writer
	zip      io.WriteCloser // nil where nothing is compressed
	number   int            // of the next part of this process
	restored bool
	drained  bool
	ended    []ended // parts that have ended since the last snapshot
	prepared []prepared
}

// counter counts what is written.
type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

// ended is a file that is complete. kept: an earlier snapshot has it as it was before.
type ended struct {
	token []byte
	kept  bool
}

// prepared is a file that waits for its commit.
type prepared struct {
	id    uint64
	token []byte
}

// state is what a snapshot keeps.
type state struct {
	Open     []byte   `json:"open,omitempty"`     // the token of a file that is not complete
	Name     string   `json:"name,omitempty"`     // its path
	Began    int64    `json:"began,omitempty"`    // when it was begun, in nanoseconds
	Size     int64    `json:"size,omitempty"`     // what it has, in bytes
	Encoder  []byte   `json:"encoder,omitempty"`  // what the encoder needs to go on with it
	Prepared [][]byte `json:"prepared,omitempty"` // the tokens of complete files, committed or not
}

// Open begins a single file, and looks at a folder, so that a place that cannot be written is found before the work is done. Errors are
// *op.Error.
func (s *Sink) Open(ctx op.Context) error {
	s.ctx = ctx
	switch {
	case IsFolder(s.Path) && ctx.Restored() == 0:
		return s.empty()
	case IsFolder(s.Path):
		return nil
	case ctx.Restored() > 0:
		s.pending = true // the file may be there: this run's, committed before
		return nil
	}
	return s.create(s.Path)
}

// empty sees that the folder has no parts. One that cannot be listed is not there yet; where it is something worse, creating a part fails.
func (s *Sink) empty() error {
	files, _ := s.ctx.Storage().List(s.ctx.Context(), s.Path)
	for _, f := range files {
		if strings.HasPrefix(path.Base(f.Path), "part-") {
			return &op.Error{Code: codeParts, File: s.Path,
				Message: "the folder has parts of an earlier run: " + path.Base(f.Path), Hint: "remove them, or name another folder"}
		}
	}
	return nil
}

// start begins a single file that has waited.
func (s *Sink) start() error {
	if !s.pending {
		return nil
	}
	s.pending = false
	return s.create(s.Path)
}

// Write appends text: whole rows.
func (s *Sink) Write(p []byte) (int, error) {
	if err := s.Begin(); err != nil {
		return 0, err
	}
	s.dirty = true
	n, err := s.buf.Write(p)
	if err != nil {
		return n, s.Failed(err)
	}
	return n, s.Written()
}

// Begin sees that there is a file to write rows to.
func (s *Sink) Begin() error {
	switch {
	case s.file != nil:
		return nil
	case s.pending:
		return s.start()
	case !IsFolder(s.Path):
		return &op.Error{Code: codeWrite, File: s.Path, Message: "the file is complete, and more rows came"}
	}
	return s.part()
}

// Written ends a part that has grown large enough. An Encoder's rows are written between Begin and Written.
func (s *Sink) Written() error {
	if !IsFolder(s.Path) || s.Roll.Size <= 0 || s.file == nil || s.size() < s.Roll.Size {
		return nil
	}
	return s.end()
}

// size is what the file has, in bytes; of compressed text, what has been compressed.
func (s *Sink) size() int64 {
	n := s.out.n
	if s.zip == nil && s.buf != nil {
		n += int64(s.buf.Buffered())
	}
	return n
}

// end completes the file.
func (s *Sink) end() error {
	if s.Encoder != nil {
		if err := s.Encoder.End(); err != nil {
			return s.Failed(err)
		}
	}
	token, err := s.prepare()
	if err != nil {
		return err
	}
	if err := s.file.Close(); err != nil {
		return s.Failed(err)
	}
	s.ended = append(s.ended, ended{token, s.kept})
	s.file, s.buf, s.zip = nil, nil, nil
	return nil
}

// part begins a part of a folder.
func (s *Sink) part() error {
	name := fmt.Sprintf("part-%05d-", s.ctx.Task())
	if id := s.ctx.Restored(); id > 0 {
		// Whoever has written parts under this name before had been taken up from the same checkpoint and completed none: they were never visible.
		name += fmt.Sprintf("%05d-", id)
	}
	name += fmt.Sprintf("%05d.%s", s.number, s.Format)
	s.number++
	return s.create(s.Path + name)
}

func (s *Sink) create(name string) error {
	f, err := s.ctx.Storage().Create(s.ctx.Context(), name, op.CreateOptions{MustNotExist: s.MustNotExist})
	if err != nil {
		return s.taken(err)
	}
	s.began = s.ctx.Now()
	if err := s.writeTo(f, name, 0); err != nil {
		return err
	}
	if s.Encoder != nil {
		return s.Failed(s.Encoder.Begin(s.buf))
	}
	s.dirty = true // a compressed file without rows has a member without data
	_, err = s.buf.Write(s.Header)
	return s.Failed(err)
}

// writeTo makes f, which has so many bytes, the file that is written.
func (s *Sink) writeTo(f op.StagedFile, name string, size int64) (err error) {
	s.file, s.name, s.zip, s.kept, s.dirty, s.out = f, name, nil, false, false, &counter{f, size}
	switch {
	case s.Encoder != nil:
	case strings.HasSuffix(name, ".gz"):
		s.zip = gzip.NewWriter(s.out)
	case strings.HasSuffix(name, ".zst"):
		if s.zip, err = zstd.NewWriter(s.out, zstd.WithEncoderConcurrency(1)); err != nil {
			return s.Failed(err)
		}
	}
	var to io.Writer = s.out
	if s.zip != nil {
		to = s.zip
	}
	s.buf = bufio.NewWriterSize(to, bufferSize)
	return nil
}

// Flush hands what was written so far on to the storage.
func (s *Sink) Flush() error {
	if s.file == nil {
		return nil
	}
	return s.Failed(s.buf.Flush())
}

// Drain notes that all rows have come.
func (s *Sink) Drain(op.Output) error {
	s.drained = true
	if err := s.start(); err != nil {
		return err
	}
	if IsFolder(s.Path) && s.file == nil && s.number == 0 && !s.restored && s.ctx.Task() == 0 {
		return s.part()
	}
	return nil
}

// Snapshot prepares what was written.
func (s *Sink) Snapshot(id uint64, w op.SnapshotWriter) error {
	if err := s.start(); err != nil {
		return err
	}
	var st state
	if s.file != nil {
		if s.drained || IsFolder(s.Path) && s.rolls() {
			if err := s.end(); err != nil {
				return err
			}
		} else if err := s.suspend(&st); err != nil {
			return err
		}
	}
	for _, e := range s.ended {
		s.prepared = append(s.prepared, prepared{id, e.token})
	}
	s.ended = nil
	for _, p := range s.prepared {
		st.Prepared = append(st.Prepared, p.token)
	}
	item, err := json.Marshal(st)
	if err != nil {
		return err
	}
	return w.Item(item)
}

// rolls reports whether a part ends with this snapshot.
func (s *Sink) rolls() bool {
	return s.Roll == Roll{} || s.Roll.Size > 0 && s.size() >= s.Roll.Size || s.Roll.Age > 0 && s.ctx.Now().Sub(s.began) >= s.Roll.Age
}

// suspend makes durable what was written of a file that is not complete.
func (s *Sink) suspend(st *state) (err error) {
	if s.Encoder != nil {
		if st.Encoder, err = s.Encoder.Suspend(); err != nil {
			return s.Failed(err)
		}
	}
	token, err := s.prepare()
	if err == nil && len(token) > 0 {
		st.Open, st.Name, st.Began, st.Size, s.kept = token, s.name, s.began.UnixNano(), s.out.n, true
	}
	return err
}

// prepare makes durable what was written so far. Compressed data is ended there, and what comes next is a member, or a frame, of its own.
func (s *Sink) prepare() ([]byte, error) {
	if err := s.Flush(); err != nil {
		return nil, err
	}
	if s.zip != nil && s.dirty {
		s.dirty = false
		if err := s.zip.Close(); err != nil {
			return nil, s.Failed(err)
		}
		s.zip.(interface{ Reset(io.Writer) }).Reset(s.out)
	}
	token, err := s.file.Prepare()
	return token, s.Failed(err)
}

// Restore takes up the files of a snapshot.
func (s *Sink) Restore(r op.SnapshotReader) error {
	s.restored = true
	for item := range r.Items() {
		var st state
		if err := json.Unmarshal(item, &st); err != nil {
			return &op.Error{Code: codeResume, File: s.Path, Message: "the state of a writer cannot be read", Err: err,
				Hint: "the checkpoint is damaged: start from the one before"}
		}
		for _, token := range st.Prepared {
			s.prepared = append(s.prepared, prepared{0, token})
		}
		if len(st.Open)+len(st.Prepared) > 0 {
			s.pending = false
		}
		if len(st.Open) > 0 {
			if s.file != nil { // of another task that is no more
				if err := s.end(); err != nil {
					return err
				}
			}
			f, err := s.ctx.Storage().Resume(s.ctx.Context(), st.Open)
			if err != nil {
				return err
			}
			if err := s.resume(f, &st); err != nil {
				return err
			}
		}
	}
	return r.Err()
}

// resume goes on with a file.
func (s *Sink) resume(f op.StagedFile, st *state) error {
	if err := s.writeTo(f, st.Name, st.Size); err != nil {
		return err
	}
	s.kept, s.began = true, time.Unix(0, st.Began)
	if s.Encoder == nil {
		return nil
	}
	return s.Failed(s.Encoder.Resume(s.buf, st.Encoder))
}

// Commit makes the files of every snapshot up to id visible. What is committed once is not looked at again.
func (s *Sink) Commit(id uint64) error {
	for len(s.prepared) > 0 && s.prepared[0].id <= id {
		if err := s.ctx.Storage().Commit(s.ctx.Context(), s.prepared[0].token); err != nil {
			return s.taken(err)
		}
		s.prepared = s.prepared[1:]
	}
	return nil
}

// Close removes what was not committed; what is part of a snapshot is kept where the run can be resumed.
func (s *Sink) Close() error {
	var errs []error
	if s.file != nil && s.kept && s.ctx.Resumable() {
		errs = append(errs, s.file.Close())
		s.file = nil
	}
	errs = append(errs, s.abandon())
	var drop [][]byte
	for _, e := range s.ended {
		if !e.kept || !s.ctx.Resumable() {
			drop = append(drop, e.token)
		}
	}
	if !s.ctx.Resumable() {
		for _, p := range s.prepared {
			drop = append(drop, p.token)
		}
	}
	for _, token := range drop { // the run's context may have ended, and the files must go all the same
		errs = append(errs, s.ctx.Storage().Abort(context.WithoutCancel(s.ctx.Context()), token))
	}
	s.ended, s.prepared = nil, nil
	return errors.Join(errs...)
}

// abandon drops the file that is being written.
func (s *Sink) abandon() error {
	if z, ok := s.zip.(*zstd.Encoder); ok {
		z.Reset(nil) // its buffers go, and nothing is written
	}
	f := s.file
	s.file, s.zip, s.buf = nil, nil, nil
	if f == nil {
		return nil
	}
	return f.Abort()
}

// taken says more of an error by which a file is there already.
func (s *Sink) taken(err error) error {
	var known *op.Error
	if !s.MustNotExist || !errors.Is(err, fs.ErrExist) || !errors.As(err, &known) {
		return err
	}
	return &op.Error{Code: codeExists, File: known.File, Message: "`if_exists: fail` lets no file be replaced", Err: fs.ErrExist,
		Hint: "remove it if it is not wanted, name another file, or write `if_exists: replace`"}
}

// Failed names the file in an error that does not yet.
func (s *Sink) Failed(err error) error {
	var known *op.Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	return &op.Error{Code: codeWrite, File: s.name, Message: "the file cannot be written", Err: err}
}
