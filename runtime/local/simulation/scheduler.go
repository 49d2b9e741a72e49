// Package simulation runs the real runtime in a world that follows from a seed: who of its goroutines goes on, what the clock says, and what the
// disk does. So a run can be stopped at any place, a fault can strike at any call, and what went wrong once goes wrong again.
package simulation

import (
	"context"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"sync"
	"time"

	"weir/runtime/local"
)

// Scheduler lets one goroutine of a run go on at a time, until it waits. It implements local.Scheduler.
type Scheduler struct {
	random *rand.Rand
	now    time.Time
	// Step is called before every step, with their number; it may end the run's context.
	Step func(n int)

	mu      sync.Mutex
	workers []*worker
	current *worker
	steps   int
	trace   uint64
	back    chan struct{} // the one that goes on has waited or returned
}

// worker is a goroutine.
type worker struct {
	number   int
	gate     chan struct{}
	waits    bool
	ctx      context.Context
	deadline time.Time
	signals  []*local.Signal
	extra    <-chan struct{}
	got      bool
}

// New makes a scheduler.
func New(random *rand.Rand) *Scheduler {
	return &Scheduler{random: random, now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), back: make(chan struct{})}
}

// Trace is a hash of who went on when: two runs with the same one went the same way.
func (s *Scheduler) Trace() uint64 { return s.trace }

// Steps is how often a goroutine went on.
func (s *Scheduler) Steps() int { return s.steps }

// Now implements local.Scheduler.
func (s *Scheduler) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

// Go implements local.Scheduler. The goroutine begins when Join lets it.
func (s *Scheduler) Go(f, done func()) {
	s.mu.Lock()
	w := &worker{number: len(s.workers), gate: make(chan struct{})}
	s.workers = append(s.workers, w)
	s.mu.Unlock()
	go func() {
		<-w.gate
		f()
		done()
		s.mu.Lock()
		s.workers[w.number] = nil
		s.mu.Unlock()
		s.back <- struct{}{}
	}()
}

// Wait implements local.Scheduler.
func (s *Scheduler) Wait(ctx context.Context, deadline time.Time, extra <-chan struct{}, signals ...*local.Signal) bool {
	s.mu.Lock()
	w := s.current
	w.waits, w.ctx, w.deadline, w.signals, w.extra, w.got = true, ctx, deadline, signals, extra, false
	s.mu.Unlock()
	s.back <- struct{}{}
	<-w.gate
	return w.got
}

// Pause lets the others go on for a while: the goroutine that calls it waits for a disk.
func (s *Scheduler) Pause() {
	s.Wait(context.Background(), s.Now().Add(time.Duration(s.random.IntN(400))*time.Microsecond), nil)
}

// ready reports whether a goroutine can go on.
func (s *Scheduler) ready(w *worker) bool {
	if !w.waits || w.ctx.Err() != nil || !w.deadline.IsZero() && !w.deadline.After(s.now) {
		return true
	}
	for _, x := range w.signals {
		if x.IsSet() {
			return true
		}
	}
	return len(w.extra) > 0
}

// Join implements local.Scheduler: it lets the goroutines go on, one at a time.
func (s *Scheduler) Join(all *sync.WaitGroup) {
	for {
		s.mu.Lock()
		var can []*worker
		var next time.Time
		alive := false
		for _, w := range s.workers {
			if w == nil {
				continue
			}
			alive = true
			if s.ready(w) {
				can = append(can, w)
			} else if !w.deadline.IsZero() && (next.IsZero() || w.deadline.Before(next)) {
				next = w.deadline
			}
		}
		switch {
		case !alive:
			s.mu.Unlock()
			all.Wait()
			return
		case len(can) == 0 && next.IsZero():
			s.mu.Unlock()
			panic(fmt.Sprintf("simulation: after %d steps every goroutine waits for another one", s.steps))
		case len(can) == 0:
			s.now = next
			s.mu.Unlock()
			continue
		}
		// Time goes on a little with every step.
		s.now = s.now.Add(time.Duration(s.random.IntN(200)) * time.Microsecond)
		w := can[s.random.IntN(len(can))]
		s.steps++
		h := fnv.New64a()
		fmt.Fprint(h, s.trace, w.number)
		s.trace = h.Sum64()
		if w.waits {
			w.waits = false
			for _, x := range w.signals {
				if x.Take() {
					break
				}
			}
			select {
			case <-w.extra:
				w.got = true
			default:
			}
		}
		s.current = w
		n := s.steps
		s.mu.Unlock()
		if s.Step != nil {
			s.Step(n)
		}
		w.gate <- struct{}{}
		<-s.back
	}
}
