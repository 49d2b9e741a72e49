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

// dial makes a connection whose every read and write must get on within the timeout. The library sets no deadlines of its own, so a node that
// hangs would hang it for ever.
func dial(ctx context.Context, address string, timeout time.Duration) (*conn, error) {
	c, err := (&net.Dialer{Timeout: min(connectTimeout, timeout), KeepAlive: 30 * time.Second}).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	return &conn{c, timeout}, nil
}

type conn struct {
	net.Conn
	timeout time.Duration
}

func (c *conn) Read(p []byte) (int, error) {
	if err := c.SetReadDeadline(time.Now().Add(c.timeout)); err != nil {
		return 0, err
	}
	return c.Conn.Read(p)
}

func (c *conn) Write(p []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(c.timeout)); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}

// dialNameNode connects to a name node.
func dialNameNode(timeout time.Duration) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, _, address string) (net.Conn, error) {
		c, err := dial(ctx, address, timeout)
		if err != nil {
			return nil, err
		}
		return &nameNodeConn{c}, nil
	}
}

type nameNodeConn struct{ *conn }

// Read looks at the length of an answer, which the library reads by itself, four bytes, and makes room for whatever it is: a web server's "HTTP" would be a
// gigabyte.
func (c *nameNodeConn) Read(p []byte) (int, error) {
	n, err := c.conn.Read(p)
	if len(p) == 4 && n == 4 && binary.BigEndian.Uint32(p) > maxResponse {
		return 0, fmt.Errorf("what answers at %s is no name node", c.RemoteAddr())
	}
	return n, err
}
