package encoding

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// pack writes numbers lowest bit first.
func pack(values []uint64, width int) []byte {
	out := make([]byte, (len(values)*width+7)/8)
	for i, v := range values {
		for b := range width {
			if v>>b&1 != 0 {
				out[(i*width+b)/8] |= 1 << ((i*width + b) % 8)
			}
		}
	}
	return out
}

// hybrid writes numbers as runs and groups of random lengths.
func hybrid(t *rapid.T, values []uint32, width int) []byte {
	var out []byte
	for i := 0; i < len(values); {
		run := 1
		for i+run < len(values) && values[i+run] == values[i] {
			run++
		}
		if run > 1 && rapid.Bool().Draw(t, "run") {
			run = rapid.IntRange(1, run).Draw(t, "length")
			out = binary.AppendUvarint(out, uint64(run)<<1)
			for b := 0; b < width; b += 8 {
				out = append(out, byte(values[i]>>b))
			}
			i += run
			continue
		}
		groups := rapid.IntRange(1, 3).Draw(t, "groups")
		part := make([]uint64, 8*groups)
		n := min(len(part), len(values)-i)
		if n < len(part) && i+n < len(values) {
			continue
		}
		for k := range n {
			part[k] = uint64(values[i+k])
		}
		if i+n < len(values) || rapid.Bool().Draw(t, "whole") {
			out = append(binary.AppendUvarint(out, uint64(groups)<<1|1), pack(part, width)...)
		} else { // the last group ends with its last number
			out = append(binary.AppendUvarint(out, uint64(groups)<<1|1), pack(part[:n], width)...)
		}
		i += n
	}
	return out
}

func TestHybrid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		width := rapid.IntRange(0, 32).Draw(t, "width")
		values := rapid.SliceOfN(rapid.Uint32Range(0, uint32(1<<width-1)), 0, 200).Draw(t, "values")
		for i := range values { // runs
			if i > 0 && rapid.IntRange(0, 3).Draw(t, "same") > 0 {
				values[i] = values[i-1]
			}
		}
		data := hybrid(t, values, width)
		again := func() Hybrid {
			h, err := NewHybrid(data, width)
			if err != nil {
				t.Fatal(err)
			}
			return h
		}
		h, got := again(), make([]uint32, len(values))
		for i := 0; i < len(got); { // in pieces
			n := rapid.IntRange(1, len(got)-i).Draw(t, "piece")
			if err := h.Read(got[i : i+n]); err != nil {
				t.Fatal(err)
			}
			i += n
		}
		if !slices.Equal(got, values) {
			t.Fatalf("%v, want %v", got, values)
		}
		if width <= 8 {
			h, got := again(), make([]uint8, len(values))
			k := len(got) / 3
			if err := h.ReadBytes(got[:k]); err != nil {
				t.Fatal(err)
			}
			if err := h.ReadBytes(got[k:]); err != nil {
				t.Fatal(err)
			}
			for i := range got {
				if uint32(got[i]) != values[i] {
					t.Fatalf("%v, want %v", got, values)
				}
			}
		}
		if width <= 1 {
			h, from := again(), rapid.IntRange(0, 70).Draw(t, "from")
			bitmap := make([]uint64, (from+len(values))/64+1)
			k, want := len(values)/3, 0
			a, err := h.ReadBits(bitmap, from, k)
			if err != nil {
				t.Fatal(err)
			}
			b, err := h.ReadBits(bitmap, from+k, len(values)-k)
			if err != nil {
				t.Fatal(err)
			}
			for i, v := range values {
				want += int(v)
				if uint32(bitmap[(from+i)/64]>>((from+i)%64)&1) != v {
					t.Fatalf("bit %d", i)
				}
			}
			if a+b != want {
				t.Fatalf("%d bits are set, want %d", a+b, want)
			}
		}
		if err := h.Read(make([]uint32, 100)); err == nil && len(values) > 0 && len(data) == 0 {
			t.Fatal("numbers that are not there")
		}
	})
}

// delta writes numbers as differences, in blocks of random shapes.
func delta(t *rapid.T, values []int64) []byte {
	parts := rapid.SampledFrom([]int{1, 2, 4}).Draw(t, "parts")
	block := parts * 32 * rapid.IntRange(1, 2).Draw(t, "size")
	out := binary.AppendUvarint(nil, uint64(block))
	out = binary.AppendUvarint(out, uint64(parts))
	out = binary.AppendUvarint(out, uint64(len(values)))
	if len(values) == 0 {
		return binary.AppendVarint(out, 0)
	}
	out = binary.AppendVarint(out, values[0])
	for i := 1; i < len(values); i += block {
		n := min(block, len(values)-i)
		least := values[i] - values[i-1]
		for k := range n {
			least = min(least, values[i+k]-values[i+k-1])
		}
		out = binary.AppendVarint(out, least)
		widths, bodies := make([]byte, parts), [][]byte{}
		for p := range parts {
			part := make([]uint64, block/parts)
			width := 0
			for k := range part {
				if at := i + p*len(part) + k; at < i+n {
					part[k] = uint64(values[at] - values[at-1] - least)
					for width < 64 && part[k]>>width != 0 {
						width++
					}
				}
			}
			if p*len(part) < n {
				bodies = append(bodies, pack(part, width))
			}
			widths[p] = byte(width)
		}
		out = append(out, widths...)
		for _, b := range bodies {
			out = append(out, b...)
		}
	}
	return out
}

