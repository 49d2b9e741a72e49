package hdfs

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"sync"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// A block is written to the first of its data nodes, which passes it on to the others: a pipeline. A name node gives dead nodes for pipelines until it
// has missed them for ten minutes (dfs.namenode.heartbeat.recheck-interval), unless a client says which it has found dead. The library cannot say that, and
// gives up at the first dead node; in a small cluster hardly any file could be written for these ten minutes. So the request that sets up a
// pipeline is looked at on its way to the node, and nodes that do not answer are left out of it. The name node sees a block with fewer replicas than
// it should have, as after the failure of a node while a block is written, and has it copied.
//
// Where data are protected (SASL), requests cannot be seen. There the segment is written again until it has met no dead node.

// Of DataTransferProtocol and its messages (datatransfer.proto, hdfs.proto).
const (
	transferVersion = 28
	opWriteBlock    = 80
	opUnknown       = 255

	fieldTargets      = 2 // of OpWriteBlockProto: the nodes behind the first one
	fieldPipelineSize = 5
	fieldNodeID       = 1 // of DatanodeInfoProto
	fieldIP           = 1 // of DatanodeIDProto
	fieldHost         = 2
	fieldPort         = 4
)

const (
	probeTimeout = 3 * time.Second
	failedFor    = 30 * time.Second // a node that did not answer is not asked again
	suspectFor   = 10 * time.Minute // after a node has hung, an open port is not enough
)

// pipelines connects to data nodes.
type pipelines struct {
	timeout time.Duration
	byHost  bool // dfs.client.use.datanode.hostname

	mu      sync.Mutex
	failed  map[string]time.Time
	suspect time.Time
}

// dial gives a connection that is made when something is written: only then it is known what for.
func (p *pipelines) dial(ctx context.Context, _, address string) (net.Conn, error) {
	return &dataConn{p: p, ctx: ctx, address: address}, nil
}

// dataConn is a connection to a data node.
type dataConn struct {
	p       *pipelines
	ctx     context.Context
	address string
	*conn   // nil until it is made
}

func (c *dataConn) Write(b []byte) (int, error) {
	if c.conn == nil {
		made, request, err := c.p.open(c.ctx, c.address, b)
		if err != nil {
			return 0, err
		}
		c.conn = made
		if _, err := c.conn.Write(request); err != nil {
			return 0, err
		}
		return len(b), nil
	}
	n, err := c.conn.Write(b)
	c.p.saw(err)
	return n, err
}

func (c *dataConn) Read(b []byte) (int, error) {
	if err := c.connect(); err != nil {
		return 0, err
	}
	n, err := c.conn.Read(b)
	c.p.saw(err)
	return n, err
}

func (c *dataConn) connect() (err error) {
	if c.conn == nil {
		c.conn, err = dial(c.ctx, c.address, c.p.timeout)
	}
	return err
}

// RemoteAddr is asked for where data are protected.
func (c *dataConn) RemoteAddr() net.Addr {
	if err := c.connect(); err != nil {
		return nil
	}
	return c.conn.RemoteAddr()
}

func (c *dataConn) LocalAddr() net.Addr { return nil } // nobody asks

func (c *dataConn) Close() error {
	if c.conn == nil {
		return nil
	}
	return c.conn.Close()
}

// SetDeadline and its like do nothing: every read and write has a deadline.
func (c *dataConn) SetDeadline(time.Time) error      { return nil }
func (c *dataConn) SetReadDeadline(time.Time) error  { return nil }
func (c *dataConn) SetWriteDeadline(time.Time) error { return nil }

// saw looks at an error of a connection.
func (p *pipelines) saw(err error) {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		p.mu.Lock()
		p.suspect = time.Now()
		p.mu.Unlock()
	}
}

// open connects for a request. One to write a block goes to the first node of its pipeline that answers, without those that do not.
func (p *pipelines) open(ctx context.Context, address string, request []byte) (*conn, []byte, error) {
	w, ok := parseWrite(request, p.byHost)
	if !ok {
		c, err := dial(ctx, address, p.timeout)
		return c, request, err
	}
	nodes := append([]string{address}, w.addresses...)
	alive := p.answering(ctx, nodes)
	first := -1
	var targets [][]byte
	for i := range nodes {
		if alive[i] && first < 0 {
			first = i
		} else if alive[i] {
			targets = append(targets, w.targets[i-1])
		}
	}
	if first < 0 {
		return nil, nil, fmt.Errorf("none of the data nodes %v answers", nodes)
	}
	c, err := dial(ctx, nodes[first], p.timeout)
	if err != nil {
		p.fail(nodes[first])
		return nil, nil, err
	}
	return c, w.with(targets), nil
}

