// Package worker is the process beside a subtask of Flink: it runs one parallel instance of a stage, or lists the splits of a stage's sources, and talks to its host
// over two pipes (docs/flink.md). It is the driver of runtime/stage on a cluster, as runtime/local is on one machine.
package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"time"

	"weir/planner/physical"
	"weir/runtime/flink/protocol"
	"weir/runtime/op"
	"weir/runtime/stage"
)

// Options are what a worker has from the program that it is part of.
type Options struct {
	Catalogue *op.Catalogue
	// Storage makes the files of all paths, from the job's settings.
	Storage func(settings json.RawMessage) (op.Storage, error)
	Version string // of the program, for messages
	Now     func() time.Time
}

// errStopped ends a worker whose host wants it to, or is gone.
var errStopped = errors.New("the host has ended the worker")

// Run talks to a host until that ends it. A failure has been told to the host when Run returns it.
func Run(ctx context.Context, in io.Reader, out io.Writer, o Options) error {
	if o.Now == nil {
		o.Now = time.Now
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	w := protocol.NewWriter(out)
	version := []byte{protocol.Version, 0}
	if err := errors.Join(w.Write(protocol.Hello, version, []byte(o.Version)), w.Flush()); err != nil {
		return err
	}
	frames := receive(ctx, cancel, in)
	err := serve(ctx, frames, w, o)
	if errors.Is(err, errStopped) {
		return nil
	}
	if err != nil {
		f, jerr := json.Marshal(failure(err))
		if err := errors.Join(jerr, w.Write(protocol.Failed, f), w.Flush()); err != nil {
			return err
		}
	}
	return err
}

// received is a frame, or why there are no more.
type received struct {
	protocol.Frame
	err error
}

// framesAhead bounds the frames that wait for the worker. It is more than the host may send before it must wait, so that reading goes on and the host's end
// is noticed at any time.
const framesAhead = 1 << 12

// receive reads frames into a channel. The end of the host ends the context.
func receive(ctx context.Context, cancel context.CancelCauseFunc, in io.Reader) <-chan received {
	frames := make(chan received, framesAhead)
	go func() {
		r := protocol.NewReader(in)
		for {
			f, err := r.Read()
			if err != nil && !errors.Is(err, protocol.ErrFrame) {
				err = errStopped
			}
			if err == nil && f.Kind == protocol.Stop {
				err = errStopped
			}
			select {
			case frames <- received{f, err}:
			case <-ctx.Done():
				return
			}
			if err != nil {
				if errors.Is(err, errStopped) {
					cancel(errStopped)
				}
				return
			}
		}
	}()
	return frames
}

// next waits for a frame.
func next(ctx context.Context, frames <-chan received) (protocol.Frame, error) {
	select {
	case f := <-frames:
		return f.Frame, f.err
	case <-ctx.Done():
		return protocol.Frame{}, context.Cause(ctx)
	}
}

// job is what a worker is asked to be.
type job struct {
	protocol.OpenRequest
	plan    *physical.Plan
	stage   *physical.Stage
	storage op.Storage
}

// serve reads the first frame and does what it says.
func serve(ctx context.Context, frames <-chan received, w *protocol.Writer, o Options) error {
	f, err := next(ctx, frames)
	if err != nil {
		return err
	}
	if f.Kind != protocol.Open {
		return unexpected(f)
	}
	j := &job{}
	if err := json.Unmarshal(f.Payload, &j.OpenRequest); err != nil {
		return fmt.Errorf("%w: OPEN cannot be read: %w", errOpen, err)
	}
	if j.Protocol != protocol.Version {
		return fmt.Errorf("%w: the host speaks version %d of the protocol, and weir %s speaks %d: submit the job anew, with one program", errOpen, j.Protocol, o.Version, protocol.Version)
	}
	if j.plan, err = physical.Decode(j.Plan); err != nil {
		return fmt.Errorf("%w: the plan cannot be read: %w", errOpen, err)
	}
	i := slices.IndexFunc(j.plan.Stages, func(s *physical.Stage) bool { return s.ID == j.Stage })
	if i < 0 {
		return fmt.Errorf("%w: the plan has no stage %d", errOpen, j.Stage)
	}
	j.stage = j.plan.Stages[i]
	if j.KeyGroups < 1 || j.Tasks < 1 && j.Mode == protocol.ModeStage || j.Task < 0 || j.Task > j.Tasks {
		return fmt.Errorf("%w: OPEN asks for task %d of %d with %d key groups", errOpen, j.Task, j.Tasks, j.KeyGroups)
	}
	if j.Memory <= 0 {
		j.Memory = defaultMemory
	}
	debug.SetMemoryLimit(j.Memory)
	if j.Temp == "" {
		j.Temp = os.TempDir()
	}
	if j.storage, err = o.Storage(j.Settings); err != nil {
		return err
	}
	switch j.Mode {
	case protocol.ModeStage:
		t, err := newTask(ctx, j, frames, w, o)
		if err != nil {
			return err
		}
		return t.run()
	case protocol.ModeSplits:
		return splits(ctx, j, frames, w, o)
	}
	return fmt.Errorf("%w: OPEN asks for the mode %q", errOpen, j.Mode)
}

// defaultMemory is what a worker may hold where OPEN does not say.
const defaultMemory = 256 << 20

func unexpected(f protocol.Frame) error {
	return fmt.Errorf("%w: a frame of kind %d may not come here", protocol.ErrFrame, f.Kind)
}

// failure is how a host is told of an error.
func failure(err error) protocol.Failure {
	var bug *stage.Bug
	if errors.As(err, &bug) {
		return protocol.Failure{Message: bug.Error(), Node: bug.Node, Bug: true, Stack: string(bug.Stack)}
	}
	var e *op.Error
	if errors.As(err, &e) {
		f := protocol.Failure{Code: e.Code, Message: e.Message, Hint: e.Hint, Node: e.Node, File: e.File, Record: e.Record, Line: e.Line, Byte: e.Byte}
		if e.Err != nil {
			f.Cause = e.Err.Error()
		}
		// What a store or a disk says may be otherwise the next time, and on another machine; a bad row is as bad as ever.
		var errno syscall.Errno
		var network net.Error
		f.Again = strings.HasPrefix(e.Code, "W626") || strings.HasPrefix(e.Code, "W627") || errors.As(err, &network) || errors.As(err, &errno) && !errors.Is(err, fs.ErrNotExist)
		return f
	}
	return protocol.Failure{Message: err.Error(), Again: !errors.Is(err, errOpen)}
}

// errOpen is wrapped by the error for a job that no worker can run.
var errOpen = errors.New("this job cannot be run here")
