package rules

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"weir/compiler/expr"
	"weir/compiler/logical"
	"weir/compiler/types"
	"weir/planner/internal/graph"
	"weir/planner/internal/testcat"
)

// row is a row or a record of the interpreter below.
type row map[string]any

// errRejected says that an expression has no value for a row.
var errRejected = errors.New("rejected")

// interpret runs a plan over the operators of testcat, row by row and without any cleverness, and gives what each sink
// got, as text. It is what the rules' plans are compared with.
func interpret(p *logical.Plan) map[string][]string {
	main, side := map[int][]row{}, map[string][]row{}
	sinks := map[string][]string{}
	rows, err := graph.Rows(p.Nodes)
	if err != nil {
		panic(err)
	}
	for _, n := range p.Nodes {
		in := make([][]row, len(n.Inputs))
		for port, ins := range n.Inputs {
			for _, from := range ins {
				if from.Side == "" {
					in[port] = append(in[port], main[from.Node]...)
				} else {
					in[port] = append(in[port], side[fmt.Sprint(from.Node, from.Side)]...)
				}
			}
		}
		if len(n.Out.Row) == 0 && (n.Op == "file" || n.Op == "folder") {
			path := n.Args.Text("path")
			for _, r := range in[0] {
				text, _ := json.Marshal(cutTo(r, rows[n.ID][0]))
				sinks[path] = append(sinks[path], string(text))
			}
			if strings.HasPrefix(path, "bad") {
				slices.Sort(sinks[path]) // the union of several operators' rejected rows has no order
			}
			continue
		}
		emit := func(r row) { main[n.ID] = append(main[n.ID], cutTo(r, n.Out.Row)) }
		reject := func(r row) {
			side[fmt.Sprint(n.ID, "rejected")] = append(side[fmt.Sprint(n.ID, "rejected")], rejected(n, r))
		}
		var first []row
		if len(in) > 0 {
			first = in[0]
		}
		switch n.Op {
		case "fasta":
			for i := range 5 {
				emit(row{"id": string(rune('p' - i)), "description": strings.Repeat("d", i),
					"sequence": strings.Repeat("MK", 3*i%7) + "A"})
			}
			reject(row{"id": "broken"})
		case "blocks":
			for i := range 5 {
				r := row{"id": string(rune('p' - i)), "description": strings.Repeat("d", (i+2)%5), "sequence": "MK"[:i%2+1], "x": any(nil)}
				if i > 0 {
					r["x"] = int64(i * 10)
				}
				if where := n.Args.Expr("where"); where != nil {
					if v, _ := eval(where, r); v != true {
						continue
					}
				}
				emit(r)
			}
			reject(row{"id": "broken"})
		case "keep", "late":
			for _, r := range first {
				v, err := eval(n.Args.Expr("cond"), r)
				switch {
				case err != nil:
					reject(r)
				case v == true:
					emit(r)
				case n.Op == "late":
					side[fmt.Sprint(n.ID, "late")] = append(side[fmt.Sprint(n.ID, "late")], r)
				}
			}
		case "add", "only":
			for _, r := range first {
				out := row{}
				if n.Op == "add" {
					out = maps.Clone(r)
				}
				bad := false
				for _, d := range n.Args["columns"].Defs {
					v, err := eval(d.Expr, r)
					bad = bad || err != nil
					out[d.Name] = v
				}
				if bad {
					reject(r)
				} else {
					emit(out)
				}
			}
		case "twos":
			as := n.Args.Names("as")
			for i, r := range first {
				for j, q := range first {
					if i < j || i > j && n.Args.Word("order") == "both" {
						emit(row{as[0]: r, as[1]: q})
					}
				}
			}
		case "score":
			seen := map[string]int64{}
			for _, r := range first {
				runScore(n, r, seen, emit, reject)
			}
		case "hunt":
			runHunt(n, in, emit)
		case "match":
			on := n.Args["on"].On[0]
			for _, r := range in[0] {
				left, _ := eval(on.Left, r)
				for _, q := range in[1] {
					if right, _ := eval(on.Right, q); left == right && left != nil {
						both := maps.Clone(q)
						maps.Copy(both, r)
						emit(both)
					}
				}
			}
		case "group":
			runGroup(n, first, emit)
		case "head":
			for i, r := range first {
				if int64(i) < n.Args.Int("n", 0) {
					emit(r)
				}
			}
		case "order":
			runOrder(n, first, emit, reject)
		case "opaque", "sampled":
			for _, r := range first {
				emit(r)
			}
		default:
			panic("the interpreter has no " + n.Op)
		}
	}
	return sinks
}

// runOrder sorts by the text of a value, and gives no more rows than are wanted.
func runOrder(n *logical.Node, in []row, emit, reject func(row)) {
	type keyed struct {
		key string
		row row
	}
	var all []keyed
	for _, r := range in {
		v, err := eval(n.Args.Expr("by"), r)
		if err != nil {
			reject(r)
			continue
		}
		all = append(all, keyed{fmt.Sprint(v), r})
	}
	slices.SortStableFunc(all, func(a, b keyed) int { return strings.Compare(a.key, b.key) })
	for i, k := range all {
		if int64(i) < n.Args.Int("first", int64(len(all))) {
			emit(k.row)
		}
	}
}

