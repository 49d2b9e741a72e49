package hdfs

import (
	"bytes"
	"encoding/binary"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

// call is a packet of RPC, as the library writes it.
func call(method string, arguments []byte) []byte {
	header := protowire.AppendString(protowire.AppendTag(nil, fieldMethod, protowire.BytesType), method)
	header = protowire.AppendString(protowire.AppendTag(header, 2, protowire.BytesType), "org.apache.hadoop.hdfs.protocol.ClientProtocol")
	var body []byte
	for _, m := range [][]byte{{8, 2, 16, 0}, header, arguments} {
		body = protowire.AppendBytes(body, m)
	}
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(body))), body...)
}

func renaming(overwrite uint64) []byte {
	a := protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), "/from")
	a = protowire.AppendString(protowire.AppendTag(a, 2, protowire.BytesType), "/to")
	return protowire.AppendVarint(protowire.AppendTag(a, fieldOverwrite, protowire.VarintType), overwrite)
}

// TestKeepDestination: a rename is asked for without replacing; nothing else is changed.
func TestKeepDestination(t *testing.T) {
	if got := keepDestination(call("rename2", renaming(1))); !bytes.Equal(got, call("rename2", renaming(0))) {
		t.Errorf("%q", got)
	}
	for _, same := range [][]byte{call("rename2", renaming(0)), call("mkdirs", renaming(1)), []byte("hrpc\x09\x00\x00"), nil, call("rename2", renaming(1))[:20]} {
		if got := keepDestination(same); !bytes.Equal(got, same) {
			t.Errorf("%q is made %q", same, got)
		}
	}
}

// FuzzKeepDestination: whatever comes, what goes out has the same method, is changed once at most, and never asks to replace.
func FuzzKeepDestination(f *testing.F) {
	f.Add(call("rename2", renaming(1)))
	f.Add(call("getFileInfo", nil))
	f.Add([]byte{0, 0, 0, 3, 0, 0, 0})
	f.Fuzz(func(t *testing.T, packet []byte) {
		once := keepDestination(packet)
		if twice := keepDestination(once); !bytes.Equal(once, twice) {
			t.Errorf("%q, then %q", once, twice)
		}
	})
}
