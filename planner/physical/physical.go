// Package physical has the plan that is run: stages of chained operators, and the exchanges between them. It is JSON, versioned and hashed;
// a driver needs nothing else.
package physical

import (
	"weir/compiler/logical"
	"weir/compiler/types"
	"weir/planner/estimate"
	"weir/runtime/op"
)

// Version of the JSON form. A driver refuses any other.
const Version = 1

// Plan is a physical plan.
type Plan struct {
	Version int             `json:"version"`
	Hash    string          `json:"hash"` // of everything but Hash, Estimates and Decisions: "sha256:…"
	File    string          `json:"file"`
	Target  string          `json:"target"`
	Params  []logical.Param `json:"params,omitempty"`
	// Nodes are the operators as the rules have left them: rows pruned, hidden arguments set.
	Nodes     []*logical.Node      `json:"nodes"`
	Stages    []*Stage             `json:"stages"`
	Estimates map[int]NodeEstimate `json:"estimates,omitempty"` // by node ID
	Decisions []Decision           `json:"decisions,omitempty"`
	Risks     []string             `json:"risks,omitempty"`
}

// NodeEstimate is what is known of a node's output and work.
type NodeEstimate struct {
	Out  estimate.Stream `json:"out"`
	Work estimate.Work   `json:"work,omitzero"`
}

// Stage is a tree of operators with function calls between them, run by Parallelism tasks.
type Stage struct {
	ID          int        `json:"id"` // from 0, in topological order
	Ops         []Op       `json:"ops"`
	Inputs      []Exchange `json:"inputs,omitempty"`
	Parallelism int        `json:"parallelism"`
	// After lists stages that must have ended before this one begins: those that lay out the blocks it scans.
	After []int `json:"after,omitempty"`
}

// Part says which part of an operator a stage runs.
type Part string

const (
	Whole   Part = "whole"   // Operator.New or Operator.Source
	Collect Part = "collect" // Operator.Staged.Collect
	Scan    Part = "scan"    // Operator.Staged.Scan
)

// Op is an operator's place in a stage.
type Op struct {
	Node int  `json:"node"`
	Part Part `json:"part"`
	Port int  `json:"port,omitempty"` // of Collect
	// Inputs lists, by port, the operators of this stage that feed this one. What comes through an exchange is in Stage.Inputs.
	Inputs [][]ChainInput `json:"inputs,omitempty"`
}

// ChainInput is an output of an operator of the same stage.
type ChainInput struct {
	Op   int    `json:"op"` // index in Stage.Ops
	Side string `json:"side,omitempty"`
}

// ExchangeKind says how rows find their task.
type ExchangeKind string

const (
	Forward   ExchangeKind = "forward"   // task i to task i
	Hash      ExchangeKind = "hash"      // by key group
	Broadcast ExchangeKind = "broadcast" // every row to every task
	Rebalance ExchangeKind = "rebalance" // batches to whichever task is free
	Gather    ExchangeKind = "gather"    // to the one task
)

// Order says in which order a Gather gives rows on.
type Order string

const (
	Unordered  Order = ""
	BySplit    Order = "split"    // split by split: holds back what comes early; for row-wise stages behind a source of splits
	ByOrdinals Order = "ordinals" // sorted by the rows' ordinals; spills
)

// Exchange moves an output of another stage to an operator of this one.
type Exchange struct {
	Stage int          `json:"stage"`
	From  int          `json:"from"` // index in that stage's Ops
	Side  string       `json:"side,omitempty"`
	To    int          `json:"to"` // index in this stage's Ops
	Port  int          `json:"port"`
	Kind  ExchangeKind `json:"kind"`
	Keys  []op.Key     `json:"keys,omitempty"` // of Hash
	Order Order        `json:"order,omitempty"`
	Row   types.Row    `json:"row"`
}

// Decision is what a rule did, or why it did not.
type Decision struct {
	Rule  string `json:"rule"`
	Fired bool   `json:"fired"`
	Node  string `json:"node,omitempty"` // as messages call it
	Why   string `json:"why"`
}

// Node finds a node by its ID; nil where there is none.
func (p *Plan) Node(id int) *logical.Node {
	for _, n := range p.Nodes {
		if n.ID == id {
			return n
		}
	}
	return nil
}
