package submit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
)

// answers are Flink's: of a job manager that runs, or what was kept of one that has ended.
type answers interface {
	// ask reads the answer to GET path; nothing where a kept answer is not there.
	ask(ctx context.Context, path string, out any) error
}

func (f *flink) ask(ctx context.Context, path string, out any) error {
	return f.do(ctx, http.MethodGet, path, nil, out)
}

// archive is what Flink keeps of a job that has ended: its answers, by path.
type archive map[string]json.RawMessage

// ErrNoArchive: Flink has kept nothing of a job.
var errNoArchive = errors.New("flink has kept nothing of the job")

func (c *Cluster) archive(ctx context.Context, r *Record) (archive, error) {
	data, err := read(ctx, c.storage, c.runDir(r.Run)+"/archive/"+r.Run)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errNoArchive
	}
	if err != nil {
		return nil, err
	}
	var doc struct {
		Archive []struct {
			Path string `json:"path"`
			JSON string `json:"json"`
		} `json:"archive"`
	}
	if err := json.Unmarshal(data, &doc); err != nil {
		return nil, fmt.Errorf("what Flink has kept of the job cannot be read: %w", err)
	}
	a := archive{}
	for _, e := range doc.Archive {
		a[e.Path] = json.RawMessage(e.JSON)
	}
	return a, nil
}

func (a archive) ask(_ context.Context, path string, out any) error {
	data, ok := a[path]
	if !ok {
		return nil
	}
	return json.Unmarshal(data, out)
}
