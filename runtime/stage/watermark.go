package stage

import (
	"maps"
	"math"
	"slices"
)

// clock is event time at an operator: the least that its inputs say, those that are idle left out.
type clock struct {
	edges []edge
	now   int64 // what the instance was told last
	idle  bool
	// passed is what was said last to who is behind.
	passed int64
}

// edge is one input of an operator: an operator of the same stage, or one upstream task behind an exchange.
type edge struct {
	at   int64
	idle bool
}

// edge adds an input and gives its number.
func (c *clock) edge() int {
	if len(c.edges) == 0 {
		c.now, c.passed = math.MinInt64, math.MinInt64
	}
	c.edges = append(c.edges, edge{at: math.MinInt64})
	return len(c.edges) - 1
}

// KeyGroupsOf gives the key groups [first, last) of a task. Group g of n is task g·tasks/n's.
func KeyGroupsOf(task, tasks, n int) (first, last int) {
	return (task*n + tasks - 1) / tasks, ((task+1)*n + tasks - 1) / tasks
}

// Watermark says that no row of event time before ts (nanoseconds) will come any more from an upstream task, its number among those that send
// through Stage.Inputs[input].
func (t *Task) Watermark(input, channel int, ts int64) error {
	return t.mark(input, channel, func(e *edge) { e.at, e.idle = max(e.at, ts), false })
}

// Idle says that nobody should wait for the watermark of an upstream task until it has rows or a watermark again.
func (t *Task) Idle(input, channel int) error {
	return t.mark(input, channel, func(e *edge) { e.idle = true })
}

// InputEnded says that an upstream task has drained: its watermark is beyond every time.
func (t *Task) InputEnded(input, channel int) error {
	return t.mark(input, channel, func(e *edge) { e.at, e.idle = math.MaxInt64, false })
}

// Senders says that n upstream tasks send through Stage.Inputs[input], where Config.Channels did not know that yet: those beyond its number are new, and nothing
// is known of event time there.
func (t *Task) Senders(input, n int) error {
	if input < 0 || input >= len(t.external) {
		return badPlan("stage %d has no input %d", t.c.Stage, input)
	}
	if len(t.external[input]) == 0 {
		return badPlan("input %d of stage %d has no channels", input, t.c.Stage)
	}
	to := t.external[input][0]
	for len(t.external[input]) < n {
		t.external[input] = append(t.external[input], consumer{to.op, to.port, t.ops[to.op].clock.edge()})
	}
	return nil
}

func (t *Task) mark(input, channel int, change func(*edge)) error {
	if input < 0 || input >= len(t.external) || channel < 0 || channel >= len(t.external[input]) {
		return badPlan("stage %d has no input %d from task %d", t.c.Stage, input, channel)
	}
	x := t.external[input][channel]
	o := t.ops[x.op]
	change(&o.clock.edges[x.edge])
	return o.advance()
}

// advance tells the instance, and who is behind it, how far event time has gone at its inputs: to the least that one of them says that is not idle, and where all
// are, to the furthest, since then nobody holds it back.
func (o *operator) advance() error {
	least, most, idle, ended := int64(math.MaxInt64), int64(math.MinInt64), true, true
	for _, e := range o.clock.edges {
		if e.at == math.MaxInt64 { // it has ended
			continue
		}
		ended = false
		most = max(most, e.at)
		if !e.idle {
			least, idle = min(least, e.at), false
		}
	}
	if ended { // at the very end the instance is drained instead
		return nil
	}
	at := least
	if idle {
		at = most
	}
	if !idle && o.clock.idle {
		o.clock.idle = false
		if o.clock.passed > math.MinInt64 { // who is behind waits for this one again
			if err := o.passWatermark(o.clock.passed); err != nil {
				return err
			}
		}
	}
	if at > o.clock.now {
		o.clock.now = at
		if o.instance != nil {
			if err := o.task.call(o.index, func() error { return o.instance.Watermark(at, o) }); err != nil {
				return err
			}
		}
		if !o.spec.Caps.Watermarks {
			if err := o.passWatermark(at); err != nil {
				return err
			}
		}
	}
	if idle && !o.clock.idle {
		o.clock.idle = true
		return o.passIdle()
	}
	return nil
}

// Watermark implements op.Output.
func (o *operator) Watermark(t int64) error {
	o.counters.Watermark.Store(t)
	return o.passWatermark(t)
}

// Idle implements op.Output.
func (o *operator) Idle() error { return o.passIdle() }

func (o *operator) passWatermark(t int64) error {
	o.clock.passed = t
	if err := o.each(func(e *edge) { e.at, e.idle = max(e.at, t), false }); err != nil {
		return err
	}
	if len(o.leaves) > 0 && o.task.c.Watermark != nil {
		return o.task.c.Watermark(o.index, t)
	}
	return nil
}

func (o *operator) passIdle() error {
	if err := o.each(func(e *edge) { e.idle = true }); err != nil {
		return err
	}
	if len(o.leaves) > 0 && o.task.c.Idle != nil {
		return o.task.c.Idle(o.index)
	}
	return nil
}

// each changes the edges to all consumers of the same stage.
func (o *operator) each(change func(*edge)) error {
	for _, side := range slices.Sorted(maps.Keys(o.consumers)) { // always in one order
		for _, c := range o.consumers[side] {
			to := o.task.ops[c.op]
			change(&to.clock.edges[c.edge])
			if err := to.advance(); err != nil {
				return err
			}
		}
	}
	return nil
}

// findLive tells the operators behind live sources that they are.
func (t *Task) findLive() {
	live := map[int]bool{}
	var of func(id int) bool
	of = func(id int) bool {
		if is, known := live[id]; known {
			return is
		}
		live[id] = false // a plan has no circles; this one has been checked for them or is refused elsewhere
		n := t.c.Plan.Node(id)
		if n == nil {
			return false
		}
		spec := t.c.Catalogue.Operator(n.Op)
		is := spec != nil && spec.Caps.Live != nil && spec.Caps.Live(n.Args)
		for _, port := range n.Inputs {
			for _, in := range port {
				is = of(in.Node) || is
			}
		}
		live[id] = is
		return is
	}
	for _, o := range t.ops {
		o.config.Live = of(o.node.ID)
	}
}
