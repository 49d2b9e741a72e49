package hdfs

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"sort"
	"strings"

	"weir/runtime/op"
)

// List gives the files that a path names: one file, every file of a folder (a trailing /), or what a pattern matches (*, ? and [ab] within the
// parts of the path); sorted by name. Names that begin with _ or . are hidden, as everywhere in Hadoop: a folder leaves them out, and so does a pattern that does not
// begin with the same. So are those that `hdfs dfs -put` is writing, until they have their names. A file whose very name has the pattern's characters is meant before the pattern is.
func (s *Storage) List(ctx context.Context, file string) ([]op.FileInfo, error) {
	c, name, err := s.of(file)
	if err != nil {
		return nil, err
	}
	prefix := strings.TrimSuffix(file, "/")
	if strings.HasSuffix(file, "/") {
		all, err := c.list(ctx, name)
		if err != nil {
			return nil, c.failed(codeRead, file, name, "the folder cannot be read", err)
		}
		var out []op.FileInfo
		for _, t := range all {
			if !t.folder && !hidden(t.name) && !unfinished(t.name) {
				out = append(out, info(prefix+"/"+t.name, t))
			}
		}
		return c.some(out, file, name, "the folder has no files")
	}
	t, err := c.stat(ctx, name)
	if err == nil && t.folder {
		return nil, &op.Error{Code: codeRead, File: file, Message: "this is a folder", Hint: "for all files in it write `" + file + "/`"}
	} else if err == nil {
		return []op.FileInfo{info(file, t)}, nil
	}
	if !isPattern(name) || !errors.Is(err, fs.ErrNotExist) {
		return nil, c.failed(codeRead, file, name, "the file cannot be read", err)
	}
	if _, err := path.Match(name, ""); err != nil {
		return nil, &op.Error{Code: codePattern, File: file, Message: "the pattern cannot be understood", Err: err,
			Hint: "* stands for any characters, ? for one, [ab] for one of these"}
	}
	root := file[:len("hdfs://")+strings.IndexByte(strings.TrimPrefix(file, "hdfs://"), '/')]
	var out []op.FileInfo
	err = c.glob(ctx, "/", strings.Split(name[1:], "/"), func(name string, t status) {
		if !t.folder {
			out = append(out, info(root+name, t))
		}
	})
	if err != nil {
		return nil, c.failed(codeRead, file, name, "the folders of the pattern cannot be read", err)
	}
	return c.some(out, file, name, "no file matches the pattern")
}

// some sorts what was found; nothing is an error.
func (c *cluster) some(out []op.FileInfo, file, name, empty string) ([]op.FileInfo, error) {
	if len(out) == 0 {
		return nil, &op.Error{Code: codeRead, File: file, Message: empty, Err: fs.ErrNotExist, Hint: c.hint(fs.ErrNotExist, name)}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Path < out[j].Path })
	return out, nil
}

// glob walks the folders that the first parts match, and yields what the last one does.
func (c *cluster) glob(ctx context.Context, folder string, parts []string, yield func(string, status)) error {
	pattern, rest := parts[0], parts[1:]
	var found []status
	if isPattern(pattern) {
		all, err := c.list(ctx, folder)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		for _, t := range all {
			if ok, err := path.Match(pattern, t.name); err != nil {
				return err
			} else if ok && (!hidden(t.name) || pattern[0] == t.name[0]) && !unfinished(t.name) {
				found = append(found, t)
			}
		}
	} else {
		t, err := c.stat(ctx, path.Join(folder, pattern))
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		} else if err != nil {
			return err
		}
		t.name = pattern
		found = []status{t}
	}
	for _, t := range found {
		name := path.Join(folder, t.name)
		if len(rest) == 0 {
			yield(name, t)
		} else if t.folder {
			if err := c.glob(ctx, name, rest, yield); err != nil {
				return err
			}
		}
	}
	return nil
}

func isPattern(s string) bool { return strings.ContainsAny(s, `*?[\`) }

func hidden(name string) bool { return strings.HasPrefix(name, "_") || strings.HasPrefix(name, ".") }

// unfinished reports a name under which Hadoop's own shell writes a file.
func unfinished(name string) bool { return strings.HasSuffix(name, "._COPYING_") }

func info(file string, t status) op.FileInfo {
	return op.FileInfo{Path: file, Size: t.size, Modified: t.modified, Version: t.version(), Block: t.block}
}
