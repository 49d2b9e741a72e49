package monitor

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("weir_"+name, help, labels, nil)
}

// The metrics. An operator is named as messages name it: "align (pairwise.flow:13)".
var (
	rowsIn      = describe("operator_rows_in_total", "Rows that an operator has taken in.", "operator")
	rowsOut     = describe("operator_rows_out_total", "Rows that an operator has given out.", "operator")
	rejected    = describe("operator_rows_rejected_total", "Rows that an operator has rejected.", "operator")
	bytesOut    = describe("operator_bytes_out_total", "Bytes of the rows that an operator has given out.", "operator")
	busy        = describe("operator_busy_seconds_total", "Time in an operator's own code, all tasks together.", "operator")
	counted     = describe("operator_counter_total", "What an operator counts besides: cells, pairs, late.", "operator", "counter")
	watermark   = describe("operator_watermark_seconds", "Event time behind an operator that makes watermarks, in seconds since 1970.", "operator")
	lag         = describe("operator_watermark_lag_seconds", "How far event time is behind the clock.", "operator")
	queued      = describe("stage_queued_batches", "Messages that wait for a stage's tasks.", "stage")
	blocked     = describe("stage_blocked_seconds_total", "Time that a stage's tasks have waited for those behind them (back-pressure).", "stage")
	splits      = describe("stage_splits", "Splits of a stage's sources: done, running, known.", "stage", "state")
	unconsumed  = describe("rows_rejected_unconsumed_total", "Rejected rows that no side output takes; --max-errors bounds them.")
	elapsed     = describe("run_elapsed_seconds", "Time since the run began.")
	checkpoints = describe("checkpoints_total", "Checkpoints, by result: complete or failed.", "result")
	lastAt      = describe("checkpoint_last_timestamp_seconds", "When the last checkpoint was complete, in seconds since 1970.")
	lastTook    = describe("checkpoint_last_duration_seconds", "How long the last checkpoint took.")
	lastPause   = describe("checkpoint_last_pause_seconds", "The longest time that a task stood still for the last checkpoint.")
	lastBytes   = describe("checkpoint_last_bytes", "State in the last checkpoint, files that did not change left out.")
)

// collector gives the state of the run as metrics.
type collector struct{ m *Monitor }

func (c collector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{rowsIn, rowsOut, rejected, bytesOut, busy, counted, watermark, lag, queued, blocked, splits, unconsumed, elapsed,
		checkpoints, lastAt, lastTook, lastPause, lastBytes} {
		out <- d
	}
}

func (c collector) Collect(out chan<- prometheus.Metric) {
	p, _ := c.m.state()
	counter := func(d *prometheus.Desc, x float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, x, labels...)
	}
	gauge := func(d *prometheus.Desc, x float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, x, labels...)
	}
	seen := map[string]bool{}
	for _, n := range c.m.plan.Nodes {
		s, name := p.Nodes[n.ID], n.Name()
		if seen[name] { // two of one operator in one line
			name += " #" + strconv.Itoa(n.ID)
		}
		seen[name] = true
		counter(rowsIn, float64(s.RowsIn), name)
		counter(rowsOut, float64(s.RowsOut), name)
		counter(rejected, float64(s.Rejected), name)
		counter(bytesOut, float64(s.Bytes), name)
		counter(busy, s.Busy.Seconds(), name)
		for what, x := range s.Named {
			counter(counted, float64(x), name, what)
		}
		if s.Watermark != 0 {
			gauge(watermark, float64(s.Watermark)/1e9, name)
			gauge(lag, c.m.now().Sub(time.Unix(0, s.Watermark)).Seconds(), name)
		}
	}
	for _, s := range p.Stages {
		id := strconv.Itoa(s.ID)
		gauge(queued, float64(s.Queued), id)
		counter(blocked, s.Blocked.Seconds(), id)
		gauge(splits, float64(s.SplitsDone), id, "done")
		gauge(splits, float64(s.SplitsRunning), id, "running")
		gauge(splits, float64(s.SplitsKnown), id, "known")
	}
	counter(unconsumed, float64(p.Rejected))
	gauge(elapsed, p.Elapsed.Seconds())
	k := p.Checkpoints
	counter(checkpoints, float64(k.Complete), "complete")
	counter(checkpoints, float64(k.Failed), "failed")
	if k.Complete > 0 {
		gauge(lastAt, float64(k.At.UnixNano())/1e9)
		gauge(lastTook, k.Took.Seconds())
		gauge(lastPause, k.Pause.Seconds())
		gauge(lastBytes, float64(k.Bytes))
	}
}
