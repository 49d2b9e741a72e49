package rules

import (
	"fmt"

	"weir/compiler/expr"
	"weir/compiler/logical"
	"weir/planner/internal/graph"
)

// constantFolding computes calls over constants while planning.
//
// Legal because functions are deterministic and see nothing but their arguments: the value is what every row would have
// got. A call that fails is left as it stands, so that it rejects the rows that reach it, and only those: behind `if
// false` nobody does.
//
// Counter-example: `1 // 0` is not folded.
var constantFolding = &Rule{
	Name: "constant-folding",
	Match: func(c *Context, p *Plan, n *logical.Node) bool {
		if c.Fold == nil {
			return false
		}
		found := false
		eachExpr(n, func(e *expr.Expr) { found = found || foldable(e) })
		return found
	},
	Apply: func(c *Context, p *Plan, n *logical.Node) (string, bool) {
		folded, failed := "", ""
		for _, name := range sortedNames(n.Args) {
			n.Args[name] = graph.MapArg(n.Args[name], func(e *expr.Expr, _ int) *expr.Expr {
				return e.Rewrite(func(x *expr.Expr) *expr.Expr {
					if !foldable(x) {
						return x
					}
					v, ok := c.Fold(x)
					if !ok || v == nil && !x.Type.Nullable {
						failed = x.String()
						return x
					}
					k := expr.Lit(x.Type, v)
					k.Span = x.Span
					folded = fmt.Sprintf("`%s` is %s for every row", x, expr.FormatValue(x.Type, v))
					return k
				})
			})
		}
		if folded == "" {
			return fmt.Sprintf("`%s` has no value: it stays, and rejects the rows that it is evaluated for", failed),
				false
		}
		return folded, true
	},
}

// foldable reports whether the node is a call over constants alone.
func foldable(e *expr.Expr) bool {
	if e.Kind != expr.Call || len(e.Args) == 0 {
		return false
	}
	for _, a := range e.Args {
		if a.Kind != expr.Const {
			return false
		}
	}
	return true
}

// eachExpr calls f for every node of every expression in the arguments.
func eachExpr(n *logical.Node, f func(*expr.Expr)) {
	for _, name := range sortedNames(n.Args) {
		graph.MapArg(n.Args[name], func(e *expr.Expr, _ int) *expr.Expr {
			return e.Rewrite(func(x *expr.Expr) *expr.Expr { f(x); return x })
		})
	}
}
