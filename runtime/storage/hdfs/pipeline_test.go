package hdfs

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
	"pgregory.net/rapid"
)

// nodeInfo is a DatanodeInfoProto with the fields that a name node gives.
func nodeInfo(ip, host string, port uint64) []byte {
	var id, info []byte
	id = protowire.AppendTag(id, fieldIP, protowire.BytesType)
	id = protowire.AppendString(id, ip)
	id = protowire.AppendTag(id, fieldHost, protowire.BytesType)
	id = protowire.AppendString(id, host)
	id = protowire.AppendTag(id, 3, protowire.BytesType)
	id = protowire.AppendString(id, "uuid")
	id = protowire.AppendTag(id, fieldPort, protowire.VarintType)
	id = protowire.AppendVarint(id, port)
	info = protowire.AppendTag(info, fieldNodeID, protowire.BytesType)
	info = protowire.AppendBytes(info, id)
	info = protowire.AppendTag(info, 2, protowire.VarintType)
	return protowire.AppendVarint(info, 1<<40)
}

// writeRequest is a request to write a block to these targets, as the library makes it.
func writeRequest(targets ...[]byte) []byte {
	var m []byte
	m = protowire.AppendTag(m, 1, protowire.BytesType)
	m = protowire.AppendString(m, "header")
	for _, t := range targets {
		m = protowire.AppendTag(m, fieldTargets, protowire.BytesType)
		m = protowire.AppendBytes(m, t)
	}
	m = protowire.AppendTag(m, 4, protowire.VarintType)
	m = protowire.AppendVarint(m, 6)
	m = protowire.AppendTag(m, fieldPipelineSize, protowire.VarintType)
	m = protowire.AppendVarint(m, uint64(len(targets)))
	m = protowire.AppendTag(m, 9, protowire.BytesType)
	m = protowire.AppendString(m, "checksum")
	return protowire.AppendBytes([]byte{0, transferVersion, opWriteBlock}, m)
}

// TestRequestTargets: a request with other targets is parsed as one that has them, and has everything else as before.
func TestRequestTargets(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		var targets, kept [][]byte
		var addresses []string
		for i := range rapid.IntRange(0, 5).Draw(r, "targets") {
			target := nodeInfo("10.0.0."+strconv.Itoa(i), "host"+strconv.Itoa(i), uint64(rapid.IntRange(1, 65535).Draw(r, "port")))
			targets = append(targets, target)
			if rapid.Bool().Draw(r, "kept") {
				address, _ := addressOf(target, false)
				kept, addresses = append(kept, target), append(addresses, address)
			}
		}
		w, ok := parseWrite(writeRequest(targets...), false)
		if !ok || len(w.targets) != len(targets) {
			r.Fatalf("%v: %d of %d targets", ok, len(w.targets), len(targets))
		}
		again, ok := parseWrite(w.with(kept), false)
		if !ok || !slices.Equal(again.addresses, addresses) || !bytes.Equal(again.fields, w.fields) {
			r.Errorf("%v: %v, want %v", ok, again.addresses, addresses)
		}
	})
	if w, ok := parseWrite(writeRequest(nodeInfo("10.0.0.1", "one", 5)), true); !ok || w.addresses[0] != "one:5" {
		t.Errorf("by host: %v, %v", w.addresses, ok)
	}
	if w, ok := parseWrite(writeRequest(nodeInfo("::1", "one", 5)), false); !ok || w.addresses[0] != "[::1]:5" {
		t.Errorf("by ip: %v, %v", w.addresses, ok)
	}
}

func FuzzRequest(f *testing.F) {
	f.Add(writeRequest(nodeInfo("127.0.0.1", "localhost", 9866)))
	f.Add(writeRequest())
	f.Add([]byte{0, 28, 81, 1, 2})
	f.Add([]byte{0xde, 0xad, 0xbe, 0xef, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		w, ok := parseWrite(b, false)
		if !ok {
			return
		}
		again, ok := parseWrite(w.with(w.targets), false)
		if !ok || !slices.Equal(again.addresses, w.addresses) || !bytes.Equal(again.fields, w.fields) {
			t.Errorf("%x", b)
		}
	})
}

