package local

import (
	"testing"

	"weir/planner/physical"
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
