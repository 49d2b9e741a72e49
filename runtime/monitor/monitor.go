// Package monitor shows a run that goes on to the outside: as metrics for Prometheus, and as a small page with the plan's graph. It only reads; a
// run knows nothing of who looks at it.
package monitor

import (
	_ "embed"
	"encoding/json"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"weir/planner/physical"
	"weir/runtime/local"
)

// Monitor has the last state of a run.
type Monitor struct {
	plan  *physical.Plan
	graph any // the plan for reading, as the page has it
	now   func() time.Time

	mu   sync.Mutex
	last local.Progress
	over bool
}

// New makes a monitor of a plan's run. graph is what explain.New makes of the plan: it goes to the page as JSON.
func New(plan *physical.Plan, graph any) *Monitor {
	return &Monitor{plan: plan, graph: graph, now: time.Now}
}

// Update takes the state of the run: it is a local.Options.Progress.
func (m *Monitor) Update(p local.Progress) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.last = p
}

// End says that the run is over.
func (m *Monitor) End() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.over = true
}

func (m *Monitor) state() (local.Progress, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.last, m.over
}

// Serve serves a handler at an address until the listener that it gives back is closed. An address without a host is one of this machine
// alone: what a run reads and writes is nobody else's business.
func Serve(addr string, h http.Handler) (net.Listener, error) {
	if host, port, err := net.SplitHostPort(addr); err == nil && host == "" {
		addr = net.JoinHostPort("127.0.0.1", port)
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}
	s := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second, MaxHeaderBytes: 64 << 10}
	go func() { _ = s.Serve(l) }() // ends with the listener
	return l, nil
}

// Metrics serves /metrics.
func (m *Monitor) Metrics() http.Handler {
	r := prometheus.NewRegistry()
	r.MustRegister(collector{m})
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(r, promhttp.HandlerOpts{}))
	return mux
}

//go:embed page.html
var page []byte

// UI serves the page, and what it asks for.
func (m *Monitor) UI() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		head(w, "text/html; charset=utf-8")
		_, _ = w.Write(page) // whoever has gone away is not told
	})
	mux.HandleFunc("GET /plan.json", func(w http.ResponseWriter, _ *http.Request) {
		head(w, "application/json")
		_ = json.NewEncoder(w).Encode(m.graph)
	})
	mux.HandleFunc("GET /progress.json", func(w http.ResponseWriter, _ *http.Request) {
		head(w, "application/json")
		_ = json.NewEncoder(w).Encode(m.snapshot())
	})
	return mux
}

// head says what a page may do: run its own script, and ask this server.
func head(w http.ResponseWriter, kind string) {
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'; img-src data:")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
}

// snapshot is the state for the page.
type snapshot struct {
	Elapsed     float64               `json:"elapsed"` // seconds
	Over        bool                  `json:"over"`
	Rejected    int64                 `json:"rejected"` // rows that nothing consumes
	Stages      []stageState          `json:"stages"`
	Nodes       map[string]nodeState  `json:"nodes"` // by ID
	Checkpoints local.CheckpointStats `json:"checkpoints"`
}

type stageState struct {
	ID      int     `json:"id"`
	State   string  `json:"state"` // waiting, running, done
	Done    float64 `json:"done"`  // of the weight of the splits, 0 to 1; -1 where it is not known
	Splits  [3]int  `json:"splits"`
	Queued  int     `json:"queued"`
	Blocked float64 `json:"blocked"` // seconds
	Tasks   int     `json:"tasks"`
}

type nodeState struct {
	In       int64            `json:"in"`
	Out      int64            `json:"out"`
	Bytes    int64            `json:"bytes"`
	Rejected int64            `json:"rejected"`
	Busy     float64          `json:"busy"` // seconds
	Lag      float64          `json:"lag"`  // seconds that event time is behind; -1 where there is none
	Named    map[string]int64 `json:"named,omitempty"`
}

func (m *Monitor) snapshot() snapshot {
	p, over := m.state()
	s := snapshot{Elapsed: p.Elapsed.Seconds(), Over: over, Rejected: p.Rejected, Nodes: map[string]nodeState{}, Checkpoints: p.Checkpoints}
	for _, x := range p.Stages {
		st := stageState{ID: x.ID, State: "running", Done: -1, Splits: [3]int{x.SplitsDone, x.SplitsRunning, x.SplitsKnown}, Queued: x.Queued,
			Blocked: x.Blocked.Seconds(), Tasks: x.Tasks}
		switch {
		case x.Ended:
			st.State = "done"
		case x.Waiting:
			st.State = "waiting"
		}
		if x.AllKnown && x.WeightKnown > 0 {
			st.Done = x.WeightDone / x.WeightKnown
		}
		s.Stages = append(s.Stages, st)
	}
	for id, c := range p.Nodes {
		lag := -1.0
		if c.Watermark != 0 {
			lag = m.now().Sub(time.Unix(0, c.Watermark)).Seconds()
		}
		s.Nodes[strconv.Itoa(id)] = nodeState{c.RowsIn, c.RowsOut, c.Bytes, c.Rejected, c.Busy.Seconds(), lag, c.Named}
	}
	return s
}
