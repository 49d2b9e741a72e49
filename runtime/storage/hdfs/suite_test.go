package hdfs

import (
	"math/rand/v2"
	"testing"

	"weir/runtime/op"
	"weir/runtime/storage/storagetest"
)

func TestSuite(t *testing.T) {
	m := newMemory()
	storagetest.Run(t, storagetest.Fixture{
		New:   func(t testing.TB) op.Storage { return m.process(t) },
		Dir:   func(testing.TB) string { return "hdfs://nn/" + random(6) + "/" },
		Large: 1 << 20,
	})
}

// TestSuiteFaults: one operation in fifty fails, some of them after they have been done.
func TestSuiteFaults(t *testing.T) {
	m := newMemory()
	m.rand, m.rate = rand.New(rand.NewPCG(1, 2)), 0.02
	storagetest.Run(t, storagetest.Fixture{
		New:   func(t testing.TB) op.Storage { return m.process(t) },
		Dir:   func(testing.TB) string { return "hdfs://nn/" + random(6) + "/" },
		Large: 1 << 20,
		Steps: 5,
	})
}
