// Package testcat is a small catalogue for the compiler's tests: declarations modelled on the language's own
// operators, functions and
// aggregates. Nothing in it can run, save what constants need.
package testcat

import (
	"fmt"

	"weir/compiler/types"
	"weir/runtime/op"
)

// New gives the catalogue.
func New() *op.Catalogue {
	c, err := op.NewCatalogue(operators(), functions(), aggregates())
	if err != nil {
		panic(err) // the declarations below contradict each other
	}
	return c
}

func t(s string) types.Type {
	ty, err := types.Parse(s)
	if err != nil {
		panic(err) // a type misspelt below
	}
	return ty
}

func row(s string) types.Row { return t(s).Fields }

// instance and source say that an operator is implemented.
func instance(*op.Config) (op.Instance, error) { return nil, fmt.Errorf("testcat cannot run") }
func source(*op.Config) (op.Source, error)     { return nil, fmt.Errorf("testcat cannot run") }

func same(y *op.Typing) types.Row { return y.In[0].Row }

func pathParam() op.Param {
	return op.Param{Name: "path", Kind: op.Value, Type: types.Of(types.Path), Required: true}
}

func operators() []*op.Operator {
	out := []*op.Operator{readFasta(), readRows("read_jsonl", op.Keeps), readRows("read_tsv", op.Keeps), watch(),
		{Name: "filter", Role: op.TransformRole, Type: same, New: instance, Caps: op.Caps{RowWise: true, Condition: "cond"},
			Params: []op.Param{{Name: "cond", Kind: op.RowExpr, Type: t("bool?"), Required: true}}},
		defining("derive", true), defining("select", false), rename(), drop(), explode(), pairs(), align(), search(),
		aggregate(), window(), join(), union(),
		{Name: "event_time", Role: op.TransformRole, New: instance, Type: func(y *op.Typing) types.Row {
			y.Out.Time, _ = y.Args.Expr("column").Path()
			return y.In[0].Row
		},
			Params: []op.Param{{Name: "column", Kind: op.RowExpr, Type: t("timestamp"), Required: true},
				{Name: "out_of_order", Kind: op.Value, Type: t("duration"), Default: "0s"}, {Name: "idle", Kind: op.Value,
					Type: t("duration")}}},
		{Name: "limit", Role: op.TransformRole, Type: same, New: instance, Bounded: op.AlwaysEnds,
			SingleTask: func(op.Args) bool { return true },
			Params:     []op.Param{{Name: "n", Kind: op.Value, Type: t("int"), Required: true}}},
		{Name: "sample", Role: op.TransformRole, Type: same, New: instance, Lossy: true, Params: []op.Param{
			{Name: "fraction", Kind: op.Value, Type: t("float"), Required: true, Named: true}, {Name: "seed", Kind: op.Value,
				Type: t("int"), Default: "1"}}},
		{Name: "sort", Role: op.TransformRole, Type: same, New: instance, Bounded: op.NeedsEnd,
			Params: []op.Param{{Name: "keys", Kind: op.Keys, Required: true, Variadic: true, Min: 1}}},
		{Name: "distinct", Role: op.TransformRole, Type: same, New: instance, Bounded: op.NeedsWindow,
			Caps: op.Caps{Keyed: "on"}, Params: []op.Param{{Name: "on", Kind: op.Keys}}},
		{Name: "impute", Role: op.TransformRole, Type: same,
			Params: []op.Param{{Name: "column", Kind: op.RowExpr, Required: true}}},
		sink("write_tsv", true), sink("write_jsonl", true),
		{Name: "print", Role: op.SinkRole, New: instance, SingleTask: func(op.Args) bool { return true }, AtLeastOnce: true},
	}
	return out
}