// dataNode is a server that keeps what it is sent; where it hangs it takes connections and says nothing.
type dataNode struct {
	address string
	port    uint64
	got     chan []byte
}

func startNode(t *testing.T, hangs bool) *dataNode {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	n := &dataNode{address: l.Addr().String(), port: uint64(l.Addr().(*net.TCPAddr).Port), got: make(chan []byte, 10)}
	if !hangs {
		go n.serve(l)
	}
	t.Cleanup(func() { _ = l.Close() })
	return n
}

func (n *dataNode) serve(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			b := make([]byte, 1<<16)
			k, err := c.Read(b)
			if err == nil && b[2] != opUnknown {
				n.got <- b[:k]
				_, _ = c.Read(b) // until the client closes
			}
			_ = c.Close()
		}()
	}
}

func TestPipeline(t *testing.T) {
	dead := &dataNode{address: "127.0.0.1:1", port: 1}
	for _, c := range []struct {
		nodes string // d dead, a alive, h hangs
		hung  bool   // one has hung before
		to    int    // the node that the request goes to, -1 for none
		rest  string // the nodes that it names
	}{
		{"aaa", false, 0, "12"}, {"ada", false, 0, "2"}, {"daa", false, 1, "2"}, {"dda", false, 2, ""}, {"ddd", false, -1, ""}, {"a", false, 0, ""},
		{"aha", false, 0, "12"}, {"aha", true, 0, "2"}, {"hda", true, 2, ""}, {"h", true, -1, ""},
	} {
		t.Run(c.nodes, func(t *testing.T) {
			p := &pipelines{timeout: 300 * time.Millisecond, failed: map[string]time.Time{}}
			if c.hung {
				p.suspect = time.Now()
			}
			var nodes []*dataNode
			var infos [][]byte
			for _, kind := range c.nodes {
				n := dead
				if kind != 'd' {
					n = startNode(t, kind == 'h')
				}
				nodes, infos = append(nodes, n), append(infos, nodeInfo("127.0.0.1", "localhost", n.port))
			}
			for range 2 { // the second time it is known who is dead
				conn, err := p.dial(ctx, "tcp", nodes[0].address)
				must(t, err)
				request := writeRequest(infos[1:]...)
				n, err := conn.Write(request)
				if c.to < 0 {
					if err == nil {
						t.Error("nobody is there, and it was written")
					}
					continue
				}
				if n != len(request) || err != nil {
					t.Fatal(n, err)
				}
				w, ok := parseWrite(<-nodes[c.to].got, false)
				var want []string
				for _, i := range c.rest {
					want = append(want, nodes[i-'0'].address)
				}
				if !ok || !slices.Equal(w.addresses, want) {
					t.Errorf("%v: %v, want %v", ok, w.addresses, want)
				}
				must(t, conn.Close())
			}
		})
	}
}

// TestSilence: a node that hangs ends a read after the timeout, and is suspect from then on.
func TestSilence(t *testing.T) {
	n := startNode(t, true)
	p := &pipelines{timeout: 50 * time.Millisecond, failed: map[string]time.Time{}}
	conn, err := p.dial(ctx, "tcp", n.address)
	must(t, err)
	_, err = conn.Write([]byte{0, transferVersion, 81, 0})
	must(t, err)
	if _, err := conn.Read(make([]byte, 1)); err == nil || p.suspect.IsZero() {
		t.Errorf("%v; suspect since %v", err, p.suspect)
	}
	must(t, conn.Close())
}

// TestWebServer: what is no name node is found out before its answer is taken for a length.
func TestWebServer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer func() { _ = l.Close() }()
	go func() {
		c, err := l.Accept()
		if err == nil {
			_, _ = io.WriteString(c, "HTTP/1.1 400 Bad Request\r\n\r\n")
		}
	}()
	c, err := dialNameNode(time.Second)(context.Background(), "tcp", l.Addr().String())
	must(t, err)
	var length uint32
	if err := binary.Read(c, binary.BigEndian, &length); err == nil || !strings.Contains(err.Error(), "is no name node") {
		t.Errorf("%d, %v", length, err)
	}
	must(t, c.Close())
}
