package main

import (
	"runtime/debug"
	"runtime/metrics"
)

// pacer sets how far the heap may grow before garbage is collected: at least by garbageBytes. A run that holds little would else collect
// hundreds of times a second, and one that holds much gets the usual doubling.
type pacer struct {
	percent int
	live    []metrics.Sample
}

const garbageBytes = 24 << 20

func newPacer() *pacer {
	p := &pacer{live: []metrics.Sample{{Name: "/gc/heap/live:bytes"}}}
	p.set(200)
	return p
}

func (p *pacer) set(percent int) {
	if percent != p.percent {
		p.percent = percent
		debug.SetGCPercent(percent)
	}
}

// adjust goes by what the last collection has left. It is called now and then.
func (p *pacer) adjust() {
	metrics.Read(p.live)
	live := p.live[0].Value.Uint64()
	switch {
	case live > garbageBytes:
		p.set(100)
	case live > garbageBytes/2:
		p.set(200)
	default:
		p.set(200)
	}
}
