package conformance

import (
	"slices"

	"weir/compiler/logical"
	"weir/runtime/op"
)

// advances is the hidden argument of the rows of a stream without an end: the times of the test's `advance`.
const advances = "advances"

func advancesOf(a op.Args) []int64 {
	v, _ := a.Const(advances)
	list, _ := v.([]any)
	var out []int64
	for _, x := range list {
		if t, ok := x.(int64); ok {
			out = append(out, t)
		}
	}
	return out
}

// catalogue is the operators that a test runs with: those of the language, and the two that only tests have. Rows that are given to a stream without an end
// come to an end all the same, and behind them the operators must go on as if there were none: they are not drained.
func (p *phase) catalogue(c *op.Catalogue, plan *logical.Plan) (*op.Catalogue, error) {
	endless := map[string]bool{} // by the name of the node
	for _, n := range plan.Nodes {
		if len(n.Inputs) == 0 {
			continue
		}
		is := true
		for _, port := range n.Inputs {
			for _, in := range port {
				is = is && plan.Node(in.Node).Out.Unbounded
			}
		}
		before, seen := endless[n.Name()]
		endless[n.Name()] = is && (before || !seen)
	}
	list := operators()
	for _, o := range c.Operators() {
		if o.Role == op.TransformRole && o.New != nil {
			o = p.wrap(o, endless)
		}
		list = append(list, o)
	}
	return op.NewCatalogue(list, c.Functions(), c.Aggregates())
}

func (p *phase) wrap(o *op.Operator, endless map[string]bool) *op.Operator {
	w := *o
	w.New = func(c *op.Config) (op.Instance, error) {
		x, err := o.New(c)
		if err != nil || !c.Live || !endless[c.Name] {
			return x, err
		}
		if o.Caps.Windows {
			x = &windowed{x, p.advances}
		}
		return undrained{x}, nil
	}
	return &w
}

// undrained is an operator whose input never ends.
type undrained struct{ op.Instance }

func (undrained) Drain(op.Output) error { return nil }

// windowed makes of a step of time that nothing before it will come any more, however late it may be allowed to be: windows close by then.
type windowed struct {
	op.Instance
	advances []int64
}

func (w *windowed) Watermark(t int64, out op.Output) error {
	if err := w.Instance.Watermark(t, out); err != nil || !slices.Contains(w.advances, t) {
		return err
	}
	return out.Watermark(t)
}