func (p *pipelines) fail(node string) {
	p.mu.Lock()
	p.failed[node] = time.Now()
	p.mu.Unlock()
}

// answering asks nodes whether they are there, all at once. A node that failed a moment ago is not asked, unless all did.
func (p *pipelines) answering(ctx context.Context, nodes []string) []bool {
	p.mu.Lock()
	hung := time.Since(p.suspect) < suspectFor
	skip := make([]bool, len(nodes))
	all := true
	for i, n := range nodes {
		at, failed := p.failed[n]
		skip[i] = failed && time.Since(at) < failedFor
		all = all && skip[i]
	}
	p.mu.Unlock()
	alive := make([]bool, len(nodes))
	var wait sync.WaitGroup
	for i, n := range nodes {
		if skip[i] && !all {
			continue
		}
		wait.Go(func() {
			if alive[i] = answers(ctx, n, min(probeTimeout, p.timeout), hung); !alive[i] {
				p.fail(n)
			}
		})
	}
	wait.Wait()
	return alive
}

// answers reports whether a node takes connections; with hung, whether it also ends one over a request that it does not know, for which it must be
// running.
func answers(ctx context.Context, node string, timeout time.Duration, hung bool) bool {
	c, err := dial(ctx, node, timeout)
	if err != nil {
		return false
	}
	defer func() { _ = c.Close() }() // nothing was written
	if !hung {
		return true
	}
	if _, err := c.Write([]byte{0, transferVersion, opUnknown}); err != nil {
		return !errors.Is(err, os.ErrDeadlineExceeded)
	}
	_, err = c.Read(make([]byte, 1))
	return !errors.Is(err, os.ErrDeadlineExceeded)
}

// write is a request to write a block.
type write struct {
	fields    []byte   // all but the targets and their number
	targets   [][]byte // DatanodeInfoProto
	addresses []string // of the targets
}

// parseWrite takes a request apart: the version, an operation, the length and the message OpWriteBlockProto. ok is false for any other.
func parseWrite(request []byte, byHost bool) (w write, ok bool) {
	if len(request) < 3 || binary.BigEndian.Uint16(request) != transferVersion || request[2] != opWriteBlock {
		return w, false
	}
	message, n := protowire.ConsumeBytes(request[3:])
	if n != len(request)-3 {
		return w, false
	}
	for len(message) > 0 {
		field, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return w, false
		}
		m := protowire.ConsumeFieldValue(field, kind, message[n:])
		if m < 0 {
			return w, false
		}
		whole := message[:n+m]
		message = message[n+m:]
		switch field {
		case fieldTargets:
			target, k := protowire.ConsumeBytes(whole[n:])
			address, ok := addressOf(target, byHost)
			if k < 0 || !ok {
				return w, false
			}
			w.targets, w.addresses = append(w.targets, target), append(w.addresses, address)
		case fieldPipelineSize:
		default:
			w.fields = append(w.fields, whole...)
		}
	}
	return w, true
}

// with is the request with other targets.
func (w write) with(targets [][]byte) []byte {
	message := append([]byte(nil), w.fields...)
	for _, t := range targets {
		message = protowire.AppendTag(message, fieldTargets, protowire.BytesType)
		message = protowire.AppendBytes(message, t)
	}
	message = protowire.AppendTag(message, fieldPipelineSize, protowire.VarintType)
	message = protowire.AppendVarint(message, uint64(len(targets)))
	return protowire.AppendBytes([]byte{0, transferVersion, opWriteBlock}, message)
}

// addressOf takes host and port out of a DatanodeInfoProto.
func addressOf(target []byte, byHost bool) (string, bool) {
	id, ok := field(target, fieldNodeID)
	if !ok {
		return "", false
	}
	host, ok := field(id.bytes, fieldIP)
	if byHost {
		host, ok = field(id.bytes, fieldHost)
	}
	port, hasPort := field(id.bytes, fieldPort)
	return net.JoinHostPort(string(host.bytes), strconv.FormatUint(port.number, 10)), ok && hasPort && len(host.bytes) > 0
}

// value is what a field of a message has.
type value struct {
	bytes  []byte
	number uint64
}

// field finds a field of a message.
func field(message []byte, want protowire.Number) (v value, ok bool) {
	for len(message) > 0 {
		number, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return v, false
		}
		m := protowire.ConsumeFieldValue(number, kind, message[n:])
		if m < 0 {
			return v, false
		}
		if number == want {
			switch kind {
			case protowire.BytesType:
				v.bytes, _ = protowire.ConsumeBytes(message[n:])
				return v, true
			case protowire.VarintType:
				v.number, _ = protowire.ConsumeVarint(message[n:])
				return v, true
			}
		}
		message = message[n+m:]
	}
	return v, false
}
