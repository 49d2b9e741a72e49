package tabular

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"weir/compiler/expr"
	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
	"weir/runtime/op/optest"
	"weir/runtime/storage/localfile"
)

// world is the surroundings of an instance in these tests: files of this machine and nothing else.
type world struct {
	surroundings
	storage op.Storage
	task    int
}

type surroundings = op.Context

func (w world) Context() context.Context { return context.Background() }
func (w world) Storage() op.Storage      { return w.storage }
func (w world) Task() int                { return w.task }
func (w world) Resumable() bool          { return false }
func (w world) Restored() uint64         { return 0 }
func (w world) Now() time.Time           { return time.Time{} }

func local() world { return world{storage: localfile.New()} }

// table makes one batch of rows.
func table(row types.Row, rows ...[]any) *batch.Batch {
	b := &batch.Batch{Row: row, N: len(rows)}
	for i, f := range row {
		c := batch.NewBuilder(f.Type, len(rows))
		for _, r := range rows {
			c.Any(r[i])
		}
		b.Cols = append(b.Cols, c.Done())
	}
	return b
}

func rowOf(t testing.TB, s string) types.Row {
	t.Helper()
	ty, err := types.Parse("{ " + s + " }")
	if err != nil {
		t.Fatal(err)
	}
	return types.Row(ty.Fields)
}

func pathArg(path string) *op.Arg { return &op.Arg{Expr: expr.Lit(types.Of(types.Path), path)} }

// write runs a sink over batches, to its commit.
func write(t testing.TB, w world, o *op.Operator, a op.Args, row types.Row, batches ...*batch.Batch) error {
	t.Helper()
	x := instance(t, o, a, row)
	defer func() {
		if err := x.Close(); err != nil {
			t.Error(err)
		}
	}()
	if err := x.Open(w); err != nil {
		return err
	}
	for _, b := range batches {
		if err := x.Data(0, b, nil); err != nil {
			return err
		}
	}
	if err := x.Drain(nil); err != nil {
		return err
	}
	if err := x.Snapshot(1, &optest.State{}); err != nil {
		return err
	}
	return x.Commit(1)
}

// instance makes a sink, with its arguments as a plan brings them.
func instance(t testing.TB, o *op.Operator, a op.Args, row types.Row) op.Instance {
	t.Helper()
	raw, err := json.Marshal(a)
	args := op.Args{}
	if err == nil {
		err = json.Unmarshal(raw, &args)
	}
	if err != nil {
		t.Fatal(err)
	}
	x, err := o.New(&op.Config{Name: o.Name, Args: args, In: []types.Row{row}})
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// files gives the content of all files in a folder, hidden ones included.
func files(t testing.TB, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		out[e.Name()] = string(data)
	}
	return out
}

// errorsOf asks an operator's Type and gives what it complains of.
func errorsOf(o *op.Operator, in types.Row) string {
	var b strings.Builder
	o.Type(&op.Typing{In: []types.Stream{{Row: in}}, Errorf: func(_, code, format string, args ...any) { b.WriteString(code + " " + format + "\n") }})
	return b.String()
}
