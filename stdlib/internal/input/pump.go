package input

import (
	"io"
	"sync"
)

// pumpBytes bounds what is read ahead.
const pumpBytes = 256 << 10

// always is ready.
var always = func() <-chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// pump reads ahead, so that who waits for data can wait for something else as well.
type pump struct {
	mu      sync.Mutex
	changed sync.Cond // there is room, or the pump has been stopped
	buf     []byte
	err     error
	stopped bool
	some    chan struct{} // has a value when something has come since it was taken
}

func newPump(r io.Reader) *pump {
	p := &pump{some: make(chan struct{}, 1)}
	p.changed.L = &p.mu
	go p.run(r)
	return p
}

func (p *pump) run(r io.Reader) {
	chunk := make([]byte, pumpBytes)
	for {
		n, err := r.Read(chunk)
		p.mu.Lock()
		for len(p.buf) > 0 && len(p.buf)+n > pumpBytes && !p.stopped {
			p.changed.Wait()
		}
		p.buf = append(p.buf, chunk[:n]...)
		p.err = err
		stop := p.stopped || err != nil
		p.mu.Unlock()
		select {
		case p.some <- struct{}{}:
		default:
		}
		if stop {
			return
		}
	}
}

func (p *pump) ready() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.buf) > 0 || p.err != nil {
		return always
	}
	return p.some
}

// Read waits for data.
func (p *pump) Read(b []byte) (int, error) {
	for {
		p.mu.Lock()
		if len(p.buf) > 0 || p.err != nil {
			n := copy(b, p.buf)
			p.buf = p.buf[n:]
			if len(p.buf) == 0 {
				p.buf = nil
			}
			var err error
			if n == 0 {
				err = p.err
			}
			p.changed.Signal()
			p.mu.Unlock()
			return n, err
		}
		p.mu.Unlock()
		<-p.some
	}
}

func (p *pump) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stopped = true
	p.changed.Signal()
}
