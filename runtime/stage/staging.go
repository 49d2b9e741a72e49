package stage

import (
	"fmt"

	"weir/runtime/batch"
	"weir/runtime/op"
)

// nodeStaging is the part of a run's staging area that belongs to one node: its collects and its scan see each other's blocks, and no other
// node's, whatever keys they choose.
type nodeStaging struct {
	area op.Staging
	node int
}

func (s nodeStaging) key(key string) string                { return fmt.Sprintf("%d/%s", s.node, key) }
func (s nodeStaging) Put(key string, b *batch.Batch) error { return s.area.Put(s.key(key), b) }
func (s nodeStaging) Get(key string) (*batch.Batch, error) { return s.area.Get(s.key(key)) }
func (s nodeStaging) PutMeta(key string, v any) error      { return s.area.PutMeta(s.key(key), v) }
func (s nodeStaging) GetMeta(key string, v any) error      { return s.area.GetMeta(s.key(key), v) }
