package op

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"time"

	"weir/compiler/expr"
	"weir/compiler/types"
	"weir/runtime/batch"
)

// Instance is one parallel instance of a transform or a sink. A stage hears the messages below in one goroutine, in a legal order:
// Open, Restore; then Data, Watermark, Timer, Snapshot and Commit as they come; Drain at the end of the input, a last Snapshot and Commit;
// Close, always. It does not know who drives it. Embed Base for the messages that do not concern an operator.
type Instance interface {
	Open(ctx Context) error
	// Data brings rows of an input port. The batch must not be changed.
	Data(port int, b *batch.Batch, out Output) error
	// Watermark says that no row of event time before t (nanoseconds) will come any more, on any port.
	Watermark(t int64, out Output) error
	// Timer says that processing time has reached t, as asked for by Context.SetTimer.
	Timer(t int64, out Output) error
	// Drain says that the input has ended: what is held must be given out.
	Drain(out Output) error
	// Snapshot writes the state as of the barrier id. A sink prepares what it has written so far: after Commit(id) it is visible, and stays
	// so whatever happens later.
	Snapshot(id uint64, w SnapshotWriter) error
	// Restore brings back what Snapshot wrote, perhaps of several instances after a change of parallelism.
	Restore(r SnapshotReader) error
	// Commit makes every snapshot up to id final; a notice may be lost, and may come twice.
	Commit(id uint64) error
	// Close releases everything. What was not committed is dropped, so that no half-written output stays, unless Context.Resumable says
	// that the run can be taken up again: then what a snapshot has prepared is kept.
	Close() error
}

// Base is an Instance that passes no rows and holds no state.
type Base struct{}

func (Base) Open(Context) error                    { return nil }
func (Base) Watermark(int64, Output) error         { return nil }
func (Base) Timer(int64, Output) error             { return nil }
func (Base) Drain(Output) error                    { return nil }
func (Base) Snapshot(uint64, SnapshotWriter) error { return nil }
func (Base) Restore(SnapshotReader) error          { return nil }
func (Base) Commit(uint64) error                   { return nil }
func (Base) Close() error                          { return nil }

// ErrEnough says that no more rows are wanted. An instance's Data returns it when whatever comes on any port will change nothing any more: limit,
// when it has its rows. Output.Emit returns it when nobody wants what the operator has to give, on any output; like every error
// of an Output it is returned as it is, and a source then ends its reading.
var ErrEnough = errors.New("no more rows are wanted")

// Output is where rows go. Its methods return an error when the run is being stopped, or ErrEnough; the caller returns it as it is.
type Output interface {
	Emit(b *batch.Batch) error
	// Side gives rows to a named side output.
	Side(name string, b *batch.Batch) error
	// Reject gives a bad row to `.rejected`. It returns an error where nothing consumes it and the limit is reached.
	Reject(r Rejection) error
	// Watermark says that no row of event time before t (nanoseconds) will be emitted any more. Only an operator whose Caps.Watermarks is
	// set calls it; behind every other one the stage passes on the watermark that came in. It never goes back.
	Watermark(t int64) error
	// Idle says that nothing is known of when the next row comes: until the next Emit or Watermark nobody waits for this output's
	// watermark. Only an operator whose Caps.Watermarks is set calls it.
	Idle() error
}

// SourceOutput is where the rows of a source go, and where it meets the rest of the world while it reads: barriers are taken and timers
// fire within its calls of Rest and Wait, and nowhere else until Read returns.
type SourceOutput interface {
	Output
	// Rest says that every row emitted so far can be counted as read if what is left of the split is rest(): a split that Read can take
	// up, in this process or in another one, with the Index of the split that is being read. It is called between two Emits, as often as that is
	// cheap; rest is called only where it is needed. A source that never calls it has its split read again from the beginning
	// after a failure.
	Rest(rest func() (Split, error)) error
	// Wait waits until ready is closed or has a value, which it takes, while the stage goes on with everything else. A source
	// that must wait for its input (a pipe, a server) waits here, after a call of Rest, and nowhere else.
	Wait(ready <-chan struct{}) error
}

