package hdfs

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"time"
)

// connectTimeout bounds how long a connection may take to be made.
const connectTimeout = 10 * time.Second

// maxResponse is the longest answer that a name node gives (ipc.maximum.response.length).
const maxResponse = 128 << 20

// dialer makes connections whose every read and write must get on within the timeout. The library sets no deadlines of its own, so a node that hangs
// would hang it for ever.
func dialer(timeout time.Duration, nameNode bool) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := (&net.Dialer{Timeout: min(connectTimeout, timeout), KeepAlive: 30 * time.Second}).DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &conn{Conn: c, timeout: timeout, nameNode: nameNode}, nil
	}
}

type conn struct {
	net.Conn
	timeout  time.Duration
	nameNode bool
}

func (c *conn) Read(p []byte) (int, error) {
	if err := c.SetReadDeadline(time.Now().Add(c.timeout)); err != nil {
		return 0, err
	}
	n, err := c.Conn.Read(p)
	// The library takes the first four bytes of an answer for its length and makes room for as much. A web server's "HTTP" would be a gigabyte.
	if c.nameNode && len(p) == 4 && n == 4 && binary.BigEndian.Uint32(p) > maxResponse {
		return 0, fmt.Errorf("what answers at %s is no name node (its port is that of RPC, often 8020, not that of its web page)", c.RemoteAddr())
	}
	return n, err
}

func (c *conn) Write(p []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(c.timeout)); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}
