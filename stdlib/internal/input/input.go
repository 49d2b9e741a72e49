// Package input is what all readers of files share: which files a path names and how they fall into splits, opening
// them with decompression by content, and windows of bytes and of lines over what is read. What the bytes mean is the
// reader's business.
package input

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"iter"

	"weir/runtime/op"
)

// Codes of this package's errors; lang/diag explains them.
const (
	NotFound    = "W6251" // a path that names no file
	CannotRead  = "W6252" // the storage fails
	Damaged     = "W6253" // compressed data that cannot be unpacked as it was packed
	NotText     = "W6254" // a kind of file that no reader reads
	FileChanged = "W6255" // another version than the one that was listed
)

// Part is the piece of a file that one split stands for: the bytes from From up to To, or the whole file where To is 0.
type Part struct {
	Path    string `json:"path"`
	Version string `json:"version,omitempty"`
	From    int64  `json:"from,omitempty"`
	To      int64  `json:"to,omitempty"`
	// Rows and Rejected are the rows and the rejected records at its beginning that were given already.
	Rows     uint64 `json:"rows,omitempty"`
	Rejected uint64 `json:"rejected,omitempty"`
	Pipe     bool   `json:"pipe,omitempty"` // it cannot be read twice: what is left is what comes
}

// List gives the files that the path names, in the storage's order. A path that names none is an error: a reader that
// finds nothing to read has most likely been given a wrong path.
func List(ctx context.Context, s op.Storage, path string) ([]op.FileInfo, error) {
	files, err := s.List(ctx, path)
	if err != nil {
		return nil, wrap(err, path)
	}
	if len(files) == 0 {
		return nil, &op.Error{Code: NotFound, Message: "no file matches", File: path,
			Hint: "a path is a file, a folder with a trailing `/`, or a pattern such as `data/*.fasta`"}
	}
	return files, nil
}

// IsPipe reports whether the parameter `path` names standard input.
func IsPipe(a op.Args) bool { return a.Text("path") == "-" }

// Count gives the number of splits that Splits would make of a path, -1 where that cannot be told: a file that would be cut is not opened to see whether it
// can be.
func Count(s op.Storage, path string, rangeBytes int64) int {
	if s == nil {
		return -1
	}
	files, err := List(context.Background(), s, path)
	if err != nil {
		return -1
	}
	for _, f := range files {
		if rangeBytes > 0 && f.Size > rangeBytes {
			return -1
		}
	}
	return len(files)
}

// RangeBytes is the length of the ranges that a large plain file is cut into.
const RangeBytes = 64 << 20

// Splits makes one split a file, or, where rangeBytes is not 0, one for about so many bytes of a file that can be cut.
func Splits(ctx op.Context, path string, rangeBytes int64) iter.Seq2[op.Split, error] {
	return func(yield func(op.Split, error) bool) {
		files, err := List(ctx.Context(), ctx.Storage(), path)
		if err != nil {
			yield(op.Split{}, err)
			return
		}
		index := uint64(0)
		for _, f := range files {
			parts := []Part{{Path: f.Path, Version: f.Version}}
			if rangeBytes > 0 && f.Size > rangeBytes {
				if parts, err = ranges(ctx, f, rangeBytes); err != nil {
					yield(op.Split{}, err)
					return
				}
			}
			for _, p := range parts {
				data, err := json.Marshal(p)
				weight := float64(max(f.Size, 0))
				if p.To > 0 {
					weight = float64(p.To - p.From)
				}
				if !yield(op.Split{Index: index, Weight: weight, Data: data}, err) {
					return
				}
				index++
			}
		}
	}
}

// ranges cuts a plain, seekable file into ranges. Compressed files and pipes stay whole.
func ranges(ctx op.Context, f op.FileInfo, rangeBytes int64) ([]Part, error) {
	whole := Part{Path: f.Path, Version: f.Version}
	s, err := Open(ctx.Context(), ctx.Storage(), whole)
	if err != nil {
		return nil, err
	}
	defer func() { _ = s.Close() }() // read only: nothing is lost
	ends := cut(f.Size, f.Block, rangeBytes)
	if !s.Cuttable() || len(ends) == 1 {
		return []Part{whole}, nil
	}
	parts := make([]Part, len(ends))
	from := int64(0)
	for i, to := range ends {
		parts[i] = Part{Path: f.Path, Version: f.Version, From: from, To: to}
		from = to
	}
	return parts, nil
}

// manyRanges: a block of more ranges than this is cut. One that is a little larger than a range is read at once.
const manyRanges = 4

// cut gives the ends of ranges of about so many bytes. A file without blocks falls into equal ones. Otherwise a range is several blocks, one, or
// an equal part of one, so that none cuts across blocks: each is read from one machine.
func cut(size, block, rangeBytes int64) (ends []int64) {
	step := size
	if block > 0 {
		step = max(rangeBytes/block, 1) * block
	}
	for from := int64(0); from < size; from += step {
		length, n := min(step, size-from), int64(1)
		if block <= 0 || block > manyRanges*rangeBytes {
			n = (length + rangeBytes - 1) / rangeBytes
		}
		for i := range n {
			ends = append(ends, from+length/n*(i+1)+length%n*(i+1)/n)
		}
	}
	return ends
}

// PartOf reads a split that Splits made.
func PartOf(s op.Split) (Part, error) {
	var p Part
	if err := json.Unmarshal(s.Data, &p); err != nil {
		return p, fmt.Errorf("split %d: %w", s.Index, err)
	}
	return p, nil
}

// wrap makes an *op.Error of what a storage returned, unless it is one, or says that the run is being stopped.
func wrap(err error, path string) error {
	var known *op.Error
	switch {
	case errors.As(err, &known), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, op.ErrChanged):
		return &op.Error{Code: FileChanged, Message: "the file has changed since it was first looked at", File: path, Err: err,
			Hint: "run again when nothing writes to it"}
	case errors.Is(err, fs.ErrNotExist):
		return &op.Error{Code: NotFound, Message: "no such file", File: path}
	}
	return &op.Error{Code: CannotRead, Message: "cannot be read", File: path, Err: err}
}
