// Package stat has the aggregate functions. Their results depend on the rows of a group alone, never on the order in which they come, on how
// they are split over tasks, or on the order of merging: sums of floats are exact until they are rounded once.
//
// Nulls are skipped, as in SQL. An aggregate that no value was given to is null, except that counts and sums are 0 and lists are empty.
package stat

import (
	"encoding/binary"
	"fmt"

	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
	"weir/stdlib/internal/fn"
)

// Aggregates lists the aggregate functions.
var Aggregates = []*op.Aggregate{Count, CountDistinct, Sum, Mean, Variance, VarianceSample, Stddev, StddevSample, Min, Max, Median, Quantile,
	ApproxCount, ApproxQuantile, First, Last, Any, All, Collect}

// Codes of what goes wrong in aggregates; lang/diag explains them.
const (
	codeOverflow = "W6401"
	codeState    = "W6411"
)

var errState = &op.Error{Code: codeState, Message: "the state of an aggregate cannot be read", Hint: "the checkpoint is damaged: resume from the one before"}

// states has one T a group, and makes them as groups appear.
type states[T any] struct{ s []T }

func (st *states[T]) at(g uint32) *T {
	for int(g) >= len(st.s) {
		var zero T
		st.s = append(st.s, zero)
	}
	return &st.s[g]
}

// grow makes sure that there are states for all of the groups, and gives them.
func (st *states[T]) grow(groups []uint32) []T {
	top := uint32(0)
	for _, g := range groups {
		top = max(top, g)
	}
	if n := int(top) + 1; len(groups) > 0 && n > len(st.s) {
		if n > cap(st.s) {
			s := make([]T, len(st.s), n+n/4)
			copy(s, st.s)
			st.s = s
		}
		st.s = st.s[:n]
	}
	return st.s
}

// hasNulls reports whether a value may be null.
func hasNulls(v *batch.Vector) bool {
	if v.Dict != nil {
		v = v.Dict
	}
	return v.Valid != nil || v.Dict != nil
}

// each calls f for the rows that are not null.
func each(groups, rows []uint32, v *batch.Vector, f func(g uint32, row int)) {
	src := v
	if v.Dict != nil {
		src = v.Dict
	}
	if src.Valid == nil {
		for k, g := range groups {
			f(g, int(rows[k]))
		}
		return
	}
	for k, g := range groups {
		if row := int(rows[k]); !v.IsNull(row) {
			f(g, row)
		}
	}
}

// one resolves an aggregate of one argument; wanted gives the type to convert it to and the result, ok false where it is not accepted.
func one(accepts string, wanted func(t types.Type) (param, result types.Type, ok bool)) func([]types.Type) ([]types.Type, types.Type, error) {
	return func(args []types.Type) ([]types.Type, types.Type, error) {
		if err := fn.Arity(args, 1); err != nil {
			return nil, types.Type{}, err
		}
		p, r, ok := wanted(args[0].NotNull())
		if !ok {
			return nil, types.Type{}, fmt.Errorf("%s, not %s", accepts, args[0].NotNull())
		}
		p.Nullable = args[0].Nullable
		return []types.Type{p}, r, nil
	}
}

// orNull makes the result of a Resolve nullable where an argument is: all of a group's values may be null.
func orNull(f func([]types.Type) ([]types.Type, types.Type, error)) func([]types.Type) ([]types.Type, types.Type, error) {
	return func(args []types.Type) ([]types.Type, types.Type, error) {
		p, r, err := f(args)
		if err == nil {
			r.Nullable = args[0].Nullable
		}
		return p, r, err
	}
}

// reader reads what MarshalGroup wrote.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) uint() uint64 {
	x, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[n:]
	return x
}

func (r *reader) int() int64 {
	x, n := binary.Varint(r.b)
	if n <= 0 {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[n:]
	return x
}

// bytes reads a run of bytes with its length before it, as a copy.
func (r *reader) bytes() []byte {
	n := r.uint()
	if n > uint64(len(r.b)) {
		r.bad, r.b = true, nil
		return nil
	}
	x := append([]byte(nil), r.b[:n]...)
	r.b = r.b[n:]
	return x
}

// view reads a run of bytes with its length before it, in place.
func (r *reader) view() []byte {
	n := r.uint()
	if n > uint64(len(r.b)) {
		r.bad, r.b = true, nil
		return nil
	}
	x := r.b[:n:n]
	r.b = r.b[n:]
	return x
}

// eight reads eight bytes.
func (r *reader) eight() uint64 {
	if len(r.b) < 8 {
		r.bad, r.b = true, nil
		return 0
	}
	x := binary.LittleEndian.Uint64(r.b)
	r.b = r.b[8:]
	return x
}

// count reads a number of things of which each takes at least one byte.
func (r *reader) count() int {
	n := r.uint()
	if n > uint64(len(r.b)) {
		r.bad, r.b = true, nil
		return 0
	}
	return int(n)
}

// done gives errState unless everything was read.
func (r *reader) done() error {
	if r.bad || len(r.b) > 0 {
		return errState
	}
	return nil
}

func appendBytes(dst, x []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(x))), x...)
}

func mismatch(other op.Accumulator) error {
	return fmt.Errorf("stat: a state of type %T cannot be merged here", other)
}