func TestDelta(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := rapid.Int64()
		if rapid.Bool().Draw(t, "near") {
			g = rapid.Int64Range(-100, 100)
		}
		values := rapid.SliceOfN(g, 0, 300).Draw(t, "values")
		data := append(delta(t, values), "rest"...)
		got, rest, err := Delta(data, len(values))
		if err != nil || string(rest) != "rest" || !slices.Equal(got, values) && len(values) > 0 {
			t.Fatalf("%v %q %v, want %v", got, rest, err, values)
		}
		if len(values) > 0 {
			if _, _, err := Delta(data, len(values)-1); err == nil {
				t.Fatal("more numbers than asked for")
			}
		}
	})
}

func TestDeltaBytes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		texts := rapid.SliceOfN(rapid.StringMatching(`a{0,3}b{0,3}[cd]{0,4}`), 0, 60).Draw(t, "texts")
		prefixes, suffixes, lengths := make([]int64, len(texts)), make([]int64, len(texts)), make([]int64, len(texts))
		var tails, all []byte
		for i, s := range texts {
			if i > 0 {
				for int(prefixes[i]) < min(len(s), len(texts[i-1])) && s[prefixes[i]] == texts[i-1][prefixes[i]] {
					prefixes[i]++
				}
			}
			lengths[i], suffixes[i] = int64(len(s)), int64(len(s))-prefixes[i]
			tails, all = append(tails, s[prefixes[i]:]...), append(all, s...)
		}
		data := append(append(delta(t, prefixes), delta(t, suffixes)...), tails...)
		l, b, err := DeltaBytes(data, len(texts), len(all))
		if err != nil || string(b) != string(all) || !slices.Equal(l, lengths) && len(texts) > 0 {
			t.Fatalf("%v %q %v, want %v %q", l, b, err, lengths, all)
		}
		if len(all) > 0 {
			if _, _, err := DeltaBytes(data, len(texts), len(all)-1); err != ErrSize {
				t.Fatalf("%v", err)
			}
		}
		data = append(delta(t, lengths), all...)
		l, b, err = DeltaLength(data, len(texts))
		if err != nil || string(b) != string(all) || !slices.Equal(l, lengths) && len(texts) > 0 {
			t.Fatalf("%v %q %v", l, b, err)
		}
	})
}

func TestSplit(t *testing.T) {
	got, err := Split([]byte{1, 2, 3, 11, 12, 13}, 2)
	if err != nil || !slices.Equal(got, []byte{1, 11, 2, 12, 3, 13}) {
		t.Error(got, err)
	}
	if _, err := Split([]byte{1, 2, 3}, 2); err == nil {
		t.Error("half a value")
	}
}

func TestPlain(t *testing.T) {
	data := []byte{1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff}
	ints := make([]int64, 2)
	if err := Ints32(data, ints); err != nil || ints[0] != 1 || ints[1] != -1 {
		t.Error(ints, err)
	}
	if err := Ints64(data, ints[:1]); err != nil || ints[0] != -1<<32+1 {
		t.Error(ints, err)
	}
	bools := make([]bool, 3)
	if err := Bools([]byte{0b1010_0000}, 5, bools); err != nil || !slices.Equal(bools, []bool{true, false, true}) {
		t.Error(bools, err)
	}
	for _, err := range []error{Ints32(data, make([]int64, 3)), Ints64(data, ints), Bools(data[:1], 6, bools),
		Floats32(data, make([]float64, 3)), Floats64(data, make([]float64, 2))} {
		if err != ErrShort {
			t.Error(err)
		}
	}
}

// FuzzDecode: whatever the bytes are, decoding ends, and gives no more than was asked for.
func FuzzDecode(f *testing.F) {
	f.Add([]byte{0x80, 1, 4, 5, 2, 0, 0, 0, 0, 0}, uint8(3))
	f.Add([]byte{3, 0x88, 0xc6, 0xfa, 16, 7}, uint8(3))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0x0f, 1}, uint8(1))
	f.Fuzz(func(t *testing.T, data []byte, width uint8) {
		const most = 1000
		if v, _, err := Delta(data, most); err == nil && len(v) > most {
			t.Error("too many numbers")
		}
		if l, b, err := DeltaBytes(data, most, 1<<16); err == nil {
			total := 0
			for _, n := range l {
				total += int(n)
			}
			if total != len(b) || total > 1<<16 {
				t.Error("lengths that do not go with the bytes")
			}
		}
		if h, err := NewHybrid(data, int(width)); err == nil {
			again, bits := h, h
			dst := make([]uint32, most)
			err := h.Read(dst)
			if width <= 8 {
				small := make([]uint8, most)
				if err2 := again.ReadBytes(small); (err == nil) != (err2 == nil) {
					t.Errorf("%v, and as bytes %v", err, err2)
				}
			}
			if width <= 1 {
				n, err2 := bits.ReadBits(make([]uint64, most/64+1), 0, most)
				want := 0
				for _, x := range dst {
					want += int(x)
				}
				if (err == nil) != (err2 == nil) || err == nil && n != want {
					t.Errorf("%v, and as bits %v: %d, want %d", err, err2, n, want)
				}
			}
			for _, x := range dst {
				if uint64(x) >= 1<<width {
					t.Errorf("%d has more than %d bits", x, width)
				}
			}
		}
	})
}

func BenchmarkHybrid(b *testing.B) {
	values := make([]uint64, 1<<16)
	for i := range values {
		values[i] = rand.Uint64N(1 << 17)
	}
	data := append(binary.AppendUvarint(nil, uint64(len(values)/8)<<1|1), pack(values, 17)...)
	dst := make([]uint32, len(values))
	b.SetBytes(int64(4 * len(dst)))
	for b.Loop() {
		h, _ := NewHybrid(data, 17)
		if err := h.Read(dst); err != nil {
			b.Fatal(err)
		}
	}
}
