package parquet

import (
	"bytes"
	"encoding/binary"
	"runtime"
	"testing"

	"github.com/apache/arrow-go/v18/parquet/compress"
)

// TestBombs: a page that unpacks into more than it says is damage, and costs no more memory than it says.
func TestBombs(t *testing.T) {
	if err := boundCodecs(); err != nil {
		t.Fatal(err)
	}
	zeros := make([]byte, 64<<20)
	for name, id := range map[string]compress.Compression{"zstd": compress.Codecs.Zstd, "snappy": compress.Codecs.Snappy,
		"gzip": compress.Codecs.Gzip, "brotli": compress.Codecs.Brotli} {
		codec, err := compress.GetCodec(id)
		if err != nil {
			t.Fatal(err)
		}
		packed := codec.Encode(nil, zeros)
		if name == "snappy" { // its length stands at the beginning, and may be anything
			packed = append(binary.AppendUvarint(nil, 1<<32-1), packed[binary.PutUvarint(make([]byte, 10), uint64(len(zeros))):]...)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err = compress.Decode(codec, make([]byte, 1000), packed)
		if runtime.ReadMemStats(&after); err == nil || after.TotalAlloc-before.TotalAlloc > 32<<20 {
			t.Errorf("%s: %v, %d MiB", name, err, (after.TotalAlloc-before.TotalAlloc)>>20)
		}
		small := codec.Encode(nil, []byte("some text, some text"))
		got, err := compress.Decode(codec, make([]byte, 20), small)
		if err != nil || !bytes.Equal(got, []byte("some text, some text")) {
			t.Errorf("%s: %q %v", name, got, err)
		}
	}
}
