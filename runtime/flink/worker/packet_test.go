package worker

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"
)

// What is written is read, and names an input, and a sender, that there is.
func TestPackets(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		senders := rapid.IntRange(1, maxSenders).Draw(t, "senders")
		want := packet{packetKind(rapid.IntRange(1, 5).Draw(t, "kind")), rapid.IntRange(0, 3).Draw(t, "input"), rapid.IntRange(0, senders-1).Draw(t, "sender"), senders, rapid.Uint64().Draw(t, "seq")}
		var rows []byte
		if want.kind == rowsPacket {
			rows = []byte("rows")
		}
		got, rest, err := parsePacket(append(want.append(nil), rows...), 4)
		if err != nil || got != want || !bytes.Equal(rest, rows) {
			t.Fatalf("%v, %q, %v", got, rest, err)
		}
		if _, _, err := parsePacket(want.append(nil), want.input); err == nil {
			t.Fatal("an input that is not there")
		}
	})
}

func FuzzPacket(f *testing.F) {
	f.Add(packet{kind: rowsPacket, input: 1, sender: 2, senders: 3, seq: 4}.append(nil), 2)
	f.Add([]byte{1, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff}, 1)
	f.Fuzz(func(t *testing.T, data []byte, inputs int) {
		p, rest, err := parsePacket(data, inputs)
		if err == nil && (p.input >= inputs || p.sender < 0 || p.sender >= p.senders || len(rest) > len(data)) {
			t.Fatalf("%v", p)
		}
	})
}

// FuzzState: whatever pieces and items come back, they are taken or refused.
func FuzzState(f *testing.F) {
	f.Add([]byte{ofOperator, 1, 2}, []byte{ofGather, 1})
	f.Add([]byte{ofDrained}, []byte{ofOperator, 0})
	f.Add([]byte{ofFiles, 'x'}, []byte(`{"seq":1}`))
	f.Add([]byte{ofEnded, 0}, append([]byte{ofSplit}, `{"seq":1,"Op":0,"Split":{"index":0}}`...))
	f.Fuzz(func(t *testing.T, group, item []byte) {
		s := newState()
		_ = s.addGroup(3, group)
		_ = s.addItem(item)
		for i := range s.groups {
			if s.reader(i) == nil {
				t.Fatal("a piece is lost")
			}
		}
	})
}
