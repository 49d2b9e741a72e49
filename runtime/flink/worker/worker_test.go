package worker

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"weir/compiler/logical"
	"weir/compiler/types"
	"weir/planner/physical"
	"weir/runtime/flink/protocol"
	"weir/runtime/op"
	"weir/runtime/storage/localfile"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// talk gives frames to a worker and what it says.
func talk(t *testing.T, in []byte) (frames []protocol.Frame, err error) {
	t.Helper()
	var out bytes.Buffer
	cat := &op.Catalogue{}
	err = Run(context.Background(), bytes.NewReader(in), &out, Options{Catalogue: cat, Version: "v1",
		Storage: func(json.RawMessage) (op.Storage, error) { return localfile.New(), nil }})
	r := protocol.NewReader(&out)
	for {
		f, rerr := r.Read()
		if rerr == io.EOF {
			return frames, err
		}
		if rerr != nil {
			t.Fatal(rerr)
		}
		frames = append(frames, f)
	}
}

func frame(t *testing.T, k protocol.Kind, payload []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := protocol.NewWriter(&b)
	if err := errors.Join(w.Write(k, payload), w.Flush()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func openFrame(t *testing.T, change func(*protocol.OpenRequest)) []byte {
	t.Helper()
	p := &physical.Plan{Version: physical.Version, Nodes: []*logical.Node{{ID: 1, Op: "nothing", Out: types.Stream{}}},
		Stages: []*physical.Stage{{ID: 0, Parallelism: 1, Ops: []physical.Op{{Node: 1, Part: physical.Whole}}}}}
	plan, err := physical.Encode(p)
	if err != nil {
		t.Fatal(err)
	}
	o := protocol.OpenRequest{Protocol: protocol.Version, Mode: protocol.ModeStage, Plan: plan, Tasks: 1, KeyGroups: 4, Temp: t.TempDir(), Work: t.TempDir()}
	change(&o)
	data, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	return frame(t, protocol.Open, data)
}

// A worker says who it is before anything else, ends quietly with its host, and says of everything else what is wrong.
func TestOpen(t *testing.T) {
	for name, c := range map[string]struct {
		in   []byte
		want string
	}{
		"the host is gone":  {nil, ""},
		"stop":              {frame(t, protocol.Stop, nil), ""},
		"not OPEN":          {frame(t, protocol.Start, nil), "a frame of kind 4 may not come here"},
		"no JSON":           {frame(t, protocol.Open, []byte("{")), "OPEN cannot be read"},
		"garbage":           {[]byte("Exception in thread main java.lang.Error"), "damaged frame"},
		"another protocol":  {openFrame(t, func(o *protocol.OpenRequest) { o.Protocol = 99 }), "version 99 of the protocol, and weir v1 speaks 1"},
		"no plan":           {openFrame(t, func(o *protocol.OpenRequest) { o.Plan = []byte(`{"version":9}`) }), "the plan cannot be read"},
		"no such stage":     {openFrame(t, func(o *protocol.OpenRequest) { o.Stage = 3 }), "the plan has no stage 3"},
		"no tasks":          {openFrame(t, func(o *protocol.OpenRequest) { o.Tasks = 0 }), "task 0 of 0"},
		"no such mode":      {openFrame(t, func(o *protocol.OpenRequest) { o.Mode = "x" }), `the mode "x"`},
		"no such operator":  {openFrame(t, func(*protocol.OpenRequest) {}), "there is no operator `nothing`"},
		"output not there":  {openFrame(t, func(o *protocol.OpenRequest) { o.Outputs = []protocol.Output{{Stage: 1, Tasks: 1}} }), "OPEN has 1 outputs of stage 0, and the plan has 0"},
		"damaged in flight": {append(openFrame(t, func(*protocol.OpenRequest) {})[:40], 1, 2, 3), "damaged frame"},
	} {
		frames, err := talk(t, c.in)
		if len(frames) == 0 || frames[0].Kind != protocol.Hello || string(frames[0].Payload) != "\x01\x00v1" {
			t.Fatalf("%s: the worker says %v", name, frames)
		}
		if c.want == "" {
			if err != nil || len(frames) != 1 {
				t.Errorf("%s: %v, %d frames", name, err, len(frames))
			}
			continue
		}
		if err == nil || len(frames) != 2 || frames[1].Kind != protocol.Failed {
			t.Errorf("%s: %v, %d frames", name, err, len(frames))
			continue
		}
		var f protocol.Failure
		if err := json.Unmarshal(frames[1].Payload, &f); err != nil || !strings.Contains(f.Message+f.Cause, c.want) {
			t.Errorf("%s: %v, %+v, want %q", name, err, f, c.want)
		}
	}
}

// What a user would be shown arrives whole, and says whether trying again may help.
func TestFailure(t *testing.T) {
	bad := &op.Error{Code: "W6222", Message: "bad", Hint: "mend it", Node: "rows", File: "x.jsonl", Record: 2, Line: 3, Byte: 4, Err: errors.New("cause")}
	want := protocol.Failure{Code: "W6222", Message: "bad", Hint: "mend it", Node: "rows", File: "x.jsonl", Record: 2, Line: 3, Byte: 4, Cause: "cause"}
	if got := failure(fmt.Errorf("around: %w", bad)); got != want {
		t.Errorf("%+v", got)
	}
	for _, c := range []struct {
		err   error
		again bool
	}{{errors.New("a store is away"), true}, {&op.Error{Code: "W6265"}, true}, {&op.Error{Code: "W6222"}, false}, {fmt.Errorf("%w: no", errOpen), false}} {
		if got := failure(c.err); got.Again != c.again {
			t.Errorf("%v: again is %v", c.err, got.Again)
		}
	}
}
