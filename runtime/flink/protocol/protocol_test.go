package protocol

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"pgregory.net/rapid"
)

// What is written is read.
func TestFrames(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var frames []Frame
		var buf bytes.Buffer
		w := NewWriter(&buf)
		for range rapid.IntRange(0, 5).Draw(t, "frames") {
			f := Frame{Kind(rapid.Byte().Draw(t, "kind")), bytes.Repeat([]byte{rapid.Byte().Draw(t, "byte")}, rapid.IntRange(0, 3<<20).Draw(t, "length"))}
			frames = append(frames, f)
			at := len(f.Payload) / 3
			if err := w.Write(f.Kind, f.Payload[:at], f.Payload[at:]); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		r := NewReader(&buf)
		for i, want := range frames {
			got, err := r.Read()
			if err != nil || got.Kind != want.Kind || !bytes.Equal(got.Payload, want.Payload) {
				t.Fatalf("frame %d: kind %d, %d bytes, %v", i, got.Kind, len(got.Payload), err)
			}
		}
		if _, err := r.Read(); err != io.EOF {
			t.Fatalf("at the end: %v", err)
		}
	})
}

// Every byte that is changed, and every place where a frame is cut off, is noticed.
func TestDamage(t *testing.T) {
	var buf bytes.Buffer
	w := NewWriter(&buf)
	if err := errors.Join(w.Write(Barrier, Uint64(77)), w.Flush()); err != nil {
		t.Fatal(err)
	}
	whole := buf.Bytes()
	for i := range whole {
		changed := bytes.Clone(whole)
		changed[i] ^= 0x41
		if f, err := NewReader(bytes.NewReader(changed)).Read(); !errors.Is(err, ErrFrame) {
			t.Errorf("byte %d changed: %v, %v", i, f, err)
		}
		if f, err := NewReader(bytes.NewReader(whole[:i])).Read(); i > 0 && !errors.Is(err, ErrFrame) {
			t.Errorf("cut off at %d: %v, %v", i, f, err)
		}
	}
	if err := w.Write(Data, make([]byte, MaxFrame)); !errors.Is(err, ErrFrame) {
		t.Errorf("a frame that is too long: %v", err)
	}
}

func FuzzReader(f *testing.F) {
	var buf bytes.Buffer
	w := NewWriter(&buf)
	if err := errors.Join(w.Write(Open, []byte(`{"protocol":1}`)), w.Write(Start), w.Write(Data, []byte("rows")), w.Flush()); err != nil {
		f.Fatal(err)
	}
	f.Add(buf.Bytes())
	f.Add([]byte{0xff, 0xff, 0xff, 3, 1, 2, 3, 4, 5})
	f.Fuzz(func(t *testing.T, data []byte) {
		r := NewReader(bytes.NewReader(data))
		for {
			frame, err := r.Read()
			if err != nil {
				if err != io.EOF && !errors.Is(err, ErrFrame) {
					t.Fatal(err)
				}
				return
			}
			if len(frame.Payload) > len(data) {
				t.Fatal("more than there was")
			}
		}
	})
}
