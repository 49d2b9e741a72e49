package monitor

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"weir/compiler/logical"
	"weir/lang/diag"
	"weir/planner/physical"
	"weir/runtime/local"
	"weir/runtime/stage"
)

// watched is a monitor in the middle of a run, at a fixed time.
func watched() *Monitor {
	plan := &physical.Plan{File: "x.flow", Nodes: []*logical.Node{{ID: 1, Op: "read_jsonl", Span: diag.Span{File: "x.flow", Start: diag.Pos{Line: 2, Col: 1}}},
		{ID: 2, Op: "filter"}, {ID: 3, Op: "filter"}}}
	m := New(plan, map[string]any{"file": "x.flow"})
	m.now = func() time.Time { return time.Unix(1_800_000_000, 0) }
	m.Update(local.Progress{Elapsed: 1500 * time.Millisecond, Rejected: 3,
		Nodes: map[int]stage.Counts{1: {RowsOut: 1000, Bytes: 5000, Rejected: 3, Busy: time.Second, Watermark: 1_799_999_990e9, Named: map[string]int64{"late": 7}},
			2: {RowsIn: 1000, RowsOut: 400}},
		Stages:      []local.StageProgress{{ID: 0, Tasks: 2, SplitsDone: 3, SplitsRunning: 1, SplitsKnown: 5, AllKnown: true, WeightDone: 1, WeightKnown: 4, Queued: 2, Blocked: 250 * time.Millisecond}},
		Checkpoints: local.CheckpointStats{Complete: 2, Failed: 1, Last: 3, At: time.Unix(1_799_999_999, 0), Took: 40 * time.Millisecond, Pause: time.Millisecond, Bytes: 12345}})
	return m
}

func get(t *testing.T, h http.Handler, method, path string) (int, string, http.Header) {
	t.Helper()
	r := httptest.NewRecorder()
	h.ServeHTTP(r, httptest.NewRequest(method, path, nil))
	body, err := io.ReadAll(r.Result().Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.Code, string(body), r.Result().Header
}

func TestMetrics(t *testing.T) {
	code, body, _ := get(t, watched().Metrics(), "GET", "/metrics")
	if code != 200 {
		t.Fatal(code, body)
	}
	for _, want := range []string{
		`weir_operator_rows_out_total{operator="read_jsonl (x.flow:2)"} 1000`,
		`weir_operator_rows_in_total{operator="filter"} 1000`,
		`weir_operator_rows_in_total{operator="filter #3"} 0`,
		`weir_operator_counter_total{counter="late",operator="read_jsonl (x.flow:2)"} 7`,
		`weir_operator_watermark_lag_seconds{operator="read_jsonl (x.flow:2)"} 10`,
		`weir_stage_blocked_seconds_total{stage="0"} 0.25`,
		`weir_stage_splits{stage="0",state="running"} 1`,
		`weir_rows_rejected_unconsumed_total 3`,
		`weir_checkpoints_total{result="failed"} 1`,
		`weir_checkpoint_last_bytes 12345`,
		`weir_run_elapsed_seconds 1.5`,
	} {
		if !strings.Contains(body, want+"\n") {
			t.Errorf("the metrics lack %s:\n%s", want, body)
		}
	}
}

func TestUI(t *testing.T) {
	m := watched()
	code, body, h := get(t, m.UI(), "GET", "/")
	if code != 200 || !strings.Contains(body, "progress.json") || !strings.Contains(h.Get("Content-Security-Policy"), "default-src 'none'") {
		t.Error(code, h)
	}
	if strings.Contains(body, "http://") || strings.Contains(body, "https://") {
		t.Error("the page asks somebody else")
	}
	for path, want := range map[string]int{"/plan.json": 200, "/progress.json": 200, "/other": 404, "/../etc/passwd": 307} {
		if code, _, _ := get(t, m.UI(), "GET", path); code != want && !(want == 307 && code >= 300) {
			t.Errorf("%s: %d", path, code)
		}
	}
	if code, _, _ := get(t, m.UI(), "POST", "/progress.json"); code != 405 {
		t.Errorf("POST: %d", code)
	}
	_, body, _ = get(t, m.UI(), "GET", "/progress.json")
	var got map[string]any
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"id": 0.0, "state": "running", "done": 0.25, "splits": []any{3.0, 1.0, 5.0}, "queued": 2.0, "blocked": 0.25, "tasks": 2.0}
	if d := cmp.Diff(want, got["stages"].([]any)[0]); d != "" {
		t.Error(d)
	}
	if got["nodes"].(map[string]any)["1"].(map[string]any)["lag"] != 10.0 || got["over"] != false {
		t.Error(body)
	}
	m.End()
	if _, body, _ = get(t, m.UI(), "GET", "/progress.json"); !strings.Contains(body, `"over":true`) {
		t.Error(body)
	}
}

// TestServe: an address without a host is one of this machine alone, and nobody answers when the listener is closed.
func TestServe(t *testing.T) {
	l, err := Serve(":0", watched().UI())
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(l.Addr().String(), "127.0.0.1:") {
		t.Error(l.Addr())
	}
	r, err := http.Get("http://" + l.Addr().String() + "/")
	if err != nil || r.StatusCode != 200 {
		t.Fatal(err)
	}
	_ = r.Body.Close()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Serve("256.0.0.1:1", nil); err == nil {
		t.Error("an address that is none")
	}
}
