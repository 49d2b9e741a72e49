package worker

import (
	"encoding/binary"
	"errors"
)

// packetKind says what one worker tells another through an exchange.
type packetKind uint8

const (
	rowsPacket      packetKind = 1 + iota // a frame of the codec, of split seq
	watermarkPacket                       // no row of event time before seq will come
	idlePacket                            // nobody should wait for this sender's watermark
	endPacket                             // the sender has drained
	splitEndPacket                        // every row of split seq has been sent
)

// packet is its head; docs/flink.md has the layout.
type packet struct {
	kind    packetKind
	input   int // index in Stage.Inputs of the receiver
	sender  int // subtask of the sending stage, of
	senders int // so many
	seq     uint64
}

const packetHead = 20

var errPacket = errors.New("damaged packet")

func (p packet) append(dst []byte) []byte {
	dst = append(dst, byte(p.kind), 0)
	dst = binary.LittleEndian.AppendUint16(dst, uint16(p.input))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(p.sender))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(p.senders))
	return binary.LittleEndian.AppendUint64(dst, p.seq)
}

// maxSenders bounds the subtasks of a stage, and so what a hostile packet can make a receiver count.
const maxSenders = 1 << 16

// parsePacket reads the head; rest is the frame of rows.
func parsePacket(data []byte, inputs int) (p packet, rest []byte, err error) {
	if len(data) < packetHead {
		return p, nil, errPacket
	}
	p = packet{packetKind(data[0]), int(binary.LittleEndian.Uint16(data[2:])), int(binary.LittleEndian.Uint32(data[4:])), int(binary.LittleEndian.Uint32(data[8:])), binary.LittleEndian.Uint64(data[12:])}
	rest = data[packetHead:]
	known := p.kind >= rowsPacket && p.kind <= splitEndPacket
	if !known || data[1] != 0 || p.input >= inputs || p.senders > maxSenders || p.sender >= p.senders || p.kind != rowsPacket && len(rest) > 0 {
		return p, nil, errPacket
	}
	return p, rest, nil
}
