package localfile

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"weir/runtime/storage"
)

var _ storage.Cleaner = (*Local)(nil)

// partName is the name that create gives a file that is being written: .<name>.part-<random>.
var partName = regexp.MustCompile(`^\.(.+)\.part-[0-9a-f]{12}$`)

// Orphans gives the hidden files that writers have left; one whose writer is alive on this machine is none. It implements storage.Cleaner.
func (l *Local) Orphans(ctx context.Context, path string) ([]storage.Orphan, error) {
	var out []storage.Orphan
	root, all := filepath.Dir(path), strings.HasSuffix(path, "/")
	if all {
		root = filepath.Clean(path)
	}
	err := filepath.WalkDir(root, func(part string, d fs.DirEntry, err error) error {
		switch {
		case err == nil && ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.Is(err, fs.ErrNotExist):
			return nil // gone in the meantime, or nothing there
		case err != nil:
			return err
		case d.IsDir():
			if !all && part != root {
				return fs.SkipDir
			}
			return nil
		}
		m := partName.FindStringSubmatch(d.Name())
		if m == nil || !d.Type().IsRegular() || !all && m[1] != filepath.Base(path) {
			return nil
		}
		s, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		} else if err != nil {
			return err
		}
		if alive(part) {
			return nil
		}
		place := filepath.Join(filepath.Dir(part), m[1])
		name := place
		if !all {
			name = path
		}
		t, err := json.Marshal(token{Path: name, Place: place, Part: part, Size: s.Size()})
		if err != nil {
			return err
		}
		out = append(out, storage.Orphan{Path: name, Size: s.Size(), Modified: s.ModTime(), Token: t})
		return nil
	})
	if err != nil && ctx.Err() == nil {
		err = failed(codeRead, path, "the folder cannot be searched", err)
	}
	storage.SortOrphans(out)
	return out, err
}

// alive reports whether a process has the file's lock.
func alive(part string) bool {
	f, err := os.Open(part)
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }() // with it goes the lock
	return lock(f)
}
