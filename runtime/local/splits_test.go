package local

import (
	"context"
	"encoding/json"
	"testing"

	"weir/planner/physical"
	"weir/runtime/op"
	"weir/runtime/stage"
)

// TestWindow: where their order matters, splits run no further ahead of the oldest unfinished one than the window.
func TestWindow(t *testing.T) {
	d := newDispenser(&stageRun{plan: &physical.Stage{Parallelism: 8}}, true)
	for seq := range 3 * d.window {
		d.queue = append(d.queue, assignment{stage.Assignment{}, seq})
	}
	take := func() int {
		n := 0
		for {
			a, ok, _ := d.next()
			if !ok {
				return n
			}
			if n++; a.seq > 0 {
				d.finished(a)
			}
		}
	}
	if n := take(); n != int(d.window) {
		t.Errorf("%d splits were handed out while the first one was read, the window is %d", n, d.window)
	}
	d.finished(assignment{stage.Assignment{}, 0})
	if n := take(); n != int(2*d.window) {
		t.Errorf("%d splits were handed out then", n)
	}
}

// TestMarked: a checkpoint that has the mark of a split has the split, also where there is no room for it yet: a source that has given a split does not give
// it again.
func TestMarked(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel() // so that nobody waits for room
	d := newDispenser(&stageRun{plan: &physical.Stage{Parallelism: 1}, run: &run{ctx: ctx}}, false)
	_ = d.give(stage.Assignment{Split: op.Split{Data: json.RawMessage(`"a"`), Mark: json.RawMessage(`"a"`)}})
	d.begin()
	if s := d.end(&progress{}, nil); len(s.Marks[0]) != 1 || len(s.Rest) != 1 || s.Given != 1 {
		t.Errorf("%+v", s)
	}
}
