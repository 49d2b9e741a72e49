package parquet

import (
	"encoding/binary"
	"math"
	"math/big"

	"github.com/apache/arrow-go/v18/parquet"

	"weir/compiler/types"
)

// bounds are what the statistics of a column chunk say of its values.
type bounds struct {
	values int64 // nulls included
	nulls  int64 // -1 where not known
	// low and high bound the values that are not null, NaN left out, in the kind that is read: int64, float64 or string. nil: not known.
	low, high any
	fits      bool // every value fits into the kind
}

// bounds gives what is known of a leaf in a row group.
func (f *footer) bounds(group int, r *reading) bounds {
	m := f.meta.RowGroups[group].Columns[r.index].MetaData
	b := bounds{values: m.NumValues, nulls: -1, fits: !r.limited()}
	s := m.Statistics
	if s == nil {
		return b
	}
	if n := s.NullCount; n != nil && *n >= 0 && *n <= m.NumValues {
		b.nulls = *n
	}
	if b.nulls == b.values {
		b.fits = true
	}
	var low, high []byte
	switch {
	case s.MinValue != nil && s.MaxValue != nil && f.meta.Schema.Column(r.index).ColumnOrder() == parquet.ColumnOrders.TypeDefinedOrder:
		low, high = s.MinValue, s.MaxValue
	case s.Min != nil && s.Max != nil && !r.unsigned && (r.raw() == rawInt || r.raw() == rawFloat): // in an order that is sure
		low, high = s.Min, s.Max
	default:
		return b
	}
	lo, fit1, ok1 := r.bound(low)
	hi, fit2, ok2 := r.bound(high)
	if ok1 && ok2 {
		b.fits = b.fits || fit1 && fit2
		if b.fits {
			b.low, b.high = lo, hi
		}
	}
	return b
}

// bound reads a bound of the statistics: in the kind that is read, nil where that has another order; whether it fits into it; and
// whether it can be understood at all.
func (r *reading) bound(data []byte) (v any, fits, ok bool) {
	switch r.raw() {
	case rawInt:
		if len(data) != r.width() {
			return nil, false, false
		}
		x := int64(0)
		if r.physical == int32Type {
			if x = int64(int32(binary.LittleEndian.Uint32(data))); r.unsigned {
				x = int64(uint32(x))
			}
		} else {
			x = int64(binary.LittleEndian.Uint64(data))
		}
		switch {
		case r.kind == types.String:
			return nil, true, true
		case r.form == formDecimal && r.kind == types.Float:
			return decimalFloat(x, r.scale10()), true, true
		case r.unsigned && r.kind == types.Float:
			return float64(uint64(x)), true, true
		case r.kind == types.Float:
			return float64(x), true, true
		case x < r.low || x > r.high:
			return nil, false, true
		}
		return x * max(1, r.factor), true, true
	case rawFloat:
		if len(data) != r.width() {
			return nil, false, false
		}
		x := 0.0
		if r.width() == 4 {
			x = float64(math.Float32frombits(binary.LittleEndian.Uint32(data)))
		} else {
			x = math.Float64frombits(binary.LittleEndian.Uint64(data))
		}
		return x, true, x == x
	case rawBytes:
		switch {
		case r.form == formDecimal && r.kind == types.Int:
			x := new(big.Int).SetBytes(data)
			if len(data) > 0 && data[0] >= 0x80 {
				x.Sub(x, new(big.Int).Lsh(big.NewInt(1), uint(8*len(data))))
			}
			return nil, x.IsInt64(), true
		case (r.form == formText || r.form == formBytes) && !r.kind.IsSequence():
			return string(data), true, true
		}
	}
	return nil, false, true
}

// mayReject reports whether a row of the group may have to be rejected because of the column: a value does not fit, or is missing where the
// type wants one.
func (f *footer) mayReject(group int, c *column) bool {
	switch {
	case c.node == nil:
		return false
	case c.leaf != nil:
		b := f.bounds(group, c.leaf)
		return !b.fits || c.required && b.nulls != 0
	case c.required && f.bounds(group, c.levels).nulls != 0:
		return true
	case c.elem != nil:
		return f.mayReject(group, c.elem)
	}
	for _, g := range c.fields {
		if f.mayReject(group, g) {
			return true
		}
	}
	return false
}
