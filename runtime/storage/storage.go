// Package storage joins the storages of several schemes into one: a path says by its scheme (s3://, hdfs://, none for this machine) where it
// lies, and so do the tokens of files that are being written.
package storage

import (
	"bytes"
	"context"
	"fmt"
	"sort"
	"strings"
	"sync"

	"weir/runtime/op"
)

// codeScheme: a path of a storage that is not known.
const codeScheme = "W6205"

// Schemes is the storages by scheme; "" is the one of paths without a scheme. Each is made when it is first used.
type Schemes map[string]func() (op.Storage, error)

// New joins them.
func New(schemes Schemes) op.Storage {
	m := &multi{map[string]func() (op.Storage, error){}}
	for name, open := range schemes {
		m.open[name] = sync.OnceValues(open)
	}
	return m
}

type multi struct {
	open map[string]func() (op.Storage, error)
}

// SchemeOf gives the scheme of a path, "" for a path of this machine.
func SchemeOf(path string) string {
	scheme, _, found := strings.Cut(path, "://")
	if !found || strings.ContainsAny(scheme, "/.") {
		return ""
	}
	return scheme
}

func (m *multi) of(path string) (op.Storage, error) {
	scheme := SchemeOf(path)
	if open := m.open[scheme]; open != nil {
		return open()
	}
	var known []string
	for name := range m.open {
		if name != "" {
			known = append(known, name+"://")
		}
	}
	sort.Strings(known)
	return nil, &op.Error{Code: codeScheme, File: path, Message: fmt.Sprintf("%s:// cannot be read or written", scheme),
		Hint: "a path is one of this machine, or begins with " + strings.Join(known, " or ")}
}

func (m *multi) List(ctx context.Context, path string) ([]op.FileInfo, error) {
	s, err := m.of(path)
	if err != nil {
		return nil, err
	}
	return s.List(ctx, path)
}

func (m *multi) Open(ctx context.Context, path, version string) (op.File, error) {
	s, err := m.of(path)
	if err != nil {
		return nil, err
	}
	return s.Open(ctx, path, version)
}

func (m *multi) Create(ctx context.Context, path string, o op.CreateOptions) (op.StagedFile, error) {
	s, err := m.of(path)
	if err != nil {
		return nil, err
	}
	f, err := s.Create(ctx, path, o)
	if err != nil {
		return nil, err
	}
	return &staged{f, SchemeOf(path)}, nil
}

func (m *multi) Remove(ctx context.Context, path string) error {
	s, err := m.of(path)
	if err != nil {
		return err
	}
	return s.Remove(ctx, path)
}

// staged is a file whose tokens say their scheme.
type staged struct {
	op.StagedFile
	scheme string
}

func (f *staged) Prepare() ([]byte, error) {
	token, err := f.StagedFile.Prepare()
	if err != nil || len(token) == 0 {
		return nil, err
	}
	return withScheme(f.scheme, token), nil
}

func withScheme(scheme string, token []byte) []byte { return append([]byte(scheme+":"), token...) }

func (m *multi) Resume(ctx context.Context, token []byte) (op.StagedFile, error) {
	s, scheme, rest, err := m.ofToken(token)
	if err != nil {
		return nil, err
	}
	f, err := s.Resume(ctx, rest)
	if err != nil {
		return nil, err
	}
	return &staged{f, scheme}, nil
}

func (m *multi) Commit(ctx context.Context, token []byte) error {
	s, _, rest, err := m.ofToken(token)
	if err != nil {
		return err
	}
	return s.Commit(ctx, rest)
}

func (m *multi) Abort(ctx context.Context, token []byte) error {
	s, _, rest, err := m.ofToken(token)
	if err != nil {
		return err
	}
	return s.Abort(ctx, rest)
}

// ofToken finds the storage of a token. An empty one is this machine's, which has files that need no commit.
func (m *multi) ofToken(token []byte) (s op.Storage, scheme string, rest []byte, err error) {
	name, rest, _ := bytes.Cut(token, []byte{':'})
	if open := m.open[string(name)]; open != nil {
		s, err = open()
		return s, string(name), rest, err
	}
	return nil, "", nil, &op.Error{Code: codeScheme, Message: fmt.Sprintf("a checkpoint names a storage %q, which is not known", name),
		Hint: "the checkpoint is damaged, or of another version of weir"}
}
