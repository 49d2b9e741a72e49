package hdfs

import (
	"context"
	"encoding/binary"
	"net"

	"google.golang.org/protobuf/encoding/protowire"
)

// HDFS renames over a file, or refuses to, as it is asked; the library always asks for the first. So the request of a rename that must not replace
// anything is changed on its way to the name node. Where RPC is protected (hadoop.rpc.protection), requests cannot be seen, and the caller's look at the
// place right before the rename must do.

// Of ClientProtocol and the messages of RPC (ClientNamenodeProtocol.proto, ProtobufRpcEngine.proto).
const (
	fieldMethod    = 1 // of RequestHeaderProto
	fieldOverwrite = 3 // of Rename2RequestProto
)

// dialKeeping connects to name nodes, which will replace no file.
func dialKeeping(dial func(ctx context.Context, network, address string) (net.Conn, error)) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &keepingConn{c}, nil
	}
}

type keepingConn struct{ net.Conn }

func (c *keepingConn) Write(p []byte) (int, error) {
	if _, err := c.Conn.Write(keepDestination(p)); err != nil {
		return 0, err
	}
	return len(p), nil
}

// keepDestination gives a packet of RPC as it is, or, where it asks for a rename, one that asks for a rename over nothing. A packet is its length and three
// messages, each behind its own length: of the call, of the method, and its arguments.
func keepDestination(packet []byte) []byte {
	if len(packet) < 4 || int64(binary.BigEndian.Uint32(packet)) != int64(len(packet)-4) {
		return packet
	}
	rest := packet[4:]
	var messages [3][]byte
	for i := range messages {
		m, n := protowire.ConsumeBytes(rest)
		if n < 0 {
			return packet
		}
		messages[i], rest = m, rest[n:]
	}
	method, ok := field(messages[1], fieldMethod)
	if !ok || len(rest) > 0 || string(method.bytes) != "rename2" {
		return packet
	}
	var body []byte
	for _, m := range messages[:2] {
		body = protowire.AppendBytes(body, m)
	}
	arguments := protowire.AppendTag(without(messages[2], fieldOverwrite), fieldOverwrite, protowire.VarintType)
	body = protowire.AppendBytes(body, protowire.AppendVarint(arguments, 0))
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(body))), body...)
}

// without gives a message without a field; nothing where it is no message.
func without(message []byte, drop protowire.Number) []byte {
	var out []byte
	for len(message) > 0 {
		number, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return nil
		}
		m := protowire.ConsumeFieldValue(number, kind, message[n:])
		if m < 0 {
			return nil
		}
		if number != drop {
			out = append(out, message[:n+m]...)
		}
		message = message[n+m:]
	}
	return out
}