func readFasta() *op.Operator {
	return &op.Operator{Name: "read_fasta", Role: op.SourceRole, Source: source,
		Params: []op.Param{pathParam(), {Name: "alphabet", Kind: op.Word, Words: []string{"protein", "dna", "rna"},
			Default: "protein"},
			{Name: "stop", Kind: op.Word, Words: []string{"keep", "trim", "reject"}, Default: "keep"}},
		Type: func(y *op.Typing) types.Row {
			return row("{ id: string, description: string?, sequence: " + y.Args.Word("alphabet") + " }")
		}}
}

func readRows(name string, b op.Boundedness) *op.Operator {
	return &op.Operator{Name: name, Role: op.SourceRole, Source: source, Bounded: b,
		Params: []op.Param{pathParam(), {Name: "as", Kind: op.RowType}},
		Type: func(y *op.Typing) types.Row {
			if y.Args["as"] == nil {
				y.Errorf("path", "W2405", "%s needs `as:` here", name)
				return nil
			}
			return y.Args["as"].Row
		}}
}

func watch() *op.Operator {
	o := readRows("watch", op.NeverEnds)
	o.Params = append(o.Params[:1:1], op.Param{Name: "format", Kind: op.Word,
		Words: []string{"jsonl", "csv", "tsv"}, Required: true, Named: true},
		op.Param{Name: "as", Kind: op.RowType, Required: true, Named: true}, op.Param{Name: "poll", Kind: op.Value,
			Type: t("duration"), Default: "10s"})
	return o
}

func defining(name string, keeps bool) *op.Operator {
	return &op.Operator{Name: name, Role: op.TransformRole, New: instance,
		Caps:   op.Caps{RowWise: true, Defs: "columns", KeepsInput: keeps},
		Params: []op.Param{{Name: "columns", Kind: op.Defs, Variadic: true, Required: true, Min: 1}},
		Type: func(y *op.Typing) types.Row {
			var out types.Row
			if keeps {
				out = y.In[0].Row
			}
			for _, d := range y.Args["columns"].Defs {
				out = out.With(d.Name, d.Expr.Type)
			}
			return out
		}}
}

func rename() *op.Operator {
	return &op.Operator{Name: "rename", Role: op.TransformRole, New: instance, Caps: op.Caps{RowWise: true},
		Params: []op.Param{{Name: "columns", Kind: op.Defs, Variadic: true, Required: true, Min: 1}},
		Type: func(y *op.Typing) types.Row {
			out := append(types.Row(nil), y.In[0].Row...)
			for _, d := range y.Args["columns"].Defs {
				p, ok := d.Expr.Path()
				i := out.Index(p)
				if !ok || i < 0 {
					y.Errorf("columns", "W2404", "rename takes columns")
					return nil
				}
				out[i].Name = d.Name
			}
			return out
		}}
}

func drop() *op.Operator {
	return &op.Operator{Name: "drop", Role: op.TransformRole, New: instance, Caps: op.Caps{RowWise: true},
		Params: []op.Param{{Name: "columns", Kind: op.Columns, Variadic: true, Required: true, Min: 1}},
		Type: func(y *op.Typing) types.Row {
			gone := op.NewColumnSet(y.Args.Names("columns")...)
			out := types.Row{}
			for _, f := range y.In[0].Row {
				if !gone[f.Name] {
					out = append(out, f)
				}
			}
			return out
		}}
}

func explode() *op.Operator {
	return &op.Operator{Name: "explode", Role: op.TransformRole, New: instance,
		Params: []op.Param{{Name: "column", Kind: op.Columns, Required: true}},
		Type: func(y *op.Typing) types.Row {
			name := y.Args.Names("column")[0]
			ty, ok := y.In[0].Row.Lookup(name)
			if !ok || ty.Kind != types.List {
				y.Errorf("column", "W2404", "explode takes a column that is a list")
				return nil
			}
			return y.In[0].Row.With(name, *ty.Elem)
		}}
}

