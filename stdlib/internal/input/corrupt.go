package input

import (
	"errors"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/zstd"
)

// corrupt reports whether the decompressor found fault with its data, as opposed to a failure of the storage beneath
// it.
func corrupt(err error) bool {
	var c flate.CorruptInputError
	if errors.As(err, &c) {
		return true
	}
	for _, e := range []error{zstd.ErrReservedBlockType, zstd.ErrCompressedSizeTooBig, zstd.ErrBlockTooSmall, zstd.ErrUnexpectedBlockSize,
		zstd.ErrMagicMismatch, zstd.ErrWindowSizeTooSmall, zstd.ErrUnknownDictionary, zstd.ErrFrameSizeExceeded, zstd.ErrFrameSizeMismatch} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}
