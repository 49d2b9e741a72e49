package relational

import (
	"fmt"
	"math"

	"weir/compiler/expr"
	"weir/runtime/op"
)

// fits checks what an operator holds against the memory of its task.
func fits(ctx op.Context, held int64, what, hint string) error {
	limit := ctx.Memory()
	if limit <= 0 {
		limit = math.MaxInt64
	}
	if held <= limit {
		return nil
	}
	return &op.Error{Code: codeMemory, Hint: hint,
		Message: fmt.Sprintf("%s take %s, more than the %s that this task may use", what, size(held), size(limit))}
}

func size(n int64) string {
	for _, unit := range []int64{1 << 30, 1 << 20, 1 << 10} {
		if n >= 4*unit {
			n -= n % unit
			break
		}
	}
	return expr.FormatSize(n)
}

// outRows is how many rows an operator that has held them gives out at a time.
const outRows = 4096
