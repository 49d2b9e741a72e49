package main

import (
	"weir/cmd/weir/internal/project"
	"weir/runtime/op"
	"weir/runtime/storage"
	"weir/runtime/storage/hdfs"
	"weir/runtime/storage/localfile"
	"weir/runtime/storage/s3"
)

// storages gives the files of this machine and of the stores that paths may name, with a target's settings ("": the project's target). A store is looked for when
// the first path names it.
func storages(e *env, p *project.Project, target string) op.Storage {
	_, t, _ := p.Named(target)
	return storage.New(storage.Schemes{
		"":   func() (op.Storage, error) { return &localfile.Local{Stdin: e.stdin, Stdout: e.stdout}, nil },
		"s3": func() (op.Storage, error) { return s3.New(t.S3) },
		"hdfs": func() (op.Storage, error) {
			dir, err := tempDir("", t, p)
			if err != nil {
				return nil, err
			}
			return hdfs.New(hdfs.Options{TempDir: dir}), nil
		},
	})
}