func pairs() *op.Operator {
	return &op.Operator{Name: "pairs", Role: op.TransformRole, New: instance, Bounded: op.NeedsEnd, Params: []op.Param{
		{Name: "as", Kind: op.Names, Required: true, Named: true, Min: 2}, {Name: "order", Kind: op.Word,
			Words: []string{"once", "both"}, Default: "once"},
		{Name: "self", Kind: op.Value, Type: t("bool"), Default: "false"}, {Name: "size_by", Kind: op.Columns, Hidden: true}},
		Type: func(y *op.Typing) types.Row {
			rec := types.RecordOf(y.In[0].Row...)
			as := y.Args.Names("as")
			return types.Row{{Name: as[0], Type: rec}, {Name: as[1], Type: rec}}
		}}
}

func scheme() []op.Param {
	cost := func(n, ty string) op.Param {
		return op.Param{Name: n, Kind: op.Value, Type: t(ty), Required: true}
	}
	return []op.Param{
		{Name: "mode", Kind: op.Word, Words: []string{"local", "global", "fit", "overlap"}, Default: "local"},
		{Name: "matrix", Kind: op.Word, Words: []string{"BLOSUM62", "BLOSUM80", "PAM250"}, Paths: true, Default: "BLOSUM62"},
		{Name: "gap", Kind: op.Ctor, Default: "affine(open: 11, extend: 1)", Ctors: []op.Constructor{
			{Name: "affine", Params: []op.Param{cost("open", "int"), cost("extend", "int")}}, {Name: "emboss",
				Params: []op.Param{cost("open", "float"), cost("extend", "float")}},
			{Name: "linear", Params: []op.Param{cost("extend", "int")}}}},
		{Name: "free_ends", Kind: op.Words, Words: []string{"query_start", "query_end", "target_start", "target_end"}},
	}
}

func align() *op.Operator {
	return &op.Operator{Name: "align", Role: op.TransformRole, New: instance,
		Params: append([]op.Param{{Name: "a", Kind: op.RowExpr,
			Type: t("string"), Required: true}, {Name: "b", Kind: op.RowExpr, Type: t("string"), Required: true}},
			append(scheme(), op.Param{Name: "min_score", Kind: op.Value, Type: t("float"), Hidden: true})...),
		Caps: op.Caps{RowWise: true, Lazy: func(a op.Args) []op.LazyColumn {
			l := []op.LazyColumn{{Name: "score", Why: "score only"}, {Name: "identity", Tier: 1, Why: "traceback"},
				{Name: "bits"}}
			if a.Word("matrix") != "BLOSUM62" {
				l[2].Unavailable = "no statistics are known for this matrix: use BLOSUM62"
			}
			return l
		}},
		Type: func(y *op.Typing) types.Row {
			score := "int"
			if y.Args["gap"].Word == "emboss" {
				score = "float"
			}
			return append(append(types.Row(nil), y.In[0].Row...),
				row("{ score: "+score+", identity: float, cigar: cigar, bits: float }")...)
		}}
}

func search() *op.Operator {
	return &op.Operator{Name: "search", Role: op.TransformRole, New: instance, Bounded: op.NeedsEnd,
		Params: append([]op.Param{{Name: "db", Kind: op.Stream, Required: true},
			{Name: "on", Kind: op.Each, Default: "(sequence, sequence)"},
			{Name: "as", Kind: op.Names, Required: true, Named: true, Min: 2},
			{Name: "top", Kind: op.Value, Type: t("int"), Default: "10"}, {Name: "max_evalue", Kind: op.Value,
				Type: t("float")}}, scheme()...),
		Type: func(y *op.Typing) types.Row {
			as := y.Args.Names("as")
			return types.Row{{Name: as[0], Type: types.RecordOf(y.In[0].Row...)}, {Name: as[1],
				Type: types.RecordOf(y.In[1].Row...)}, {Name: "score", Type: t("int")}}
		}}
}