// Rejection is a row that could not be read or evaluated. Record and Line count from 1; 0, and -1 for Byte, where not known.
type Rejection struct {
	File   string
	Record int64
	Line   int64
	Byte   int64
	Code   string // a W6 code
	Reason string
	Raw    string // at most 1 KiB of the record as it was read
}

// Source reads splits. Splits is asked of one instance, once, by the driver; Read is called by every task that has become free.
type Source interface {
	Open(ctx Context) error
	// Splits gives the pieces of work, in order. An unbounded source blocks until there is another one. A source either gives the same
	// splits every time that it is asked, and after a restart the driver passes over those that are done; or its splits have a Mark, and then
	// seen has, after a restart, the marks of all splits that it gave before, and it gives none of them again.
	Splits(ctx Context, seen []json.RawMessage) iter.Seq2[Split, error]
	// Read gives the rows of one split to out, as they come: a row is not held back while the next one is waited for.
	Read(s Split, out SourceOutput) error
	Close() error
}

// Split is a piece of a source's work: a range of a file, or a tile of pairs. It takes seconds at most.
type Split struct {
	Index  uint64          `json:"index"`          // from 0, in order; level 0 of the ordinals of a file source
	Weight float64         `json:"weight"`         // bytes or cells: for progress and balance
	Data   json.RawMessage `json:"data"`           // what the source needs to know; also the version of a file, so that changed input is found out
	Mark   json.RawMessage `json:"mark,omitempty"` // see Source.Splits
}

// Context is an instance's surroundings.
type Context interface {
	// Context ends when the run is stopped.
	Context() context.Context
	// Compile makes an expression over a row ready to be evaluated.
	Compile(e *expr.Expr, in types.Row) (Evaluator, error)
	Catalogue() *Catalogue
	Storage() Storage
	// Staging is the area that a Staged operator's Collect fills and its Scan reads.
	Staging() Staging
	// Count adds to a counter of the node: "cells", "pairs".
	Count(name string, n int64)
	// Memory is what the instance may hold in memory, in bytes, before it spills; TempDir is where to.
	Memory() int64
	TempDir() string
	// Task and Tasks number the parallel instances.
	Task() int
	Tasks() int
	// Restored is the number of the checkpoint from which the run was taken up, 0 for a run that begins. Snapshots have greater numbers.
	Restored() uint64
	// Resumable reports that a checkpoint is complete from which the run can be taken up again.
	Resumable() bool
	// KeyGroups numbers the key groups whose keys come to this instance, [first, last), of all. batch.KeyGroup gives the group of a key.
	KeyGroups() (first, last, all int)
	// SetTimer asks for a Timer message at a processing time; Now gives it. In tests it is not the clock.
	SetTimer(t int64)
	Now() time.Time
}

// Evaluator computes an expression over a batch, for the rows that its selection has.
type Evaluator interface {
	// Eval gives a vector of b.N values. failed lists rows that must be rejected, ascending, nil for none.
	Eval(b *batch.Batch) (v *batch.Vector, failed []Failure, err error)
}

// Failure says why an expression has no value for a row.
type Failure struct {
	Row          int
	Code, Reason string
}

// SnapshotWriter takes the state of one instance: by key group what belongs to keys, and items that may be dealt out anew when parallelism
// changes. Its methods may be called from Snapshot and from functions given to Later, by one goroutine at a time.
type SnapshotWriter interface {
	// KeyGroup adds state of a key group. A group may be added to several times; its pieces are given back in order.
	KeyGroup(group int, state []byte) error
	// Item adds an item.
	Item(state []byte) error
	// File adds a local file that will not change any more, under a name that this instance never uses for another content: a run of
	// sorted rows, a table. It is linked or copied now, so the instance may remove it afterwards; one that an earlier
	// checkpoint has under the name is not copied again.
	File(name, path string) error
	// Later lets f write the rest of the state in the background, after Snapshot has returned and while the stream goes on: of a view
	// that Snapshot has frozen. The checkpoint is complete when f has returned.
	Later(f func() error)
}

