// Package op is what an operator, a function and an aggregate are: one registration value each, and the interfaces through which
// the stage drives them. It is a leaf: the standard library implements it, the compiler, the planner and the runtime read it, and
// nobody knows an operator by its name.
package op

import (
	"fmt"
	"sort"

	"weir/compiler/expr"
	"weir/compiler/types"
	"weir/planner/estimate"
)

// Role says where an operator may stand in a pipeline.
type Role uint8

const (
	SourceRole    Role = iota // begins a pipeline
	TransformRole             // has a pipe before and may have one after
	SinkRole                  // ends a pipeline
)

// Boundedness says what an operator does with streams that do not end.
type Boundedness uint8

const (
	Keeps       Boundedness = iota // the output ends if all inputs do
	NeedsEnd                       // an unbounded input is a compile-time error
	NeverEnds                      // a source without an end
	AlwaysEnds                     // the output ends whatever the input does
	NeedsWindow                    // as NeedsEnd, unless the stream is windowed; it uses the windows up
)

// Operator is the registration of one operator: everything that the compiler, the planner, the runtime and the documentation
// know about it. An operator without New, Source and Staged is known and documented, and using it is the located error "not yet".
type Operator struct {
	Name string
	Role Role
	// Doc is one line in the present tense, then, after a blank line, what a user should know. Markdown.
	Doc    string
	Params []Param
	// Sides names the side outputs besides `rejected`, which every operator has that can reject.
	Sides []string

	Bounded      Boundedness
	Lossy        bool // drops or approximates by the user's wish; the plan says so
	Unrepeatable bool // two runs over the same input may differ, beyond the order of rows
	AtLeastOnce  bool // a sink that may repeat rows after a failure; the plan says so
	// SingleTask reports that the operator, with these arguments, must see all rows in one task and in the stream's order: a sink into one
	// file, limit. The planner gathers its input. Nil: never.
	SingleTask func(a Args) bool

	// Type gives the row of the output; for a sink nil. It reports what is wrong through t.Errorf and then returns nil. It may set hidden
	// arguments to what the implementation must know of the inputs.
	Type func(t *Typing) types.Row
	Caps Caps
	// Estimate says what is known of the output and of the work. Nil: nothing is.
	Estimate func(e *Estimating) (estimate.Stream, estimate.Work)

	New    func(c *Config) (Instance, error) // a transform or a sink
	Source func(c *Config) (Source, error)   // a source
	Staged *Staged                           // instead of New: see there

	Examples []Example
}

// Implemented reports whether the operator can run.
func (o *Operator) Implemented() bool { return o.New != nil || o.Source != nil || o.Staged != nil }

// Param finds a parameter.
func (o *Operator) Param(name string) (Param, bool) {
	for _, p := range o.Params {
		if p.Name == name {
			return p, true
		}
	}
	return Param{}, false
}

// Staged is the implementation of an operator that must have seen its whole input before it can give a row, and whose work then
// falls into independent splits: pairs and search. The planner cuts it in two: Collect ends the stages of the inputs and lays the
// records out as blocks in the staging area; when all inputs are done, Scan is a source whose splits are tiles over these blocks. So work is
// fetched by free tasks and nothing of size n² crosses an exchange.
type Staged struct {
	// Collect makes the instance for input port `port`. It runs in one task.
	Collect func(c *Config, port int) (Instance, error)
	Scan    func(c *Config) (Source, error)
}

