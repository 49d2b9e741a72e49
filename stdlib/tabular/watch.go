package tabular

import (
	"encoding/json"
	"errors"
	"io/fs"
	"iter"
	"strings"
	"time"

	"weir/compiler/types"
	"weir/runtime/op"
	"weir/stdlib/internal/input"
)

// Watch is the operator that reads files as they appear.
var Watch = &op.Operator{
	Name: "watch", Role: op.SourceRole, Bounded: op.NeverEnds,
	Doc: `reads the files of a folder as they appear, each exactly once; the stream does not end.

The path is a folder (with a trailing /) or a glob. Every ` + "`poll`" + ` it is looked at: files that were not there before are read, in the order of
their names. Whoever puts a file there does so in one step (writes it under another name, or one that begins with a dot, and renames it; a
store's objects appear whole): a file that has been read is known by its path, and what is added to it or takes its place later is not read. A folder
that is not there yet is waited for. With checkpoints the files that were read are part of the state, also over a restart.`,
	Params: []op.Param{
		{Name: "path", Kind: op.Value, Type: types.Of(types.Path), Required: true, Doc: "A folder, or a glob."},
		{Name: "format", Kind: op.Word, Words: []string{"jsonl", "csv", "tsv"}, Required: true, Named: true, Doc: "What the files are."},
		{Name: "as", Kind: op.RowType, Required: true, Named: true, Doc: "The type of a row."},
		{Name: "poll", Kind: op.Value, Type: types.Of(types.Duration), Default: "10s", Doc: "How often to look."},
	},
	Type: func(t *op.Typing) types.Row {
		if poll, ok := t.Args.Const("poll"); ok {
			if d, _ := poll.(int64); d < int64(time.Millisecond) {
				t.Errorf("poll", "W2430", "to look more often than every millisecond is not possible")
				return nil
			}
		}
		if path := t.Args.Text("path"); path == "-" {
			t.Errorf("path", "W2431", "standard input is no folder: read it with read_jsonl, read_csv or read_tsv")
			return nil
		}
		return watched(t.Args).typed(t)
	},
	Caps: op.Caps{
		Live:  func(op.Args) bool { return true },
		Needs: func(op.Args, []types.Row, op.ColumnSet) []op.ColumnSet { return nil },
	},
	Source: func(c *op.Config) (op.Source, error) { return &watcher{source{format: watched(c.Args), cfg: c}}, nil },
}

// watched is the format of a watched folder's files.
func watched(a op.Args) *format {
	switch a.Word("format") {
	case "csv":
		return csvTable
	case "tsv":
		return tsvTable
	}
	return jsonLines
}

// watcher is a source whose splits are the files as they appear. A split's mark is the path.
type watcher struct{ source }

func (w *watcher) Splits(ctx op.Context, seen []json.RawMessage) iter.Seq2[op.Split, error] {
	return func(yield func(op.Split, error) bool) {
		known := map[string]bool{}
		for _, mark := range seen {
			var path string
			if err := json.Unmarshal(mark, &path); err != nil {
				yield(op.Split{}, err)
				return
			}
			known[path] = true
		}
		path := w.cfg.Args.Text("path")
		poll := time.NewTicker(time.Duration(w.cfg.Args.Int("poll", int64(10*time.Second))))
		defer poll.Stop()
		for {
			files, err := ctx.Storage().List(ctx.Context(), path)
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				yield(op.Split{}, err)
				return
			}
			for _, f := range files {
				if known[f.Path] || strings.HasSuffix(f.Path, "/") {
					continue
				}
				known[f.Path] = true
				data, err := json.Marshal(input.Part{Path: f.Path, Version: f.Version})
				mark, err2 := json.Marshal(f.Path)
				split := op.Split{Index: uint64(len(known) - 1), Weight: float64(max(f.Size, 0)), Data: data, Mark: mark}
				if !yield(split, errors.Join(err, err2)) {
					return
				}
			}
			select {
			case <-poll.C:
			case <-ctx.Context().Done():
				yield(op.Split{}, ctx.Context().Err())
				return
			}
		}
	}
}
