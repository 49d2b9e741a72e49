// Package protocol is the frames in which a host (Flink's task manager, or job manager) and a worker process talk over two pipes. docs/flink.md has the specification.
package protocol

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"sync"

	"weir/planner/physical"
)

// Version of the protocol. A host refuses a worker of any other.
const Version = 1

// MaxFrame bounds kind and payload of a frame, in bytes.
const MaxFrame = 64 << 20

// Kind says what a frame is.
type Kind uint8

// Host to worker.
const (
	Open         Kind = 1 + iota // an OpenRequest as JSON
	RestoreGroup                 // u32 key group, piece
	RestoreItem                  // item
	Start                        //
	Data                         // packet
	Split                        // u64 sequence number, split
	EndInput                     //
	Barrier                      // u64 checkpoint
	Commit                       // u64 checkpoint
	Stop                         //
)

// Worker to host.
const (
	Hello     Kind = 64 + iota // u16 Version, the program's version
	Ready                      //
	Out                        // u16 output, u32 subtask, packet
	Consumed                   // u32 number of Data frames
	WantSplit                  //
	Group                      // u32 key group, piece
	Item                       // item
	Snapshot                   // u64 checkpoint
	Committed                  // u64 checkpoint
	Drained                    //
	Metrics                    // a Report as JSON
	Failed                     // a Failure as JSON
	NextSplit                  // u64 sequence number, u32 length of the mark, mark, split
	SplitsEnd                  //
	Watermark                  // i64 milliseconds
)

// Modes of a worker.
const (
	ModeStage  = "stage"
	ModeSplits = "splits"
)

// OpenRequest is the first frame: what the worker is to be.
type OpenRequest struct {
	Protocol  int             `json:"protocol"`
	Mode      string          `json:"mode"`
	Plan      json.RawMessage `json:"plan"`
	Stage     int             `json:"stage"`
	Task      int             `json:"task"`
	Tasks     int             `json:"tasks"`
	KeyGroups int             `json:"key_groups"`
	Window    int             `json:"window"` // Data frames that the host sends before it must have their Consumed
	Outputs   []Output        `json:"outputs"`
	Restored  uint64          `json:"restored"` // the checkpoint that the job was restored from, 0 for none
	Memory    int64           `json:"memory"`   // bytes
	Temp      string          `json:"temp"`
	Settings  json.RawMessage `json:"settings,omitempty"`
	Run       string          `json:"run"`
	Work      string          `json:"work"` // folder of the run, in a store that all workers reach
	MaxErrors int64           `json:"max_errors"`

	// Of mode splits: what the enumerator has handed out.
	Given uint64   `json:"given,omitempty"`
	CRC   uint32   `json:"crc,omitempty"`
	Marks [][]byte `json:"marks,omitempty"`
}

// Output is an exchange that reads the stage: input `Input` of stage `Stage`, which has `Tasks` subtasks.
type Output struct {
	Stage int `json:"stage"`
	Input int `json:"input"`
	Tasks int `json:"tasks"`
}

// Outputs lists the exchanges that read a stage, in the order in which an OpenRequest has them, with the plan's parallelism.
func Outputs(p *physical.Plan, id int) []Output {
	var out []Output
	for _, s := range p.Stages {
		for i, x := range s.Inputs {
			if x.Stage == id {
				out = append(out, Output{s.ID, i, s.Parallelism})
			}
		}
	}
	return out
}

// Failure is why a worker ends. It is what a user of a local run would see.
type Failure struct {
	Code    string `json:"code,omitempty"`
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
	Node    string `json:"node,omitempty"`
	File    string `json:"file,omitempty"`
	Record  int64  `json:"record,omitempty"`
	Line    int64  `json:"line,omitempty"`
	Byte    int64  `json:"byte,omitempty"`
	Cause   string `json:"cause,omitempty"`
	Bug     bool   `json:"bug,omitempty"`
	Stack   string `json:"stack,omitempty"`
	Again   bool   `json:"again"` // to try again may help
}

// Report is what a worker counts.
type Report struct {
	Nodes  map[int]map[string]int64 `json:"nodes"`  // by node and counter
	Memory uint64                   `json:"memory"` // bytes taken from the system
}

