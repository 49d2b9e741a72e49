package hdfs

import (
	"context"
	"testing"

	"weir/runtime/op"
)

// TestStopped: a run that is stopped removes what it has written.
func TestStopped(t *testing.T) {
	m := newMemory()
	s := m.process(t)
	running, stop := context.WithCancel(ctx)
	f, err := s.Create(running, "hdfs://nn/dir/file", op.CreateOptions{})
	must(t, err)
	_, err = f.Write([]byte("x"))
	must(t, err)
	_, err = f.Prepare()
	must(t, err)
	stop()
	must(t, f.Abort())
	if len(m.nodes) != 2 { // the root and /dir
		t.Errorf("left over: %v", m.nodes)
	}
}