// SnapshotReader gives state back: the groups that now belong to the instance, the items that are dealt to it, and the files of all
// instances there were. An iteration that ends early has failed: see Err.
type SnapshotReader interface {
	KeyGroups() iter.Seq2[int, []byte]
	Items() iter.Seq[[]byte]
	// Files gives names and local paths. The files stay as they are until the run ends, and must not be changed.
	Files() iter.Seq2[string, string]
	Err() error
}

// Storage is files by path: local, s3://, hdfs://. "-" is standard input or output.
type Storage interface {
	// List gives the files that a path names: one file, every file of a folder (a trailing /), or what a glob matches; sorted by name. No file
	// at all is an error that wraps fs.ErrNotExist.
	List(ctx context.Context, path string) ([]FileInfo, error)
	// Open opens a file to read. Where version is not "" and is not the file's, the error wraps ErrChanged, then or at a later read: what is read is
	// one version, never a mixture.
	Open(ctx context.Context, path, version string) (File, error)
	// Create begins a file that becomes visible as a whole, at Commit.
	Create(ctx context.Context, path string, o CreateOptions) (StagedFile, error)
	// Resume takes a file up again after the process that wrote it is gone: as it was when Prepare gave the token. Whatever was written
	// after that is dropped.
	Resume(ctx context.Context, token []byte) (StagedFile, error)
	// Commit makes the file of a token visible under its name, with what was written before Prepare gave the token. It may be called again,
	// after a crash as well: when the file is there already, nothing happens. An empty token needs no commit.
	Commit(ctx context.Context, token []byte) error
	// Abort removes what was written under a token and is not committed. It may be called again.
	Abort(ctx context.Context, token []byte) error
	// Remove removes a file that is visible; that there is none is not an error.
	Remove(ctx context.Context, path string) error
}

// ErrChanged is wrapped by the error for a file that is not the version any more that was asked for.
var ErrChanged = errors.New("the file has changed")

// CreateOptions say how a file is created.
type CreateOptions struct {
	// MustNotExist makes it an error, at Create or at Commit, that a file of that name is there. The error wraps fs.ErrExist.
	MustNotExist bool
	// Size is how many bytes are expected, 0 where not known: a storage that must choose the size of its parts at the beginning goes by it.
	Size int64
}

// FileInfo describes a file. Size is -1 where it is not known (standard input).
type FileInfo struct {
	Path     string
	Size     int64
	Modified time.Time
	Version  string // changes when the content does: an ETag, or size and time
	Block    int64  // bytes of the blocks that the file is kept in, each on other machines, 0 where there are none: ranges that are read apart should not cut across
}

// File is an open file. ReadAt works where Seekable says so.
type File interface {
	io.Reader
	io.ReaderAt
	io.Closer
	Info() FileInfo
	Seekable() bool
}

// StagedFile is a file being written. It is visible under its name only after Storage.Commit of a token of Prepare.
type StagedFile interface {
	io.Writer
	// Prepare makes what was written so far durable, and gives the token for Storage.Commit and Storage.Resume. Writing may go on.
	Prepare() (token []byte, err error)
	// Close ends the writing and releases what this process holds; what is prepared stays. It may be called again.
	Close() error
	// Abort ends the writing and removes all that was not committed.
	Abort() error
}

// Staging keeps batches under keys, in memory to a limit and in files beyond.
type Staging interface {
	Put(key string, b *batch.Batch) error
	Get(key string) (*batch.Batch, error)
	PutMeta(key string, v any) error // JSON
	GetMeta(key string, v any) error
}
