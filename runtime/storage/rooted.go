package storage

import (
	"context"
	"path"
	"strings"

	"weir/runtime/op"
)

// Rooted takes relative paths as paths below a root, a folder of any store; absolute paths, paths with a scheme, and "-" stay what they are. What it
// lists has the paths that were asked for, so that rows and messages name files as a run in that folder would.
func Rooted(s op.Storage, root string) op.Storage {
	if root == "" {
		return s
	}
	return &rooted{s, strings.TrimSuffix(root, "/") + "/"}
}

type rooted struct {
	op.Storage
	root string
}

// full gives the path below the root; it never leads out of it.
func (r *rooted) full(p string) string {
	if p == "-" || path.IsAbs(p) || SchemeOf(p) != "" {
		return p
	}
	full := r.root + strings.TrimPrefix(path.Clean("/"+p), "/")
	if strings.HasSuffix(p, "/") && !strings.HasSuffix(full, "/") {
		full += "/"
	}
	return full
}

// given turns the path of a listed file back.
func (r *rooted) given(asked, found string) string {
	if r.full(asked) == asked {
		return found
	}
	rest, ok := strings.CutPrefix(found, r.root)
	if !ok {
		return found
	}
	if strings.HasPrefix(asked, "./") {
		return "./" + rest
	}
	return rest
}

func (r *rooted) List(ctx context.Context, p string) ([]op.FileInfo, error) {
	files, err := r.Storage.List(ctx, r.full(p))
	for i := range files {
		files[i].Path = r.given(p, files[i].Path)
	}
	return files, err
}

func (r *rooted) Open(ctx context.Context, p, version string) (op.File, error) {
	f, err := r.Storage.Open(ctx, r.full(p), version)
	if err != nil {
		return nil, err
	}
	info := f.Info()
	info.Path = r.given(p, info.Path)
	if x, ok := f.(op.Expecter); ok {
		return struct {
			rootedFile
			op.Expecter
		}{rootedFile{f, info}, x}, nil
	}
	return rootedFile{f, info}, nil
}

// rootedFile is a file under the path that was asked for.
type rootedFile struct {
	op.File
	info op.FileInfo
}

func (f rootedFile) Info() op.FileInfo { return f.info }

func (r *rooted) Create(ctx context.Context, p string, o op.CreateOptions) (op.StagedFile, error) {
	return r.Storage.Create(ctx, r.full(p), o)
}

func (r *rooted) Remove(ctx context.Context, p string) error {
	return r.Storage.Remove(ctx, r.full(p))
}

// Describe implements Describer.
func (r *rooted) Describe(p string) string {
	if d, ok := r.Storage.(Describer); ok {
		return d.Describe(r.full(p))
	}
	return ""
}
