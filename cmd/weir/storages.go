package main

import (
	"encoding/json"
	"os"

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
	s := schemes(e, p, t)
	if t.Yarn != nil {
		return storage.Rooted(s, t.Yarn.Root)
	}
	return s
}

func schemes(e *env, p *project.Project, t project.Target) op.Storage {
	return storage.New(storage.Schemes{
		"":   func() (op.Storage, error) { return &localfile.Local{Stdin: e.stdin, Stdout: e.stdout}, nil },
		"s3": func() (op.Storage, error) { return s3.New(t.S3) },
		"hdfs": func() (op.Storage, error) {
			dir, err := tempDir("", t, p)
			if err != nil {
				return nil, err
			}
			return hdfs.New(hdfs.Options{TempDir: dir, Getenv: hadoopEnv(t)}), nil
		},
	})
}

// hadoopEnv is the environment that Hadoop's configuration is looked for in: a target may name its folder.
func hadoopEnv(t project.Target) func(string) string {
	if t.Yarn == nil || t.Yarn.HadoopConf == "" {
		return nil
	}
	return func(name string) string {
		if name == "HADOOP_CONF_DIR" {
			return t.Yarn.HadoopConf
		}
		return os.Getenv(name)
	}
}

// settings is what workers on a cluster are told of the storages of a target.
type settings struct {
	Root string     `json:"root,omitempty"` // of relative paths
	S3   s3.Options `json:"s3"`
}

func settingsOf(t project.Target) (json.RawMessage, error) {
	return json.Marshal(settings{Root: t.Yarn.Root, S3: t.S3})
}
