package worker

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"time"

	"weir/runtime/flink/protocol"
	"weir/runtime/op"
	"weir/runtime/stage"
	"weir/runtime/staging"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// The codes of what goes wrong here; lang/diag explains them.
const (
	codeRun    = "W6003" // an operator failed with an error of no code of its own
	codeResume = "W6008" // a checkpoint that this run cannot be taken up from
)

// splits lists the splits of the stage's sources, when the stages before have ended.
func splits(ctx context.Context, j *job, frames <-chan received, w *protocol.Writer, o Options) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() { // nothing comes but the end
		f, err := next(ctx, frames)
		if err == nil {
			err = unexpected(f)
		}
		cancel(err)
	}()
	for _, id := range j.stage.After {
		if err := waitFor(ctx, j, id); err != nil {
			return err
		}
	}
	counters := stage.NewCounters(j.plan)
	c := stage.Config{Context: ctx, Plan: j.plan, Stage: j.Stage, Catalogue: o.Catalogue, Storage: j.storage, Staging: j.staging(ctx), Counters: counters, TempDir: j.Temp,
		Memory: j.Memory, Now: o.Now, KeyGroups: j.KeyGroups, Restored: j.Restored}
	var seen []json.RawMessage
	for _, m := range j.Marks {
		seen = append(seen, m)
	}
	// A source without marks gives all its splits anew: those that were handed out must be the same.
	given, crc := uint64(0), uint32(0)
	if len(seen) > 0 {
		given = j.Given
	}
	changed := func(err error) error {
		return &op.Error{Code: codeResume, Message: "the input is not what it was when the checkpoint was made", Err: err, Node: j.plan.Node(j.stage.Ops[0].Node).Name(),
			Hint: "files were added, removed or changed: start the job anew"}
	}
	err := stage.Splits(c, func(int) []json.RawMessage { return seen }, func(a stage.Assignment) error {
		data, err := json.Marshal(a)
		if err != nil {
			return err
		}
		seq := given
		given++
		if seq < j.Given {
			crc = crc32.Update(crc, castagnoli, data)
			if given == j.Given && crc != j.CRC {
				return changed(fmt.Errorf("the first %d splits are others", j.Given))
			}
			return nil
		}
		head := binary.LittleEndian.AppendUint32(protocol.Uint64(seq), uint32(len(a.Split.Mark)))
		return errors.Join(w.Write(protocol.NextSplit, head, a.Split.Mark, data), w.Flush())
	})
	if err == nil && given < j.Given {
		err = changed(fmt.Errorf("there were %d splits, and there are %d", j.Given, given))
	}
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			return cause
		}
		return err
	}
	if err := errors.Join(w.Write(protocol.SplitsEnd), w.Flush()); err != nil {
		return err
	}
	<-ctx.Done()
	return context.Cause(ctx)
}

// staging is the run's staging area.
func (j *job) staging(ctx context.Context) *staging.Stored {
	return staging.NewStored(ctx, j.storage, j.Work+"/staging", j.Memory/4)
}

// endedPath is the file that says that a stage has ended.
func (j *job) endedPath(id int) string { return fmt.Sprintf("%s/staging/stage-%d.ended", j.Work, id) }

// waitFor waits until a stage has ended.
func waitFor(ctx context.Context, j *job, id int) error {
	wait := 100 * time.Millisecond
	for {
		_, err := j.storage.List(ctx, j.endedPath(id))
		if err == nil || !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(wait):
		}
		wait = min(2*wait, time.Second)
	}
}
