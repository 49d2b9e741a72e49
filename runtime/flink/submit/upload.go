package submit

import (
	"context"
	"crypto/sha256"
	"debug/elf"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"weir/runtime/op"
)

// write puts a file into a store as a whole.
func write(ctx context.Context, s op.Storage, name string, from io.Reader) error {
	f, err := s.Create(ctx, name, op.CreateOptions{})
	if err != nil {
		return err
	}
	_, err = io.Copy(struct{ io.Writer }{f}, from)
	var token []byte
	if err == nil {
		token, err = f.Prepare()
	}
	if err == nil {
		if err = f.Close(); err == nil {
			err = s.Commit(ctx, token)
		}
	}
	if err != nil {
		return errors.Join(err, f.Abort())
	}
	return nil
}

// maxSmall bounds the files that are read whole.
const maxSmall = 256 << 20

// read gives a file's content.
func read(ctx context.Context, s op.Storage, name string) (data []byte, err error) {
	f, err := s.Open(ctx, name, "")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if data, err = io.ReadAll(io.LimitReader(f, maxSmall+1)); len(data) > maxSmall {
		err = fmt.Errorf("%s has more than %d MiB", name, maxSmall>>20)
	}
	return data, err
}

func exists(ctx context.Context, s op.Storage, name string, size int64) (bool, error) {
	files, err := s.List(ctx, name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil && len(files) == 1 && files[0].Size == size, err
}

// Uploaded tells of an upload: what, and how many bytes.
type Uploaded struct {
	Name  string
	Bytes int64
}

// uploadFile puts a file of this machine into the cache of a cluster, under its SHA-256, unless it is there. It gives the path.
func (c *Cluster) uploadFile(ctx context.Context, local, name string) (string, error) {
	f, err := os.Open(local)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }() // read only
	h := sha256.New()
	size, err := io.Copy(h, f)
	if err != nil {
		return "", err
	}
	return c.put(ctx, hex.EncodeToString(h.Sum(nil)), name, size, func() (io.Reader, error) {
		_, err := f.Seek(0, io.SeekStart)
		return f, err
	})
}

func (c *Cluster) put(ctx context.Context, sum, name string, size int64, open func() (io.Reader, error)) (string, error) {
	to := c.target.Dir + "/cache/" + sum[:32] + "/" + name
	there, err := exists(ctx, c.storage, to, size)
	if err != nil || there {
		return to, err
	}
	c.events.uploading(Uploaded{name, size})
	r, err := open()
	if err != nil {
		return "", err
	}
	return to, write(ctx, c.storage, to, r)
}

// uploadProgram uploads the weir that workers run.
func (c *Cluster) uploadProgram(ctx context.Context) (string, error) {
	name := c.target.Program
	if name == "" {
		var err error
		if name, err = os.Executable(); err != nil {
			return "", err
		}
	}
	f, err := elf.Open(name)
	if err != nil {
		return "", problem(codeSubmit, fmt.Sprintf("%s cannot run on the cluster: it is no program for Linux", name),
			"set `program` of the target to a weir built for the cluster's machines: GOOS=linux GOARCH=… go build ./cmd/weir", err)
	}
	_ = f.Close() // read only
	return c.uploadFile(ctx, name, "weir")
}

// uploadFlink uploads Flink's lib and plugins and gives their folders. A file in place says that all others are.
func (c *Cluster) uploadFlink(ctx context.Context) (lib, plugins string, err error) {
	d := c.flink
	whole := sha256.New()
	sizes := map[string]int64{}
	for _, name := range d.files {
		if sizes[name], err = addFile(whole, filepath.Join(d.home, filepath.FromSlash(name)), name); err != nil {
			return "", "", err
		}
	}
	folder := c.target.Dir + "/cache/flink-" + d.version + "-" + hex.EncodeToString(whole.Sum(nil))[:32]
	lib = folder + "/lib"
	marker := folder + "/complete.json"
	list, err := json.Marshal(sizes)
	if err != nil {
		return "", "", err
	}
	for name := range sizes {
		if strings.HasPrefix(name, "plugins/") {
			plugins = folder + "/plugins"
		}
	}
	if there, err := exists(ctx, c.storage, marker, int64(len(list))); err != nil || there {
		return lib, plugins, err
	}
	var total int64
	for _, n := range sizes {
		total += n
	}
	c.events.uploading(Uploaded{"Flink " + d.version, total})
	for _, name := range d.files {
		to := folder + "/" + name
		if there, err := exists(ctx, c.storage, to, sizes[name]); err != nil {
			return "", "", err
		} else if there {
			continue
		}
		f, err := os.Open(filepath.Join(d.home, filepath.FromSlash(name)))
		if err != nil {
			return "", "", err
		}
		err = write(ctx, c.storage, to, f)
		if err := errors.Join(err, f.Close()); err != nil {
			return "", "", err
		}
	}
	return lib, plugins, write(ctx, c.storage, marker, strings.NewReader(string(list)))
}

// addFile hashes a file's name and content.
func addFile(h hash.Hash, local, name string) (size int64, err error) {
	f, err := os.Open(local)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	one := sha256.New()
	if size, err = io.Copy(one, f); err != nil {
		return 0, err
	}
	_, err = fmt.Fprintf(h, "%s %x\n", path.Clean(name), one.Sum(nil))
	return size, err
}

func sumOf(data []byte) string {
	s := sha256.Sum256(data)
	return hex.EncodeToString(s[:])
}
