package parquet

import (
	"errors"
	"sync"

	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
)

// boundCodecs puts decoders in the place of those of the library that take as much memory as the packed data asks for: a page says how
// long it is unpacked, and more than that is damage.
var boundCodecs = sync.OnceValue(func() error {
	d, err := zstd.NewReader(nil, zstd.WithDecodeAllCapLimit(true), zstd.WithDecoderMaxMemory(maxPage))
	if err != nil {
		return err
	}
	for _, c := range []struct {
		codec  compress.Compression
		decode func(dst, src []byte) ([]byte, error)
	}{
		{compress.Codecs.Zstd, func(dst, src []byte) ([]byte, error) { return d.DecodeAll(src, dst[:0:len(dst)]) }},
		{compress.Codecs.Snappy, func(dst, src []byte) ([]byte, error) {
			if n, err := s2.DecodedLen(src); err != nil || n != len(dst) {
				return nil, errors.New("a page is longer or shorter than it says")
			}
			return s2.Decode(dst, src)
		}},
	} {
		known, err := compress.GetCodec(c.codec)
		if err != nil {
			return err
		}
		streaming, ok := known.(streamingCodec)
		if !ok {
			return errors.New("a codec cannot be streamed")
		}
		compress.RegisterCodec(c.codec, bounded{streaming, c.decode})
	}
	return nil
})

// streamingCodec is what the library expects of a codec.
type streamingCodec interface {
	compress.Codec
	compress.StreamingCodec
}

// bounded is a codec that unpacks into the room there is.
type bounded struct {
	streamingCodec
	decode func(dst, src []byte) ([]byte, error)
}

// DecodeWithError implements compress.ErrorCodec.
func (b bounded) DecodeWithError(dst, src []byte) ([]byte, error) { return b.decode(dst, src) }

// Decode implements compress.Codec, for nobody: the library asks for DecodeWithError.
func (b bounded) Decode(dst, src []byte) []byte {
	out, err := b.decode(dst, src)
	if err != nil {
		return nil
	}
	return out
}
