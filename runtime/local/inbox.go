package local

import (
	"sync"

	"weir/runtime/batch"
)

// messageKind is what a message between tasks says.
type messageKind uint8

const (
	dataMessage      messageKind = iota // rows
	splitEndMessage                     // every row of split seq has been sent
	endMessage                          // the upstream task has drained
	watermarkMessage                    // no row of event time before at will come
	idleMessage                         // nobody should wait for this channel's watermark
	barrierMessage                      // checkpoint id: what was sent before belongs to it
)

// message goes from a task to a task.
type message struct {
	kind  messageKind
	input int    // index in Stage.Inputs of the receiver
	seq   uint64 // number of the split that the rows are of, see dispenser; drained rows come behind all splits
	at    int64  // of a watermark
	id    uint64 // of a barrier
	batch *batch.Batch
}

// inboxBatches bounds the messages of one sender that wait for a task.
const inboxBatches = 4

// inbox has the messages that wait for a task, by the channel that they come through: one for each upstream task, whatever number of exchanges
// there are between the two, so that all that one task says comes in the order in which it was said. A channel
// from which a barrier has come is closed until the barrier has come from all.
type inbox struct {
	wake *Signal // of the task

	mu       sync.Mutex
	channels []*channel
	turn     int // the channel that is looked at first
	queued   int
}

// channel is one sender's.
type channel struct {
	inbox  *inbox
	from   *task
	number map[int]int // by Stage.Inputs: the sender's number among those of the input

	// guarded by inbox.mu
	queue   []message
	blocked bool
	ended   bool // as many endMessages were taken as there are inputs
	ends    int
}

// open gives the channel from a task, which is to be its sender number `number` of an input.
func (i *inbox) open(from *task, input, number int) *channel {
	for _, c := range i.channels {
		if c.from == from {
			c.number[input] = number
			return c
		}
	}
	c := &channel{inbox: i, from: from, number: map[int]int{input: number}}
	i.channels = append(i.channels, c)
	return c
}

// push adds a message; false where there is no room.
func (c *channel) push(m message) bool {
	c.inbox.mu.Lock()
	if len(c.queue) >= inboxBatches {
		c.inbox.mu.Unlock()
		return false
	}
	c.queue = append(c.queue, m)
	c.inbox.queued++
	c.inbox.mu.Unlock()
	c.inbox.wake.Set()
	return true
}

// waiting is the number of messages in the channel.
func (c *channel) waiting() int {
	c.inbox.mu.Lock()
	defer c.inbox.mu.Unlock()
	return len(c.queue)
}

// pop takes the next message of a channel that is not closed, the channels in turn.
func (i *inbox) pop() (m message, c *channel, ok bool) {
	i.mu.Lock()
	for k := range i.channels {
		x := i.channels[(i.turn+k)%len(i.channels)]
		if x.blocked || len(x.queue) == 0 {
			continue
		}
		m, c, ok = x.queue[0], x, true
		x.queue[0] = message{}
		if x.queue = x.queue[1:]; len(x.queue) == 0 {
			x.queue = nil
		}
		i.queued--
		i.turn = (i.turn + k + 1) % len(i.channels)
		switch m.kind {
		case barrierMessage:
			x.blocked = true
		case endMessage:
			x.ends++
			x.ended = x.ends == len(x.number)
		}
		break
	}
	i.mu.Unlock()
	if ok {
		c.from.space.Set()
	}
	return m, c, ok
}

// aligned reports whether every channel is closed by a barrier or has ended.
func (i *inbox) aligned() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, c := range i.channels {
		if !c.blocked && !c.ended {
			return false
		}
	}
	return true
}

// ended reports whether every channel has.
func (i *inbox) ended() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, c := range i.channels {
		if !c.ended {
			return false
		}
	}
	return true
}

// blocked reports whether a channel is closed by a barrier.
func (i *inbox) blocked() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, c := range i.channels {
		if c.blocked {
			return true
		}
	}
	return false
}

// unblock opens all channels again.
func (i *inbox) unblock() {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, c := range i.channels {
		c.blocked = false
	}
}

func (i *inbox) waiting() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.queued
}
