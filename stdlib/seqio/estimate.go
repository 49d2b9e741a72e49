package seqio

import (
	"context"
	"errors"
	"io"

	"weir/planner/estimate"
	"weir/runtime/op"
	"weir/stdlib/internal/input"
)

// sampleBytes is how much of the files an estimate reads, unpacked.
const sampleBytes = 1 << 20

// estimateRecords reads the beginning of the files through a parser, which calls done for every record, and concludes
// from it on the rest. What is within sampleBytes is counted. A path that cannot be read twice has no estimate.
func estimateRecords(e *op.Estimating, parse func(in io.Reader, done func(r *record) error) error) (estimate.Stream, estimate.Work) {
	if e.Storage == nil {
		return estimate.Stream{}, estimate.Work{}
	}
	ctx := context.Background()
	files, err := input.List(ctx, e.Storage, e.Args.Text("path"))
	if err != nil {
		return estimate.Stream{}, estimate.Work{}
	}
	s := sample{left: sampleBytes, counted: true}
	for _, f := range files {
		if f.Size < 0 {
			return estimate.Stream{}, estimate.Work{}
		}
		s.size += f.Size
	}
	for _, f := range files {
		if err := s.take(ctx, e.Storage, f, parse); err != nil {
			return estimate.Stream{}, estimate.Work{}
		}
	}
	return s.stream(), estimate.Work{Bytes: estimate.Exact(float64(s.size), "file size")}
}

// sample is what the beginning of the files has.
type sample struct {
	records, ids, descriptions, residues int64

	size    int64 // of all files
	seen    int64 // of these, what has been read
	left    int   // bytes that may still be read
	counted bool  // all of it has been read
}

// errSampled ends reading where enough has been seen, so that the record that is cut off there does not count.
var errSampled = errors.New("enough has been read")

// limited is a reader of what may still be read.
type limited struct {
	s *sample
	r io.Reader
}

func (l limited) Read(p []byte) (int, error) {
	if l.s.left <= 0 {
		return 0, errSampled
	}
	n, err := l.r.Read(p[:min(len(p), l.s.left)])
	l.s.left -= n
	return n, err
}

func (s *sample) take(ctx context.Context, st op.Storage, f op.FileInfo, parse func(io.Reader, func(*record) error) error) error {
	if s.left <= 0 {
		s.counted = false
		return nil
	}
	in, err := input.Open(ctx, st, input.Part{Path: f.Path})
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }() // read only: nothing is lost
	err = parse(limited{s, in}, func(r *record) error {
		if id, description := r.split(); r.reason == "" && len(id) > 0 {
			s.records++
			s.ids, s.descriptions = s.ids+int64(len(id)), s.descriptions+int64(len(description))
			s.residues += int64(len(r.sequence))
		}
		return nil
	})
	if errors.Is(err, errSampled) {
		s.counted = false
		s.seen += in.Packed()
		return nil
	}
	s.seen += f.Size
	return err
}

// stream concludes from the sample on all files.
func (s *sample) stream() estimate.Stream {
	if s.counted {
		return estimate.Stream{Rows: estimate.Exact(float64(s.records), "counted"), Width: s.width(func(x float64) estimate.Number {
			return estimate.Exact(x, "counted")
		})}
	}
	if s.records == 0 || s.seen == 0 {
		return estimate.Stream{}
	}
	around := func(x float64) estimate.Number { return estimate.Around(x, 0.1, "sampled") }
	return estimate.Stream{Rows: around(float64(s.records) * float64(s.size) / float64(s.seen)), Width: s.width(around)}
}

func (s *sample) width(number func(mean float64) estimate.Number) map[string]estimate.Number {
	mean := func(total int64) estimate.Number { return number(float64(total) / float64(max(s.records, 1))) }
	return map[string]estimate.Number{"id": mean(s.ids), "description": mean(s.descriptions), "sequence": mean(s.residues)}
}