// ErrFrame is wrapped by the error for bytes that are no frame.
var ErrFrame = errors.New("damaged frame")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Frame is one as it was read. The payload is the receiver's.
type Frame struct {
	Kind    Kind
	Payload []byte
}

// Uint64 reads the number at the beginning of the payload; ok is false where it is too short.
func (f Frame) Uint64() (x uint64, rest []byte, ok bool) {
	if len(f.Payload) < 8 {
		return 0, nil, false
	}
	return binary.LittleEndian.Uint64(f.Payload), f.Payload[8:], true
}

// Uint32 reads the number at the beginning of the payload; ok is false where it is too short.
func (f Frame) Uint32() (x uint32, rest []byte, ok bool) {
	if len(f.Payload) < 4 {
		return 0, nil, false
	}
	return binary.LittleEndian.Uint32(f.Payload), f.Payload[4:], true
}

// Reader reads frames.
type Reader struct{ r *bufio.Reader }

// NewReader makes a reader.
func NewReader(r io.Reader) *Reader { return &Reader{bufio.NewReaderSize(r, 256<<10)} }

const headerLen = 8

// readStep bounds what a length that is not borne out can make the reader allocate.
const readStep = 1 << 20

// Read gives the next frame; io.EOF at the end between two frames.
func (r *Reader) Read() (Frame, error) {
	var head [headerLen]byte
	if _, err := io.ReadFull(r.r, head[:1]); err != nil {
		return Frame{}, err
	}
	if _, err := io.ReadFull(r.r, head[1:]); err != nil {
		return Frame{}, cut(err)
	}
	n, sum := binary.LittleEndian.Uint32(head[:]), binary.LittleEndian.Uint32(head[4:])
	if n == 0 || n > MaxFrame {
		return Frame{}, fmt.Errorf("%w: it says that it has %d bytes", ErrFrame, n)
	}
	body := make([]byte, min(n, readStep))
	for at := 0; ; {
		k, err := io.ReadFull(r.r, body[at:])
		if err != nil {
			return Frame{}, cut(err)
		}
		if at += k; at == int(n) {
			break
		}
		more := make([]byte, min(int(n), 4*at))
		copy(more, body)
		body = more
	}
	if crc32.Checksum(body, castagnoli) != sum {
		return Frame{}, fmt.Errorf("%w: its checksum is another", ErrFrame)
	}
	return Frame{Kind(body[0]), body[1:]}, nil
}

func cut(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: it is cut off", ErrFrame)
	}
	return err
}

// Writer writes frames, buffered. Its methods may be called from any goroutine.
type Writer struct {
	mu  sync.Mutex
	w   *bufio.Writer
	err error
}

// NewWriter makes a writer.
func NewWriter(w io.Writer) *Writer { return &Writer{w: bufio.NewWriterSize(w, 256<<10)} }

// Write writes a frame; the payload is the parts, one behind the other.
func (w *Writer) Write(k Kind, parts ...[]byte) error {
	n := 1
	for _, p := range parts {
		n += len(p)
	}
	if n > MaxFrame {
		return fmt.Errorf("%w: it would have %d bytes, and %d are allowed", ErrFrame, n, MaxFrame)
	}
	var head [headerLen + 1]byte
	head[headerLen] = byte(k)
	sum := crc32.Update(0, castagnoli, head[headerLen:])
	for _, p := range parts {
		sum = crc32.Update(sum, castagnoli, p)
	}
	binary.LittleEndian.PutUint32(head[:], uint32(n))
	binary.LittleEndian.PutUint32(head[4:], sum)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.put(head[:])
	for _, p := range parts {
		w.put(p)
	}
	return w.err
}

func (w *Writer) put(p []byte) {
	if w.err == nil {
		_, w.err = w.w.Write(p)
	}
}

// Flush writes what is buffered.
func (w *Writer) Flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil {
		w.err = w.w.Flush()
	}
	return w.err
}

// Uint64 encodes a number.
func Uint64(x uint64) []byte { return binary.LittleEndian.AppendUint64(nil, x) }

// Uint32 encodes a number.
func Uint32(x uint32) []byte { return binary.LittleEndian.AppendUint32(nil, x) }
