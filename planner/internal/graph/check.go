package graph

import (
	"fmt"

	"weir/compiler/expr"
	"weir/compiler/logical"
	"weir/compiler/types"
	"weir/runtime/op"
)

// Shape checks what needs no catalogue: that IDs are unique and positive, that nodes stand behind their inputs, that
// expressions and types are well-formed, and the caps above. Everything else in the planner may be called only on nodes
// that have passed it.
func Shape(nodes []*logical.Node) error {
	if len(nodes) > MaxNodes {
		return fmt.Errorf("a plan has at most %d nodes, this one has %d", MaxNodes, len(nodes))
	}
	seen := make(map[int]bool, len(nodes))
	inputs, exprs := 0, 0
	for i, n := range nodes {
		if n == nil {
			return fmt.Errorf("node %d of the list is missing", i)
		}
		if n.ID <= 0 || seen[n.ID] {
			return fmt.Errorf("node %d: an ID is positive and unique", n.ID)
		}
		if len(n.Inputs) > MaxPorts {
			return fmt.Errorf("node %d has %d input ports, more than %d", n.ID, len(n.Inputs), MaxPorts)
		}
		for port, ins := range n.Inputs {
			if inputs += len(ins); inputs > MaxInputs {
				return fmt.Errorf("the plan has more than %d inputs", MaxInputs)
			}
			if len(ins) == 0 {
				return fmt.Errorf("node %d: nothing feeds port %d", n.ID, port)
			}
			for _, in := range ins {
				if !seen[in.Node] {
					return fmt.Errorf("node %d reads node %d, which does not stand before it", n.ID, in.Node)
				}
			}
		}
		seen[n.ID] = true
		if err := checkRow(n.Out.Row); err != nil {
			return fmt.Errorf("node %d: %w", n.ID, err)
		}
		if err := checkArgs(n.Args, 0, &exprs); err != nil {
			return fmt.Errorf("node %d: %w", n.ID, err)
		}
	}
	return nil
}

func checkRow(r types.Row) error {
	seen := make(map[string]bool, len(r))
	for _, f := range r {
		if f.Name == "" || seen[f.Name] {
			return fmt.Errorf("the column name %q is empty or there twice", f.Name)
		}
		seen[f.Name] = true
		if err := checkType(f.Type); err != nil {
			return fmt.Errorf("column %s: %w", f.Name, err)
		}
	}
	return nil
}

func checkType(t types.Type) error {
	switch t.Kind {
	case types.Invalid:
		return fmt.Errorf("a type is missing")
	case types.List:
		if t.Elem == nil {
			return fmt.Errorf("a list's element type is missing")
		}
		return checkType(*t.Elem)
	case types.Record:
		return checkRow(t.Fields)
	}
	return nil
}

func checkArgs(args op.Args, depth int, count *int) error {
	if depth > 8 {
		return fmt.Errorf("arguments nested more than 8 deep")
	}
	for name, a := range args {
		if a == nil {
			return fmt.Errorf("argument %s is null", name)
		}
		es := a.Exprs()
		for _, p := range a.On {
			es = append(es, p.Left, p.Right)
		}
		for _, e := range es {
			if err := checkExpr(e, 0, count); err != nil {
				return fmt.Errorf("argument %s: %w", name, err)
			}
		}
		for _, d := range a.Defs {
			if d.Expr == nil {
				return fmt.Errorf("argument %s: %s has no definition", name, d.Name)
			}
		}
		for _, g := range a.Aggs {
			if err := checkType(g.Type); err != nil {
				return fmt.Errorf("argument %s: %w", name, err)
			}
		}
		if err := checkRow(a.Row); err != nil {
			return fmt.Errorf("argument %s: %w", name, err)
		}
		if err := checkArgs(a.Args, depth+1, count); err != nil {
			return fmt.Errorf("argument %s: %w", name, err)
		}
	}
	return nil
}

func checkExpr(e *expr.Expr, depth int, count *int) error {
	if e == nil {
		return fmt.Errorf("an expression is missing")
	}
	if *count++; *count > MaxExprs || depth > MaxNesting {
		return fmt.Errorf("an expression is nested more than %d deep, or the plan has more than %d of them", MaxNesting,
			MaxExprs)
	}
	if err := checkType(e.Type); err != nil {
		return err
	}
	want := -1
	switch e.Kind {
	case expr.Const:
		want = 0
	case expr.Column:
		want = 0
	case expr.Field:
		want = 1
	case expr.Call:
		switch e.Name {
		case expr.Not, expr.Neg, expr.IsNull, expr.NotNull, expr.Cast:
			want = 1
		case expr.MakeRec:
			want = len(e.Type.Fields)
		}
	default:
		return fmt.Errorf("%q is no kind of expression", e.Kind)
	}
	if e.Kind != expr.Const && e.Name == "" {
		return fmt.Errorf("a %s has no name", e.Kind)
	}
	if want >= 0 && len(e.Args) != want {
		return fmt.Errorf("%s %s has %d arguments, not %d", e.Kind, e.Name, len(e.Args), want)
	}
	for _, a := range e.Args {
		if err := checkExpr(a, depth+1, count); err != nil {
			return err
		}
	}
	return nil
}

