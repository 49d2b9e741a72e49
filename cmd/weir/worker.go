package main

import (
	"encoding/json"

	"weir/cmd/weir/internal/project"
	"weir/runtime/flink/worker"
	"weir/runtime/op"
	"weir/runtime/storage"
	"weir/stdlib"
)

// workerCmd is the process that a cluster starts beside each of its tasks.
type workerCmd struct{}

func (c *workerCmd) Run(e *env) error {
	cat, err := stdlib.Catalogue()
	if err != nil {
		return err
	}
	err = worker.Run(e.ctx, e.stdin, e.stdout, worker.Options{Catalogue: cat, Version: version(), Storage: func(data json.RawMessage) (op.Storage, error) {
		var s settings
		if len(data) > 0 {
			if err := json.Unmarshal(data, &s); err != nil {
				return nil, err
			}
		}
		t := project.Target{S3: s.S3}
		p := &project.Project{Target: "worker", Targets: map[string]project.Target{"worker": t}}
		return storage.Rooted(storages(e, p, ""), s.Root), nil
	}})
	if err != nil {
		return exit(exitRun) // the host has been told
	}
	return nil
}