func aggregate() *op.Operator {
	return &op.Operator{Name: "aggregate", Role: op.TransformRole, New: instance, Bounded: op.NeedsWindow,
		Caps: op.Caps{Keyed: "by", Combine: true},
		Params: []op.Param{{Name: "by", Kind: op.Keys},
			{Name: "columns", Kind: op.Aggs, Variadic: true, Required: true, Min: 1}},
		Type: func(y *op.Typing) types.Row {
			var out types.Row
			if by := y.Args["by"]; by != nil {
				for _, k := range by.Keys {
					out = append(out, types.Field{Name: k.Name, Type: k.Expr.Type})
				}
			}
			if y.In[0].Windows != types.NoWindows {
				out = out.With(types.WindowStart, t("timestamp")).With(types.WindowEnd, t("timestamp"))
			}
			y.Out.Windows, y.Out.Time = types.NoWindows, ""
			for _, g := range y.Args["columns"].Aggs {
				out = append(out, types.Field{Name: g.Name, Type: g.Type})
			}
			return out
		}}
}

func window() *op.Operator {
	span := func(n string) op.Param { return op.Param{Name: n, Kind: op.Value, Type: t("duration"), Required: true} }
	every := op.Param{Name: "every", Kind: op.Value, Type: t("duration"), Required: true, Named: true}
	return &op.Operator{Name: "window", Role: op.TransformRole, New: instance, Sides: []string{"late"},
		Caps: op.Caps{Windows: true}, Type: func(y *op.Typing) types.Row {
			if y.In[0].Time == "" {
				y.Errorf("", "W2420", "window needs a time column")
				return nil
			}
			y.Out.Windows = types.FixedWindows
			return y.In[0].Row.With(types.WindowStart, t("timestamp")).With(types.WindowEnd, t("timestamp"))
		}, Params: []op.Param{
			{Name: "kind", Kind: op.Ctor, Required: true, Ctors: []op.Constructor{{Name: "tumbling",
				Params: []op.Param{span("size")}},
				{Name: "sliding", Params: []op.Param{span("size"), every}}, {Name: "session", Params: []op.Param{span("gap")}}}},
			{Name: "allowed_lateness", Kind: op.Value, Type: t("duration"), Default: "0s"}}}
}

func join() *op.Operator {
	return &op.Operator{Name: "join", Role: op.TransformRole, New: instance, Bounded: op.NeedsEnd,
		Params: []op.Param{{Name: "other", Kind: op.Stream, Required: true},
			{Name: "on", Kind: op.On, Required: true, Named: true}, {Name: "kind", Kind: op.Word,
				Words: []string{"inner", "left", "full", "semi", "anti"}, Default: "inner"}},
		Type: func(y *op.Typing) types.Row {
			out := append(types.Row(nil), y.In[0].Row...)
			for _, f := range y.In[1].Row {
				if out.Index(f.Name) < 0 {
					out = append(out, f)
				}
			}
			return out
		}}
}

func union() *op.Operator {
	return &op.Operator{Name: "union", Role: op.TransformRole, New: instance,
		Params: []op.Param{{Name: "others", Kind: op.Stream, Required: true, Variadic: true, Min: 1}},
		Type: func(y *op.Typing) types.Row {
			for _, in := range y.In[1:] {
				if !in.Row.Equal(y.In[0].Row) {
					y.Errorf("others", "W2406", "the rows differ: %s and %s", y.In[0].Row, in.Row)
					return nil
				}
			}
			return y.In[0].Row
		}}
}

func sink(name string, oneFile bool) *op.Operator {
	return &op.Operator{Name: name, Role: op.SinkRole, New: instance, Params: []op.Param{pathParam()},
		SingleTask: func(a op.Args) bool {
			p := a.Text("path")
			return oneFile && (p == "" || p[len(p)-1] != '/')
		},
		Type: func(y *op.Typing) types.Row {
			for _, f := range y.In[0].Row {
				if name == "write_tsv" && (f.Type.Kind == types.Record || f.Type.Kind == types.List) {
					y.Errorf("", "W2304", "column `%s` is %s, which a table cannot hold", f.Name, f.Type)
				}
			}
			return nil
		}}
}