// Caps is what an operator declares about itself so that the planner's rules can match it.
type Caps struct {
	// RowWise: every output row comes from one input row, in order, and depends on nothing else.
	RowWise bool
	// Condition names the Expr parameter of an operator that only decides which rows stay (a filter).
	Condition string
	// Defs names the Defs parameter of an operator whose output columns are these definitions; with KeepsInput, after the columns of the
	// input (derive), without it, alone (select).
	Defs       string
	KeepsInput bool
	// Passes gives, for each input, the columns of the output that are that input's own, unchanged, and by which rows may as well be
	// dropped before the operator: a row that is not there is missing from the output in the rows that have it, and nothing else changes, neither
	// the other rows nor their order nor what is rejected. Nil, or no set for an input: there are none.
	Passes func(a Args, in []types.Row) []ColumnSet
	// Needs gives, for the columns needed of the output, those needed of each input. Nil: all of them.
	Needs func(a Args, in []types.Row, need ColumnSet) []ColumnSet
	// Lazy gives the columns that are computed only where they are used, each with its tier: the columns of a lower tier cost much less,
	// and are a by-product of every higher tier. An operator whose lazy columns span tiers can be run twice, for a cheap tier before a
	// filter and for the dear one behind it; it then finds the cheap columns in its input and keeps them.
	Lazy func(a Args) []LazyColumn
	// Floors gives the columns of which the operator can itself drop rows below a bound, exactly and cheaper than a filter behind it, each
	// with the Value parameter that takes the bound.
	Floors []Floor
	// Limits names the Value parameter of an operator that passes on the first rows of its input, so many, and drops the others.
	Limits string
	// LimitedBy names the hidden Value parameter that tells an operator that nobody wants more than so many of its first rows. It then gives no
	// more, rejects the same rows, and saves what it can.
	LimitedBy string
	// Skip is declared by a source that can tell of whole blocks of its rows, without reading them, that a condition holds for none of them.
	// Nil: it cannot.
	Skip *Skip
	// SizedBy names Expr parameters over two record columns of a pair; the work of a row is the product of their lengths. The source of
	// the pairs balances its splits by it.
	SizedBy []string
	// SizeHint names the hidden Columns parameter of a source of pairs: the columns of its output by whose lengths the work on a
	// pair is to be balanced, as an operator behind it says by SizedBy.
	SizeHint string
	// BothOrders gives, for a source of pairs that with these arguments gives every pair in both orders, the two record columns that change
	// places; nothing where each pair comes once. Behind a batch of pairs comes one of the same pairs turned round, in the same order.
	BothOrders func(a Args) []string
	// Mirror is declared by an operator that can take what is dear about a pair from the pair turned round. Nil: it cannot.
	Mirror *Mirror
	// SplitCount gives the number of splits of a source where that can be told before it runs, else -1. Nil: -1.
	SplitCount func(a Args, s Storage) int
	// Combine: rows of a group may be aggregated before the exchange and the partial results merged behind it.
	Combine bool
	// Keyed names the Keys parameter by which rows must come together in one task.
	Keyed string
	// Watermarks: the operator says itself, by Output.Watermark, how far event time has gone behind it.
	Watermarks bool
	// Live reports that the rows of a source come as they happen and are not there beforehand: standard input, a watched folder. Event time goes
	// on while such rows come; in all other streams it stands still until they end, so that no row is late and results do not
	// depend on who reads which file first. Nil: never.
	Live func(a Args) bool
	// Windows: it puts rows into windows of time, for a NeedsWindow operator behind it.
	Windows bool
}

// LazyColumn is a column that is computed only on demand.
type LazyColumn struct {
	Name string
	Tier int    // 0 is the cheapest
	Why  string // what has to be computed for it: "score only", "traceback"
	// Unavailable says why the column cannot be had with these arguments, and what to do; using it is then a compile-time error.
	Unavailable string
}

// Floor is a column whose lower bound an operator can apply by itself.
type Floor struct {
	Column string
	Param  string // a hidden Value parameter
	// Applies reports whether it can, with these arguments; nil: always.
	Applies func(a Args) bool
}

// Skip declares that a source can do with less reading where it knows what the rows that are wanted fulfil. The filter stays where it is: of
// the rows for which the condition is not true the source leaves out what is cheap, or nothing. A row that it would reject it must not leave
// out, and the ordinals of the others must not depend on what it leaves out.
type Skip struct {
	Param string // the hidden RowExpr parameter that takes the condition, over the source's own row: a conjunction
	// Helps reports whether a part of a condition can tell blocks apart, with these arguments.
	Helps func(a Args, cond *expr.Expr) bool
}

// Mirror declares that an operator's work on a pair serves the pair turned round. An operator with SizedBy then computes of two rows whose
// expressions have changed places, and which come one batch after the other, only the first, with the same result for both.
type Mirror struct {
	Param string // the hidden Value parameter, a bool, that tells the operator to expect such rows
	// Symmetric reports whether the order of the two matters with these arguments. Why says what it depends on, or why it does; it may be
	// empty where nothing is to be said.
	Symmetric func(a Args) (ok bool, why string)
	// Found is of an operator that makes the pairs itself, of its two inputs; otherwise it is empty. Where both are one stream, two uses of the
	// operator do the work of one: the first has Param, goes over the unordered pairs and gives rows of Row; the second gets them through the
	// hidden Stream parameter Found, as its last port, and gives what the one would have given.
	Found string
	Row   types.Row
}

// ParamKind says how an argument is written and what the operator gets.
type ParamKind uint8

const (
	Value   ParamKind = iota // a constant of Type                            → Arg.Expr, a Const
	Word                     // one of Words                                  → Arg.Word
	Words                    // a list of Words: [query_start, target_end]    → Arg.Names
	RowExpr                  // an expression over the input row, of Type     → Arg.Expr
	Defs                     // a, b = expr, …                                → Arg.Defs
	Columns                  // a, b.c or (a, b)                              → Arg.Names, column paths
	Keys                     // a, desc(b) or (a, b)                          → Arg.Keys
	Names                    // new names: (query, target)                    → Arg.Names
	Ctor                     // affine(open: 11, extend: 1): one of Ctors     → Arg.Word, Arg.Args
	Stream                   // the name of a let                             → Arg.Ports
	RowType                  // a declared or written record type             → Arg.Row
	On                       // id | (a = x, b): equal columns of two inputs  → Arg.On
	Each                     // (x, y): a column path over each of two inputs → Arg.On, one pair
	Aggs                     // n = count(), m = mean(x)                      → Arg.Aggs
)

