package syntax

import "weir/lang/diag"

// Precedence of the operators, loosest first. `|>` binds more loosely than all, and unary minus and the postfixes more
// tightly than all; the grammar sees to these.
const (
	precOr = iota + 1
	precAnd
	precNot
	precCompare // == != < <= > >= in, is null: not associative
	precDefault // ??
	precAdd
	precMul
)

var precedence = map[string]int{
	"or": precOr, "and": precAnd,
	"==": precCompare, "!=": precCompare, "<": precCompare, "<=": precCompare, ">": precCompare, ">=": precCompare,
	"in": precCompare, "is": precCompare, "not": precCompare, // is null, not in
	"??": precDefault, "+": precAdd, "-": precAdd, "*": precMul, "/": precMul, "//": precMul, "%": precMul,
}

// flat gives a run of operands and operators its structure, by precedence climbing.
func (b *builder) flat(n *flatNode) Expr {
	if len(n.Rest) > MaxChain {
		b.chain(len(n.Rest), b.own(b.tokens[0]))
		return b.operand(n.First)
	}
	c := climber{b: b, operand: n.First, prefix: 0, rest: n.Rest}
	return c.parse(precOr)
}

// climber is the state of one climb: the operand that comes next, how many of its prefix operators are done, and the
// operators behind it.
type climber struct {
	b       *builder
	operand *operandNode
	prefix  int
	rest    []*infixNode
}

// parse reads operators that bind at least as tightly as least.
func (c *climber) parse(least int) Expr {
	x := c.unary(least)
	for len(c.rest) > 0 {
		n := c.rest[0]
		ops := n.Op
		if len(n.Null) > 0 {
			ops = n.Null
		}
		prec := precedence[ops[0].Value]
		if prec < least {
			break
		}
		c.rest = c.rest[1:]
		left := x
		opSpan := c.b.span(ops[0]).To(c.b.span(ops[len(ops)-1]))
		if len(n.Null) > 0 {
			x = &IsNull{Span: left.Pos().To(opSpan), X: left, Not: len(ops) == 3}
		} else {
			c.operand, c.prefix = n.Y, 0
			y := c.parse(prec + 1)
			span := left.Pos().To(y.Pos())
			switch op := ops[0].Value; op {
			case "in", "not":
				x = &In{Span: span, X: left, Not: op == "not", List: y}
			default:
				x = &Binary{Span: span, Op: op, OpSpan: opSpan, X: left, Y: y}
			}
		}
		if prec == precCompare {
			c.chained(left, opSpan, x)
		}
	}
	return x
}

// unary reads the operand's prefix operators and the operand.
func (c *climber) unary(least int) Expr {
	if c.prefix == len(c.operand.Prefix) {
		return c.b.operand(c.operand)
	}
	op := c.operand.Prefix[c.prefix]
	span := c.b.span(op)
	c.prefix++
	if op.Value == "-" {
		x := c.unary(precMul + 1)
		return &Unary{Span: span.To(x.Pos()), Op: "-", X: x}
	}
	if least > precNot {
		c.b.report(diag.Diagnostic{Code: "W1037", Message: "`not` binds more loosely than the operator before it",
			Span: span,
			Hint: "put it into parentheses: `(not …)`"})
	}
	x := c.parse(precNot)
	return &Unary{Span: span.To(x.Pos()), Op: "not", X: x}
}

// chained reports `a < b < c`.
func (c *climber) chained(first Expr, firstOp diag.Span, x Expr) {
	if _, isBinary := x.(*Binary); len(c.rest) == 0 || !isBinary {
		return
	}
	n := c.rest[0]
	if len(n.Op) == 0 || precedence[n.Op[0].Value] != precCompare {
		return
	}
	y := x.(*Binary).Y
	op := c.b.span(n.Op[0])
	d := diag.Diagnostic{Code: "W1029", Message: "comparisons cannot be chained", Span: op,
		Label:   "the comparison before it gives a bool",
		Related: []diag.Related{{Span: firstOp, Label: "the comparison before it"}}}
	middle := c.b.text(y.Pos())
	switch y.(type) {
	case *Name, *Literal, *Field:
		at := diag.Span{File: op.File, Start: y.Pos().End, End: y.Pos().End}
		d.Fix = replace(at, " and "+middle,
			"compare twice: `"+excerpt(c.b.text(first.Pos()))+" "+c.b.text(firstOp)+" "+excerpt(middle)+
				" and "+excerpt(middle)+" "+n.Op[0].Value+" …`")
	default:
		d.Hint = "compare twice and join with `and`"
	}
	c.b.report(d)
}

// excerpt shortens a text that a message quotes, and puts it on one line.
func excerpt(s string) string {
	out := make([]rune, 0, 32)
	for _, r := range s {
		if r == '\n' || r == '\r' || r == '\t' {
			r = ' '
		}
		if r == ' ' && len(out) > 0 && out[len(out)-1] == ' ' {
			continue
		}
		if len(out) == 30 {
			return string(out) + "…"
		}
		out = append(out, r)
	}
	return string(out)
}
