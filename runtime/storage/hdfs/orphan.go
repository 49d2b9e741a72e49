package hdfs

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"path"
	"strings"

	"weir/runtime/storage"
)

var _ storage.Cleaner = (*Storage)(nil)

// Orphans gives what writers have left below `_tmp`. It implements storage.Cleaner.
func (s *Storage) Orphans(ctx context.Context, file string) ([]storage.Orphan, error) {
	c, name, err := s.of(file)
	if err != nil {
		return nil, err
	}
	o := &orphans{c: c, ctx: ctx, root: file[:len("hdfs://")+strings.IndexByte(strings.TrimPrefix(file, "hdfs://")+"/", '/')]}
	if strings.HasSuffix(file, "/") {
		err = o.walk(name)
	} else {
		o.only, o.file = path.Base(name), file
		err = o.folder(path.Dir(name))
	}
	if err != nil {
		return nil, c.failed(codeRead, file, name, "the folder cannot be searched", err)
	}
	storage.SortOrphans(o.found)
	return o.found, nil
}

type orphans struct {
	c     *cluster
	ctx   context.Context
	root  string // hdfs://AUTHORITY
	only  string // the name of one file, which the user calls file
	file  string
	found []storage.Orphan
}

// list gives what a folder has; nothing where there is none.
func (o *orphans) list(name string) ([]status, error) {
	all, err := o.c.list(o.ctx, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // gone in the meantime
	}
	return all, err
}

// walk searches a folder and all below.
func (o *orphans) walk(name string) error {
	all, err := o.list(name)
	if err != nil {
		return err
	}
	for _, e := range all {
		if !e.folder {
			continue
		}
		if e.name == temporary {
			err = o.folder(name)
		} else {
			err = o.walk(path.Join(name, e.name))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// folder searches the `_tmp` of a folder.
func (o *orphans) folder(name string) error {
	runs, err := o.list(path.Join(name, temporary))
	if err != nil {
		return err
	}
	for _, run := range runs {
		if !run.folder || !runName.MatchString(run.name) {
			continue // somebody else's
		}
		files, err := o.list(path.Join(name, temporary, run.name))
		if err != nil {
			return err
		}
		for _, f := range files {
			if f.folder && (o.only == "" || o.only == f.name) {
				if err := o.add(path.Join(name, f.name), run.name, f); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (o *orphans) add(name, run string, f status) error {
	t := token{Path: o.root + name, Run: run}
	if o.file != "" {
		t.Path = o.file
	}
	pieces, err := o.list(t.folder(name))
	if err != nil {
		return err
	}
	orphan := storage.Orphan{Path: t.Path, Modified: f.modified}
	for _, p := range pieces {
		orphan.Size += p.size
		if p.modified.After(orphan.Modified) {
			orphan.Modified = p.modified
		}
	}
	if orphan.Token, err = json.Marshal(t); err != nil {
		return err
	}
	o.found = append(o.found, orphan)
	return nil
}
