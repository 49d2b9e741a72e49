package checkpoint

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"sync"

	"weir/runtime/op"
)

// magic ends a checkpoint, behind the manifest's offset, length and CRC32C.
const magic = "weirCKP1"

const footerSize = 8 + 8 + 4 + len(magic)

// Writer writes one checkpoint. Its methods may be called from any goroutine.
type Writer struct {
	store *Store
	ctx   context.Context
	id    uint64

	mu     sync.Mutex
	file   op.StagedFile
	buf    *bufio.Writer
	off    int64
	owners []Owner
	frames []Frame
	files  []StateFile
	staged []Staged
	shared map[string]SharedFile
	err    error
}

// Begin begins a checkpoint. Its id must be greater than that of every other one in the folder.
func (s *Store) Begin(ctx context.Context, id uint64) (*Writer, error) {
	f, err := s.storage.Create(ctx, s.name(id), op.CreateOptions{})
	if err != nil {
		return nil, err
	}
	return &Writer{store: s, ctx: ctx, id: id, file: f, buf: bufio.NewWriterSize(f, 256<<10), shared: map[string]SharedFile{}}, nil
}

// Owner registers whose state follows, and gives the number for the other calls.
func (w *Writer) Owner(o Owner) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.owners = append(w.owners, o)
	return len(w.owners) - 1
}

// Frame adds a piece of an owner's state; group is -1 for an item.
func (w *Writer) Frame(owner, group int, state []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return w.err
	}
	w.frames = append(w.frames, Frame{Owner: owner, Group: group, Off: w.off, Len: len(state), CRC: crc32.Checksum(state, castagnoli)})
	w.off += int64(len(state))
	_, w.err = w.buf.Write(state)
	return w.err
}

// File adds a local file that will not change to an owner's state, unless a kept checkpoint has it already.
func (w *Writer) File(owner int, name, path string) error {
	w.mu.Lock()
	o := w.owners[owner]
	w.mu.Unlock()
	shared := fmt.Sprintf("%d-%d-%d-%s", o.Stage, o.Op, o.Task, safe(name))
	if err := w.share(shared, func() (io.ReadCloser, error) { return os.Open(path) }); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.files = append(w.files, StateFile{Owner: owner, Name: name, File: shared})
	return nil
}

// Stage adds a block of the staging area, unless a kept checkpoint has it already.
func (w *Writer) Stage(key string, open func() (io.ReadCloser, error)) error {
	shared := "staged-" + safe(key)
	if err := w.share(shared, open); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.staged = append(w.staged, Staged{Key: key, File: shared})
	return nil
}

// share copies a file into the folder of files.
func (w *Writer) share(name string, open func() (io.ReadCloser, error)) error {
	w.mu.Lock()
	known, is := w.store.shared[name]
	if is {
		w.shared[name] = known
	}
	w.mu.Unlock()
	if is {
		return nil
	}
	in, err := open()
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }() // read only
	out, err := w.store.storage.Create(w.ctx, w.store.fileOf(name), op.CreateOptions{})
	if err != nil {
		return err
	}
	h := crc32.New(castagnoli)
	n, err := io.Copy(io.MultiWriter(out, h), in)
	var token []byte
	if err == nil {
		token, err = out.Prepare()
	}
	if err != nil {
		_ = out.Abort() // the first error counts
		return err
	}
	if err := out.Close(); err != nil {
		return err
	}
	if err := w.store.storage.Commit(w.ctx, token); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.shared[name] = SharedFile{Name: name, Size: n, CRC: h.Sum32()}
	return nil
}

// safe makes a file name of any string, different ones of different strings.
func safe(s string) string {
	out := make([]byte, 0, len(s))
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '-', c == '.' && i > 0:
			out = append(out, c)
		default:
			out = fmt.Appendf(out, "_%02x", c)
		}
	}
	return string(out)
}

// manifestFile is the manifest as it is stored: with the shared files.
type manifestFile struct {
	Manifest
	Shared []SharedFile `json:"shared,omitempty"`
}

// Commit ends the checkpoint: when it returns without an error the run can be resumed from it. m says the rest. Older
// checkpoints are removed.
func (w *Writer) Commit(m Manifest) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return w.err
	}
	m.Version, m.ID, m.Owners, m.Frames, m.Files, m.Staged = Version, w.id, w.owners, w.frames, w.files, w.staged
	full := manifestFile{Manifest: m}
	for _, f := range w.shared {
		full.Shared = append(full.Shared, f)
	}
	data, err := json.Marshal(full)
	if err != nil {
		return err
	}
	foot := binary.BigEndian.AppendUint64(nil, uint64(w.off))
	foot = binary.BigEndian.AppendUint64(foot, uint64(len(data)))
	foot = binary.BigEndian.AppendUint32(foot, crc32.Checksum(data, castagnoli))
	foot = append(foot, magic...)
	for _, p := range [][]byte{data, foot} {
		if _, err := w.buf.Write(p); err != nil {
			return err
		}
	}
	if err := w.buf.Flush(); err != nil {
		return err
	}
	token, err := w.file.Prepare()
	if err != nil {
		return err
	}
	if err := w.file.Close(); err != nil {
		return err
	}
	if err := w.store.storage.Commit(w.ctx, token); err != nil {
		return err
	}
	k := kept{id: w.id, files: full.Shared}
	for _, f := range full.Shared {
		w.store.shared[f.Name] = f
	}
	w.store.kept = append(w.store.kept, k)
	w.store.retire(w.ctx)
	return nil
}

// Size is the bytes of state so far, shared files left out.
func (w *Writer) Size() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.off
}

// Abort gives the checkpoint up.
func (w *Writer) Abort() error { return w.file.Abort() }
