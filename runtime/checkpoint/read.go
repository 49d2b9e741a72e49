package checkpoint

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"weir/runtime/op"
)

// maxManifest bounds what a manifest may take in memory.
const maxManifest = 1 << 30

// Checkpoint is one that has been read and found whole.
type Checkpoint struct {
	Manifest
	store  *Store
	file   op.File
	shared []SharedFile
	byName map[string]SharedFile
	frames map[int][]Frame     // by owner
	files  map[int][]StateFile // by owner
}

// Close releases the file.
func (c *Checkpoint) Close() error { return c.file.Close() }

// read reads a checkpoint whole.
func (s *Store) read(ctx context.Context, id uint64) (c *Checkpoint, err error) {
	name := s.name(id)
	f, err := s.storage.Open(ctx, name, "")
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = f.Close() // read only
			err = fmt.Errorf("%s: %w", name, err)
		}
	}()
	size := f.Info().Size
	if size < int64(footerSize) {
		return nil, errors.New("it is cut short")
	}
	foot := make([]byte, footerSize)
	if _, err := f.ReadAt(foot, size-int64(footerSize)); err != nil && err != io.EOF {
		return nil, err
	}
	off, n := binary.BigEndian.Uint64(foot), binary.BigEndian.Uint64(foot[8:])
	if string(foot[20:]) != magic || n > maxManifest || off > uint64(size) || off+n+uint64(footerSize) != uint64(size) {
		return nil, errors.New("it does not end as a checkpoint does")
	}
	data := make([]byte, n)
	if _, err := f.ReadAt(data, int64(off)); err != nil && err != io.EOF {
		return nil, err
	}
	if crc32.Checksum(data, castagnoli) != binary.BigEndian.Uint32(foot[16:]) {
		return nil, errors.New("its manifest is damaged")
	}
	var m manifestFile
	if err := json.Unmarshal(data, &m); err != nil {
		return nil, err
	}
	if m.Version != Version {
		return nil, fmt.Errorf("it has format %d, and this program reads format %d", m.Version, Version)
	}
	if m.ID != id {
		return nil, fmt.Errorf("it is checkpoint %d", m.ID)
	}
	c = &Checkpoint{Manifest: m.Manifest, store: s, file: f, shared: m.Shared, byName: map[string]SharedFile{}, frames: map[int][]Frame{},
		files: map[int][]StateFile{}}
	for _, x := range m.Shared {
		c.byName[x.Name] = x
	}
	at := int64(0)
	for _, fr := range m.Frames {
		if fr.Owner < 0 || fr.Owner >= len(m.Owners) || fr.Off != at || fr.Len < 0 || fr.Off+int64(fr.Len) > int64(off) {
			return nil, errors.New("its frames are not what the manifest says")
		}
		at += int64(fr.Len)
		c.frames[fr.Owner] = append(c.frames[fr.Owner], fr)
	}
	if at != int64(off) {
		return nil, errors.New("its frames are not what the manifest says")
	}
	for _, fr := range m.Frames {
		if _, err := c.frame(fr); err != nil {
			return nil, err
		}
	}
	for _, x := range m.Files {
		if _, is := c.byName[x.File]; !is || x.Owner < 0 || x.Owner >= len(m.Owners) {
			return nil, errors.New("its files are not what the manifest says")
		}
		c.files[x.Owner] = append(c.files[x.Owner], x)
	}
	for _, x := range m.Shared {
		if err := s.check(ctx, x); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// check reads a shared file whole.
func (s *Store) check(ctx context.Context, x SharedFile) error {
	if strings.ContainsAny(x.Name, "/\\") || x.Name == "" || x.Name[0] == '.' {
		return fmt.Errorf("a file is called %q", x.Name)
	}
	f, err := s.storage.Open(ctx, s.fileOf(x.Name), "")
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // read only
	h := crc32.New(castagnoli)
	n, err := io.Copy(h, f)
	if err != nil {
		return err
	}
	if n != x.Size || h.Sum32() != x.CRC {
		return fmt.Errorf("the file %s is damaged", x.Name)
	}
	return nil
}

func (c *Checkpoint) frame(f Frame) ([]byte, error) {
	data := make([]byte, f.Len)
	if _, err := c.file.ReadAt(data, f.Off); err != nil && err != io.EOF {
		return nil, err
	}
	if crc32.Checksum(data, castagnoli) != f.CRC {
		return nil, errors.New("a piece of its state is damaged")
	}
	return data, nil
}

// StagedBlock reads a block of the staging area.
func (c *Checkpoint) StagedBlock(ctx context.Context, s Staged) ([]byte, error) {
	f, err := c.store.storage.Open(ctx, c.store.fileOf(s.File), "")
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // read only
	var b bytes.Buffer
	if _, err := io.Copy(&b, f); err != nil {
		return nil, err
	}
	if x := c.byName[s.File]; int64(b.Len()) != x.Size || crc32.Checksum(b.Bytes(), castagnoli) != x.CRC {
		return nil, fmt.Errorf("the file %s is damaged", s.File)
	}
	return b.Bytes(), nil
}

// Reader gives the state of the owners that match to instance `number` of n: the key groups [first, last), and every n-th item. Files are
// copied into dir, which the caller removes. It is nil where there is no such state.
func (c *Checkpoint) Reader(ctx context.Context, match func(Owner) bool, first, last, number, n int, dir string) op.SnapshotReader {
	r := &reader{c: c, ctx: ctx, first: first, last: last, number: number, n: n, dir: dir}
	for i, o := range c.Owners {
		if match(o) {
			r.owners = append(r.owners, i)
		}
	}
	if len(r.owners) == 0 {
		return nil
	}
	// They were written in the order in which tasks were ready. With the same number of instances each gets its own items back.
	slices.SortStableFunc(r.owners, func(a, b int) int { return cmp.Compare(c.Owners[a].Task, c.Owners[b].Task) })
	return r
}

type reader struct {
	c           *Checkpoint
	ctx         context.Context
	owners      []int
	first, last int
	number, n   int
	dir         string
	err         error
}

func (r *reader) Err() error { return r.err }

func (r *reader) KeyGroups() iter.Seq2[int, []byte] {
	return func(yield func(int, []byte) bool) {
		for _, o := range r.owners {
			for _, f := range r.c.frames[o] {
				if f.Group < r.first || f.Group >= r.last {
					continue
				}
				data, err := r.c.frame(f)
				if err != nil {
					r.err = err
					return
				}
				if !yield(f.Group, data) {
					return
				}
			}
		}
	}
}

func (r *reader) Items() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		i := 0
		for _, o := range r.owners {
			for _, f := range r.c.frames[o] {
				if f.Group >= 0 {
					continue
				}
				if i++; (i-1)%r.n != r.number {
					continue
				}
				data, err := r.c.frame(f)
				if err != nil {
					r.err = err
					return
				}
				if !yield(data) {
					return
				}
			}
		}
	}
}

func (r *reader) Files() iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for _, o := range r.owners {
			for _, f := range r.c.files[o] {
				to := filepath.Join(r.dir, f.File)
				if err := r.copy(f.File, to); err != nil {
					r.err = err
					return
				}
				if !yield(f.Name, to) {
					return
				}
			}
		}
	}
}

// copy brings a shared file to this machine.
func (r *reader) copy(name, to string) error {
	if _, err := os.Stat(to); err == nil {
		return nil
	}
	in, err := r.c.store.storage.Open(r.ctx, r.c.store.fileOf(name), "")
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }() // read only
	part, err := os.CreateTemp(r.dir, "part-*")
	if err != nil {
		return err
	}
	_, err = io.Copy(part, in)
	if err := errors.Join(err, part.Close()); err != nil {
		return errors.Join(err, os.Remove(part.Name()))
	}
	return os.Rename(part.Name(), to)
}
