package keyed_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"syscall"
	"testing"
	"time"

	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
	"weir/stdlib/internal/keyed"
	"weir/stdlib/stat"
)

// benchmark counts and sums by a key of 100,000 different ones, in batches of 4,096 rows.
func benchmark(b *testing.B, dictionary bool, sum types.Kind, text bool) {
	const rows, keys, batches = 4096, 100_000, 64
	r := rand.New(rand.NewPCG(1, 1))
	var bs []*batch.Batch
	for n := range batches {
		kind := types.Int
		if text {
			kind = types.String
		}
		key, x := batch.NewBuilder(types.Of(kind), rows), batch.NewBuilder(types.Of(sum), rows)
		var idx []uint32
		dict := map[int]uint32{}
		ord := [][]uint64{make([]uint64, rows), make([]uint64, rows)}
		for i := range rows {
			k := r.IntN(keys)
			if _, ok := dict[k]; !ok || !dictionary {
				dict[k] = uint32(key.Len())
				if text {
					key.String(fmt.Sprintf("user%06d", k))
				} else {
					key.Int(int64(k))
				}
			}
			idx = append(idx, dict[k])
			if sum == types.Float {
				x.Float(float64(r.IntN(100_000)) / 100)
			} else {
				x.Int(int64(r.IntN(1000)))
			}
			ord[0][i], ord[1][i] = uint64(n), uint64(i)
		}
		v := key.Done()
		if dictionary {
			v = &batch.Vector{Type: v.Type, N: rows, Dict: v, Idx: idx}
		}
		bs = append(bs, &batch.Batch{Row: types.Row{{Name: "k", Type: v.Type}, {Name: "x", Type: types.Of(sum)}}, N: rows, Cols: []*batch.Vector{v, x.Done()}, Ord: ord})
	}
	s, err := keyed.New(keyed.Spec{Types: []types.Type{types.Of(types.Int), types.Of(sum)}, Last: 128, All: 128, New: func() ([]op.Accumulator, error) {
		count, err := stat.Count.New(nil, nil)
		if err != nil {
			return nil, err
		}
		total, err := stat.Sum.New([]types.Type{types.Of(sum)}, nil)
		return []op.Accumulator{count, total}, err
	}})
	if err != nil {
		b.Fatal(err)
	}
	all := make([]uint32, rows)
	for i := range all {
		all[i] = uint32(i)
	}
	var k keyed.Keys
	add := func(x *batch.Batch) {
		k.Set(x.Cols[:1], x)
		if err := s.Add(keyed.Window{}, &k, all, [][]*batch.Vector{nil, x.Cols[1:]}, x.Ord); err != nil {
			b.Fatal(err)
		}
	}
	for _, x := range bs {
		add(x)
	}
	b.ResetTimer()
	from := cpuTime()
	for i := range b.N {
		x := bs[i%len(bs)]
		for k := range x.Ord[0] {
			x.Ord[0][k] = uint64(len(bs) + i)
		}
		add(x)
	}
	b.ReportMetric(float64(b.N)*rows/1e6/(cpuTime()-from), "Mrows/CPU-s")
}

// threadTime gives the seconds that the thread has computed.
func threadTime() float64 { return usage(1) }

// cpuTime gives the seconds that the process has computed: other processes do not count.
func cpuTime() float64 { return usage(syscall.RUSAGE_SELF) }

func usage(who int) float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(who, &u); err != nil {
		panic(err)
	}
	return float64(u.Utime.Sec+u.Stime.Sec) + float64(u.Utime.Usec+u.Stime.Usec)/1e6
}

func BenchmarkTextInt(b *testing.B)    { benchmark(b, false, types.Int, true) }
func BenchmarkTextFloat(b *testing.B)  { benchmark(b, false, types.Float, true) }
func BenchmarkIntInt(b *testing.B)     { benchmark(b, false, types.Int, false) }
func BenchmarkIntFloat(b *testing.B)   { benchmark(b, false, types.Float, false) }
func BenchmarkDictionary(b *testing.B) { benchmark(b, true, types.Float, true) }

// discard is a snapshot that nobody reads.
type discard struct {
	bytes int64
	later []func() error
}

func (d *discard) KeyGroup(_ int, state []byte) error { d.bytes += int64(len(state)); return nil }
func (d *discard) Item([]byte) error                  { return nil }
func (d *discard) File(string, string) error          { return nil }
func (d *discard) Later(f func() error)               { d.later = append(d.later, f) }

// BenchmarkSnapshotPause takes snapshots of a state of two million groups while rows come, and reports the longest that the stream has stood still.
func BenchmarkSnapshotPause(b *testing.B) {
	const rows, keys = 4096, 2_000_000
	s, err := keyed.New(keyed.Spec{Types: []types.Type{types.Of(types.Int), types.Of(types.Float)}, Last: 128, All: 128, New: func() ([]op.Accumulator, error) {
		count, err := stat.Count.New(nil, nil)
		if err != nil {
			return nil, err
		}
		mean, err := stat.Mean.New([]types.Type{types.Of(types.Float)}, nil)
		return []op.Accumulator{count, mean}, err
	}})
	if err != nil {
		b.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 1))
	all := make([]uint32, rows)
	for i := range all {
		all[i] = uint32(i)
	}
	var k keyed.Keys
	runtime.LockOSThread()
	most := 0.0 // seconds of the processor
	add := func() time.Duration {
		key := &batch.Vector{Type: types.Of(types.Int), N: rows, Ints: make([]int64, rows)}
		x := &batch.Vector{Type: types.Of(types.Float), N: rows, Floats: make([]float64, rows)}
		for i := range rows {
			key.Ints[i], x.Floats[i] = r.Int64N(keys), float64(i)
		}
		from, cpu := time.Now(), threadTime()
		k.Set([]*batch.Vector{key}, &batch.Batch{N: rows})
		if err := s.Add(keyed.Window{}, &k, all, [][]*batch.Vector{nil, {x}}, nil); err != nil {
			b.Fatal(err)
		}
		most = max(most, threadTime()-cpu)
		return time.Since(from)
	}
	for range 3 * keys / rows {
		add()
	}
	var usual, pause time.Duration
	for range 200 {
		usual += add() / 200
	}
	b.ResetTimer()
	most = 0
	for range b.N {
		var d discard
		from := time.Now()
		if err := s.Snapshot(&d); err != nil {
			b.Fatal(err)
		}
		pause = max(pause, time.Since(from))
		done := make(chan error)
		go func() { done <- d.later[0]() }()
		for writing := true; writing; {
			pause = max(pause, add())
			select {
			case err := <-done:
				if err != nil {
					b.Fatal(err)
				}
				writing = false
			default:
			}
		}
		for range 100 {
			pause = max(pause, add())
		}
		b.ReportMetric(float64(d.bytes)/1e6, "MB")
	}
	b.ReportMetric(most*1e3, "CPU-ms-pause")
	b.ReportMetric(pause.Seconds()*1e3, "ms-pause")
	b.ReportMetric(usual.Seconds()*1e3, "ms-batch")
}
