package op

import (
	"context"
	"encoding/json"
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
	// Close releases everything. What was not committed is dropped: no half-written output stays.
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

// Output is where rows go. Emit returns an error when the run is being stopped; the caller returns it as it is.
type Output interface {
	Emit(b *batch.Batch) error
	// Side gives rows to a named side output.
	Side(name string, b *batch.Batch) error
	// Reject gives a bad row to `.rejected`. It returns an error where nothing consumes it and the limit is reached.
	Reject(r Rejection) error
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
	// Splits gives the pieces of work, in order. An unbounded source blocks until there is another one.
	Splits(ctx Context) iter.Seq2[Split, error]
	// Read gives the rows of one split to out, as they come: a row is not held back while the next one is waited for.
	Read(s Split, out Output) error
	Close() error
}

// Split is a piece of a source's work: a range of a file, or a tile of pairs. It takes seconds at most.
type Split struct {
	Index  uint64          `json:"index"`  // from 0, in order; level 0 of the ordinals of a file source
	Weight float64         `json:"weight"` // bytes or cells: for progress and balance
	Data   json.RawMessage `json:"data"`   // what the source needs to know
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

// SnapshotWriter takes state: whole key groups, and items that may be dealt out anew when parallelism changes.
type SnapshotWriter interface {
	KeyGroup(group int, state []byte) error
	Item(state []byte) error
}

// SnapshotReader gives state back.
type SnapshotReader interface {
	KeyGroups() iter.Seq2[int, []byte]
	Items() iter.Seq[[]byte]
}

// Storage is files by path: local, s3://, hdfs://. "-" is standard input or output.
type Storage interface {
	// List gives the files that a path names: one file, every file of a folder (a trailing /), or what a glob matches; sorted by name.
	List(ctx context.Context, path string) ([]FileInfo, error)
	Open(ctx context.Context, path string) (File, error)
	// Create begins a file that becomes visible as a whole, at Commit.
	Create(ctx context.Context, path string) (StagedFile, error)
}

// FileInfo describes a file. Size is -1 where it is not known (standard input).
type FileInfo struct {
	Path     string
	Size     int64
	Modified time.Time
	Version  string // changes when the content does: an ETag, or size and time
}

// File is an open file. ReadAt works where Seekable says so.
type File interface {
	io.Reader
	io.ReaderAt
	io.Closer
	Info() FileInfo
	Seekable() bool
}

// StagedFile is a file being written, visible under its name only after Commit. Prepare makes it durable and gives a token from which the
// commit can be done after a crash; writing goes on only where the storage can append.
type StagedFile interface {
	io.Writer
	Prepare() (token []byte, err error)
	Commit() error
	Abort() error
}

// Staging keeps batches under keys, in memory to a limit and in files beyond.
type Staging interface {
	Put(key string, b *batch.Batch) error
	Get(key string) (*batch.Batch, error)
	PutMeta(key string, v any) error // JSON
	GetMeta(key string, v any) error
}
