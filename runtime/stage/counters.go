package stage

import (
	"sync"
	"sync/atomic"
	"time"

	"weir/planner/physical"
)

// Counters counts what the nodes of a plan do, all tasks together. Its methods may be called from any goroutine.
type Counters struct{ nodes map[int]*NodeCounters }

// NewCounters makes counters for all nodes of a plan.
func NewCounters(p *physical.Plan) *Counters {
	c := &Counters{map[int]*NodeCounters{}}
	for _, n := range p.Nodes {
		c.nodes[n.ID] = &NodeCounters{}
	}
	return c
}

// Node gives the counters of a node by its ID.
func (c *Counters) Node(id int) *NodeCounters { return c.nodes[id] }

// NodeCounters counts what one node does.
type NodeCounters struct {
	RowsIn, RowsOut, Rejected atomic.Int64
	Bytes                     atomic.Int64 // of the rows out, see batch.Batch.Size
	Busy                      atomic.Int64 // nanoseconds in the operator's own code, all tasks together
	// Watermark is the last one of an operator that makes them, of whichever task; 0 where there is none.
	Watermark atomic.Int64

	mu    sync.Mutex
	named map[string]int64
}

// Add adds to a counter that the operator has named.
func (c *NodeCounters) Add(name string, n int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.named == nil {
		c.named = map[string]int64{}
	}
	c.named[name] += n
}

// Counts is the state of a NodeCounters at one moment.
type Counts struct {
	RowsIn   int64         `json:"rows_in"`
	RowsOut  int64         `json:"rows_out"`
	Rejected int64         `json:"rejected,omitempty"`
	Bytes    int64         `json:"bytes,omitempty"` // of the rows out
	Busy     time.Duration `json:"busy_ns"`         // CPU and waiting inside of the operator, all tasks together
	// Watermark is in nanoseconds since 1970; 0 where there is none.
	Watermark int64            `json:"watermark_ns,omitempty"`
	Named     map[string]int64 `json:"named,omitempty"` // "cells", "pairs", …
}

// Counts gives the state at this moment.
func (c *NodeCounters) Counts() Counts {
	out := Counts{RowsIn: c.RowsIn.Load(), RowsOut: c.RowsOut.Load(), Rejected: c.Rejected.Load(), Bytes: c.Bytes.Load(),
		Busy: time.Duration(c.Busy.Load()), Watermark: c.Watermark.Load()}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.named) > 0 {
		out.Named = map[string]int64{}
		for k, v := range c.named {
			out.Named[k] = v
		}
	}
	return out
}

// Restore goes on counting from where a checkpoint was.
func (c *NodeCounters) Restore(x Counts) {
	c.RowsIn.Store(x.RowsIn)
	c.RowsOut.Store(x.RowsOut)
	c.Rejected.Store(x.Rejected)
	c.Bytes.Store(x.Bytes)
	c.Busy.Store(int64(x.Busy))
	for name, n := range x.Named {
		c.Add(name, n)
	}
}
