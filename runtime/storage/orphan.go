package storage

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"weir/runtime/op"
)

// Orphan is what a writer has left that neither committed nor aborted it: its process is gone, or is still writing.
type Orphan struct {
	Path     string    // of the file that it would have become
	Size     int64     // bytes that it takes, -1 where not known
	Modified time.Time // when it was begun, or written to last
	Token    []byte    // for op.Storage.Abort
}

// Cleaner is a storage that finds orphans.
type Cleaner interface {
	// Orphans gives those of one file, or, for a path with a trailing /, of every file below; sorted by path, then by time. None is no error.
	// Whether a writer is alive cannot be told: the caller goes by the time.
	Orphans(ctx context.Context, path string) ([]Orphan, error)
}

// Orphans asks the storage of the path, which must be a Cleaner.
func (m *multi) Orphans(ctx context.Context, path string) ([]Orphan, error) {
	s, err := m.of(path)
	if err != nil {
		return nil, err
	}
	c, ok := s.(Cleaner)
	if !ok {
		return nil, &op.Error{Code: codeScheme, File: path, Message: "what dead runs have left there cannot be found"}
	}
	orphans, err := c.Orphans(ctx, path)
	for i := range orphans {
		orphans[i].Token = withScheme(SchemeOf(path), orphans[i].Token)
	}
	return orphans, err
}

// SortOrphans sorts as Cleaner says.
func SortOrphans(orphans []Orphan) {
	slices.SortFunc(orphans, func(a, b Orphan) int {
		return cmp.Or(strings.Compare(a.Path, b.Path), a.Modified.Compare(b.Modified))
	})
}