// Check says what is wrong with the graph: its shape, operators that the catalogue lacks or that stand where they
// cannot, side outputs that do not exist, expressions over columns that their input does not have, and rows that do not
// follow from the inputs' rows.
func Check(nodes []*logical.Node, c *op.Catalogue) error {
	if err := Shape(nodes); err != nil {
		return err
	}
	rows, err := Rows(nodes)
	if err != nil {
		return err
	}
	ops := make(map[int]*op.Operator, len(nodes))
	for _, n := range nodes {
		o := Operator(c, n.Op)
		if o == nil {
			return fmt.Errorf("node %d: no operator is named %q", n.ID, n.Op)
		}
		ops[n.ID] = o
		if err := checkNode(n, o, ops, rows[n.ID]); err != nil {
			return fmt.Errorf("node %d (%s): %w", n.ID, n.Name(), err)
		}
	}
	return nil
}

func checkNode(n *logical.Node, o *op.Operator, ops map[int]*op.Operator, in []types.Row) error {
	if (o.Role == op.SourceRole) != (len(n.Inputs) == 0) {
		return fmt.Errorf("it has %d input ports", len(n.Inputs))
	}
	if o.Role == op.SinkRole && len(n.Out.Row) > 0 {
		return fmt.Errorf("a sink has no output")
	}
	for _, ins := range n.Inputs {
		for _, from := range ins {
			if !hasOutput(ops[from.Node], from.Side) {
				return fmt.Errorf("%s has no output %q", ops[from.Node].Name, from.Side)
			}
		}
	}
	for name, a := range n.Args {
		if _, ok := o.Param(name); !ok {
			return fmt.Errorf("it has no parameter %q", name)
		}
		for _, p := range a.Ports {
			if p <= 0 || p >= len(n.Inputs) {
				return fmt.Errorf("argument %s names port %d of %d", name, p, len(n.Inputs))
			}
		}
		row := in
		if o.Caps.Skip != nil && o.Caps.Skip.Param == name {
			row = []types.Row{n.Out.Row} // a condition over what the source gives
		}
		if err := checkColumns(a, row); err != nil {
			return fmt.Errorf("argument %s: %w", name, err)
		}
	}
	if o.Role == op.SinkRole || len(in) == 0 {
		return nil
	}
	return checkOut(n, o, in[0])
}

func hasOutput(o *op.Operator, side string) bool {
	if side == "" {
		return o.Role != op.SinkRole
	}
	if side == Rejected {
		return true
	}
	for _, s := range o.Sides {
		if s == side {
			return true
		}
	}
	return false
}

// checkColumns resolves every column of the argument's expressions in the row that it reads.
func checkColumns(a *op.Arg, in []types.Row) error {
	var err error
	check := func(e *expr.Expr, port int) *expr.Expr {
		if port >= len(in) {
			port = 0
		}
		walk(e, func(x *expr.Expr) {
			if x.Kind != expr.Column || err != nil {
				return
			}
			var r types.Row
			if len(in) > 0 {
				r = in[port]
			}
			t, ok := r.Lookup(x.Name)
			if !ok {
				err = fmt.Errorf("`%s` reads the column %s, which its input lacks: it has %s", e, x.Name, r)
			} else if !t.Equal(x.Type) && !(t.Nullable && t.NotNull().Equal(x.Type)) { // `x is not null and x > 1` reads x narrowed
				err = fmt.Errorf("`%s` reads the column %s as %s, and it is %s", e, x.Name, x.Type, t)
			}
		})
		return e
	}
	for _, e := range a.Exprs() {
		check(e, 0)
	}
	for _, p := range a.On {
		check(p.Left, 0)
		check(p.Right, 1)
	}
	return err
}

func walk(e *expr.Expr, f func(*expr.Expr)) {
	f(e)
	for _, a := range e.Args {
		walk(a, f)
	}
}

// checkOut checks the columns of an operator's output that its capabilities explain.
func checkOut(n *logical.Node, o *op.Operator, in types.Row) error {
	from := map[string]types.Type{}
	switch {
	case o.Caps.Condition != "":
	case o.Caps.Defs != "":
		if a := n.Args[o.Caps.Defs]; a != nil {
			for _, d := range a.Defs {
				from[d.Name] = d.Expr.Type
			}
		}
	case o.Caps.Lazy != nil && o.Caps.RowWise:
		for _, l := range o.Caps.Lazy(n.Args) {
			if t, ok := n.Out.Row.Lookup(l.Name); ok {
				from[l.Name] = t
			}
		}
	default:
		return nil
	}
	for _, f := range n.Out.Row {
		t, ok := from[f.Name]
		if !ok && (o.Caps.Defs == "" || o.Caps.KeepsInput) {
			if t, ok = in.Lookup(f.Name); ok && o.Caps.Condition != "" && t.Nullable && !f.Type.Nullable {
				t = t.NotNull() // a filter that looks for nulls narrows
			}
		}
		if !ok {
			return fmt.Errorf("nothing gives its column %s: its input has %s", f.Name, in)
		}
		if !t.Equal(f.Type) {
			return fmt.Errorf("its column %s is declared %s and comes as %s", f.Name, f.Type, t)
		}
	}
	return nil
}