// Param is one parameter.
type Param struct {
	Name string
	Kind ParamKind
	Doc  string
	// Type of a Value or RowExpr: the argument must be assignable to it (null added where Nullable is wanted). Invalid: any type; Type of the operator decides.
	Type types.Type
	// Required parameters without Named are positional, in declared order.
	Required bool
	Named    bool // must be given by name even though it is required
	Variadic bool // Defs, Columns, Keys, Aggs written as the rest of the positional arguments
	Words    []string
	// Paths: besides Words a string is taken as a path (a user's matrix file) → Arg.Expr of type path.
	Paths bool
	Ctors []Constructor
	// Default is the source text of what stands for a missing argument; empty: the argument is absent.
	Default string
	Min     int // of Names: how many; of Variadic: at least how many
	Max     int // of Names; 0 for Min
	// Hidden parameters are set by the planner alone and appear in no reference.
	Hidden bool
}

// Constructor is one way to write a Ctor argument.
type Constructor struct {
	Name   string
	Doc    string
	Params []Param // Value only
}

// Example is a piece of documentation that is run as a test: Code is a whole .flow file with at least one test.
type Example struct {
	Doc  string
	Code string
}

// Typing is what an operator's Type is asked with.
type Typing struct {
	In   []types.Stream // the pipe's stream first, then the Stream arguments in declared order
	Args Args
	// Out is what is known of the output besides its row: as of the inputs, as far as they agree, with the time column followed through definitions. Type
	// changes it where it knows better: where it names the time column, makes windows, or has used them up.
	Out     types.Stream
	Storage Storage // to sample a schema; nil where nothing may be read
	// Errorf reports an error at the argument of that parameter ("" for the call itself). Code is a W2 code.
	Errorf func(param, code, format string, args ...any)
}

// Estimating is what an operator's Estimate is asked with.
type Estimating struct {
	In      []estimate.Stream
	Rows    []types.Row
	Args    Args
	Storage Storage // nil where nothing may be read
}

// Config is what an implementation is made from: arguments, and rows as the planner has pruned them. An implementation emits exactly the
// columns of Out.
type Config struct {
	Name string // of the node, for messages: "align (pairwise.flow:13)"
	Args Args
	In   []types.Row
	Out  types.Row
	Live bool // a source upstream is live: see Caps.Live
}

// Catalogue is all operators, functions and aggregates. It is a value that cmd builds and hands down.
type Catalogue struct {
	operators  map[string]*Operator
	functions  map[string]*Function
	aggregates map[string]*Aggregate
}

// NewCatalogue checks the registrations against each other: a name stands for one thing only.
func NewCatalogue(ops []*Operator, fns []*Function, aggs []*Aggregate) (*Catalogue, error) {
	c := &Catalogue{map[string]*Operator{}, map[string]*Function{}, map[string]*Aggregate{}}
	for _, o := range ops {
		if _, dup := c.operators[o.Name]; dup {
			return nil, fmt.Errorf("operator %s is registered twice", o.Name)
		}
		c.operators[o.Name] = o
	}
	for _, f := range fns {
		if _, dup := c.functions[f.Name]; dup || c.operators[f.Name] != nil {
			return nil, fmt.Errorf("function %s is registered twice", f.Name)
		}
		c.functions[f.Name] = f
	}
	for _, a := range aggs {
		if _, dup := c.aggregates[a.Name]; dup || c.operators[a.Name] != nil {
			return nil, fmt.Errorf("aggregate %s is registered twice", a.Name)
		}
		c.aggregates[a.Name] = a
	}
	return c, nil
}

// Operator finds an operator, nil where there is none.
func (c *Catalogue) Operator(name string) *Operator { return c.operators[name] }

// Function finds a function, nil where there is none.
func (c *Catalogue) Function(name string) *Function { return c.functions[name] }

// Aggregate finds an aggregate, nil where there is none.
func (c *Catalogue) Aggregate(name string) *Aggregate { return c.aggregates[name] }

// Operators lists all operators by name.
func (c *Catalogue) Operators() []*Operator { return sorted(c.operators) }

// Functions lists all functions by name.
func (c *Catalogue) Functions() []*Function { return sorted(c.functions) }

// Aggregates lists all aggregates by name.
func (c *Catalogue) Aggregates() []*Aggregate { return sorted(c.aggregates) }

func sorted[T any](m map[string]T) []T {
	names := make([]string, 0, len(m))
	for n := range m {
		names = append(names, n)
	}
	sort.Strings(names)
	out := make([]T, len(names))
	for i, n := range names {
		out[i] = m[n]
	}
	return out
}
