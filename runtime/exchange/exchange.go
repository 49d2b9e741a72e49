// Package exchange finds the tasks that rows belong to, behind an exchange of a plan.
package exchange

import (
	"fmt"

	"weir/planner/physical"
	"weir/runtime/batch"
	"weir/runtime/eval"
	"weir/runtime/op"
)

// Hash deals rows out by the key groups of their keys. It is used by one goroutine.
type Hash struct {
	keys   []op.Evaluator
	groups int
}

// NewHash makes the hash of an exchange of this kind, for so many key groups.
func NewHash(c *op.Catalogue, x *physical.Exchange, groups int) (*Hash, error) {
	if len(x.Keys) == 0 {
		return nil, fmt.Errorf("a hash exchange has no keys")
	}
	h := &Hash{groups: groups}
	for _, k := range x.Keys {
		e, err := eval.Compile(c, k.Expr, x.Row)
		if err != nil {
			return nil, fmt.Errorf("the key `%s` of a hash exchange: %w", k.Expr, err)
		}
		h.keys = append(h.keys, e)
	}
	return h, nil
}

// Split gives the rows of each of so many tasks: key group g of G is task g·tasks/G's. Nil for a task that gets none. The columns are shared.
func (h *Hash) Split(b *batch.Batch, tasks int) ([]*batch.Batch, error) {
	if tasks == 1 {
		return []*batch.Batch{b}, nil
	}
	keys := make([]*batch.Vector, len(h.keys))
	var bad map[int]bool // a key cannot be computed; the operator behind the exchange finds that out again and rejects the row
	for i, k := range h.keys {
		v, failed, err := k.Eval(b)
		if err != nil {
			return nil, err
		}
		keys[i] = v
		for _, f := range failed {
			if bad == nil {
				bad = map[int]bool{}
			}
			bad[f.Row] = true
		}
	}
	groups := batch.KeyGroups(keys, b.Sel, b.N, h.groups)
	sels := make([][]uint32, tasks)
	for i := range b.Len() {
		row := b.Pos(i)
		group := 0
		if !bad[row] {
			group = int(groups[row])
		}
		t := group * tasks / h.groups
		sels[t] = append(sels[t], uint32(row))
	}
	parts := make([]*batch.Batch, tasks)
	for i, sel := range sels {
		if sel != nil {
			parts[i] = b.Select(sel)
		}
	}
	return parts, nil
}
