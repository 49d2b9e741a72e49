package local

import (
	"context"
	"sync"
	"time"
)

// Scheduler starts the goroutines of a run and lets them wait. The system's is goroutines and channels; a simulation has one that lets
// one goroutine run at a time, in an order that follows from a seed.
type Scheduler interface {
	// Go starts f. done is called when it has returned.
	Go(f, done func())
	// Wait returns when one of the signals is set, which it takes back; when extra has a value, which it takes, or is closed; when ctx ends;
	// or at the deadline, where it is not zero. extra may be nil. It may also return for no reason, except that got says truly
	// whether extra was ready.
	Wait(ctx context.Context, deadline time.Time, extra <-chan struct{}, signals ...*Signal) (got bool)
	Now() time.Time
	// Join waits until all goroutines that were started, and those that they start, have returned; all counts them.
	Join(all *sync.WaitGroup)
}

// Signal is set until somebody who waits for it takes it back. One goroutine waits for it.
type Signal struct{ c chan struct{} }

// NewSignal gives one that is not set.
func NewSignal() *Signal { return &Signal{make(chan struct{}, 1)} }

// Set sets it.
func (s *Signal) Set() {
	select {
	case s.c <- struct{}{}:
	default:
	}
}

// Take takes it back and reports whether it was set.
func (s *Signal) Take() bool {
	select {
	case <-s.c:
		return true
	default:
		return false
	}
}

// IsSet reports whether it is set.
func (s *Signal) IsSet() bool { return len(s.c) > 0 }

// goroutines is the system's scheduler.
type goroutines struct{ clock Clock }

func (g goroutines) Go(f, done func()) {
	go func() {
		defer done()
		f()
	}()
}

func (g goroutines) Join(all *sync.WaitGroup) { all.Wait() }

func (g goroutines) Now() time.Time { return g.clock.Now() }

func (g goroutines) Wait(ctx context.Context, deadline time.Time, extra <-chan struct{}, signals ...*Signal) bool {
	var timer <-chan time.Time
	if !deadline.IsZero() {
		d := deadline.Sub(g.clock.Now())
		if d <= 0 {
			return false
		}
		timer = g.clock.After(d)
	}
	var c [3]chan struct{} // as many as anybody waits for
	for i, s := range signals {
		c[i] = s.c
	}
	select {
	case <-extra:
		return true
	case <-c[0]:
	case <-c[1]:
	case <-c[2]:
	case <-timer:
	case <-ctx.Done():
	}
	return false
}