// runScore takes the score of a row turned round that it has seen where the plan says so.
func runScore(n *logical.Node, r row, seen map[string]int64, emit, reject func(row)) {
	a, err1 := eval(n.Args.Expr("a"), r)
	b, err2 := eval(n.Args.Expr("b"), r)
	if err1 != nil || err2 != nil || len(a.(string)) == 1 && len(b.(string)) == 1 {
		reject(r)
		return
	}
	s := int64(len(a.(string))+len(b.(string))) * 17 % 40
	if n.Args.Word("mode") == "fit" {
		s = int64(len(a.(string))*17+len(b.(string))*5) % 40
	}
	if known, ok := seen[fmt.Sprint(b, "|", a)]; ok && n.Args.Bool("mirrored") {
		s = known
	}
	seen[fmt.Sprint(a, "|", b)] = s
	out := maps.Clone(r)
	if _, known := r["score"]; !known {
		if float64(s) < n.Args.Float("min_score", -1) {
			return
		}
		out["score"] = s
	}
	out["identity"], out["path"] = float64(s)/40, fmt.Sprint(a, b)
	emit(out)
}

// runHunt gives the two best targets of every record; of a set against itself what the first hunt finds, or what follows from it.
func runHunt(n *logical.Node, in [][]row, emit func(row)) {
	type hit struct{ target, score int64 }
	on := n.Args["on"].On[0]
	score := func(q, t row) int64 {
		a, b := len(fmt.Sprint(q[testcat.Path(on.Left)])), len(fmt.Sprint(t[testcat.Path(on.Right)]))
		if n.Args.Word("mode") == "fit" {
			return int64(a*17+b*5) % 40
		}
		return int64(a+b) * 17 % 40
	}
	if n.Args.Bool("mirrored") {
		for i, q := range in[0] {
			for j, t := range in[0][i:] {
				s := score(q, t)
				emit(row{"query_number": int64(i), "target_number": int64(i + j), "score": s})
				if j > 0 {
					emit(row{"query_number": int64(i + j), "target_number": int64(i), "score": s})
				}
			}
		}
		return
	}
	as := n.Args.Names("as")
	for i, q := range in[0] {
		var hits []hit
		if n.Args["found"] != nil {
			for _, f := range in[2] {
				if f["query_number"] == int64(i) {
					hits = append(hits, hit{f["target_number"].(int64), f["score"].(int64)})
				}
			}
		} else {
			for j, t := range in[1] {
				hits = append(hits, hit{int64(j), score(q, t)})
			}
		}
		slices.SortFunc(hits, func(a, b hit) int { return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.target, b.target)) })
		for _, h := range hits[:min(2, len(hits))] {
			emit(row{as[0]: q, as[1]: in[1][h.target], "score": h.score})
		}
	}
}

func runGroup(n *logical.Node, in []row, emit func(row)) {
	var order []string
	groups := map[string]row{}
	for _, r := range in {
		g := row{"n": int64(0)}
		key := ""
		if by := n.Args["by"]; by != nil {
			for _, k := range by.Keys {
				v, _ := eval(k.Expr, r)
				g[k.Name] = v
				key += fmt.Sprint(v, "|")
			}
		}
		if groups[key] == nil {
			groups[key] = g
			order = append(order, key)
		}
		groups[key]["n"] = groups[key]["n"].(int64) + 1
	}
	for _, key := range order {
		emit(groups[key])
	}
}

// rejected names the operator and the row by what no rule takes away from it: every plan here keeps the id, or has
// pairs.
func rejected(n *logical.Node, r row) row {
	out := row{}
	for _, f := range types.Rejected {
		out[f.Name] = nil
	}
	out["operator"] = n.Name()
	return out
}

// cutTo gives the columns of the type. A missing column is a bug of a rule.
func cutTo(r row, t types.Row) row {
	out := row{}
	for _, f := range t {
		v, ok := r[f.Name]
		if !ok {
			panic("a row has no column " + f.Name)
		}
		if f.Type.Kind == types.Record {
			v = cutTo(v.(row), f.Type.Fields)
		}
		out[f.Name] = v
	}
	return out
}

func eval(e *expr.Expr, r row) (any, error) {
	switch e.Kind {
	case expr.Const:
		return e.Value, nil
	case expr.Column:
		v, ok := r[e.Name]
		if !ok {
			panic("no column " + e.Name)
		}
		return v, nil
	case expr.Field:
		v, err := eval(e.Args[0], r)
		if err != nil {
			return nil, err
		}
		f, ok := v.(row)[e.Name]
		if !ok {
			panic("no field " + e.Name)
		}
		return f, nil
	}
	x, err := eval(e.Args[0], r)
	if err != nil || e.Name == expr.And && x == false || e.Name == expr.Or && x == true {
		return x, err
	}
	var y any
	if len(e.Args) > 1 {
		if y, err = eval(e.Args[1], r); err != nil {
			return nil, err
		}
	}
	switch e.Name {
	case "length":
		return int64(len(x.(string))), nil
	case "risky":
		s := x.(string)
		if len(s)%3 == 2 || s == "n" {
			return nil, errRejected
		}
		return int64(len(s)), nil
	case expr.And, expr.Or:
		if x == nil && y != (e.Name == expr.Or) {
			return nil, nil
		}
		return y, nil
	}
	if x == nil || y == nil && len(e.Args) > 1 {
		return nil, nil
	}
	switch e.Name {
	case expr.Ge:
		return compare(x, y) >= 0, nil
	case expr.Gt:
		return compare(x, y) > 0, nil
	case expr.Lt:
		return compare(x, y) < 0, nil
	case expr.Cast:
		return x, nil
	}
	panic("the interpreter has no " + e.Name)
}

func compare(x, y any) int {
	if s, ok := x.(string); ok {
		return strings.Compare(s, y.(string))
	}
	a, b := number(x), number(y)
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
