package textio

import (
	"time"

	"weir/compiler/types"
	"weir/runtime/op"
)

// codeRoll is the code of a roll that makes no sense; lang/diag explains it.
const codeRoll = "W2806"

// Roll says when a part of a folder ends: when it has so many bytes, or was begun so long ago. Where both are zero it ends at every
// snapshot. A part that has not ended is not visible.
type Roll struct {
	Size int64
	Age  time.Duration
}

// rollParam is the parameter of all writers into folders that says when a part ends.
var rollParam = op.Param{Name: "roll", Kind: op.Value,
	Doc: "When a part of a folder is complete: a size, such as `128MiB`, or an age, such as `10m`. Without it a part ends at every checkpoint, " +
		"and a run that ends has one part a task. A part can be seen when it is complete and the checkpoint behind it is."}

// checkRoll reports a roll that makes no sense.
func checkRoll(t *op.Typing) {
	a := t.Args[rollParam.Name]
	if a == nil || a.Expr == nil {
		return
	}
	n := t.Args.Int(rollParam.Name, 0)
	switch k := a.Expr.Type.Kind; {
	case k != types.Size && k != types.Duration:
		t.Errorf(rollParam.Name, codeRoll, "a part is complete at a size, such as `128MiB`, or at an age, such as `10m`, not at %s", a)
	case n <= 0:
		t.Errorf(rollParam.Name, codeRoll, "a part has a size or an age, not %s", a)
	case SingleTask(t.Args):
		t.Errorf(rollParam.Name, codeRoll, "%s is one file; a folder of parts ends in /", t.Args["path"])
	}
}

// rollOf gives what the argument says.
func rollOf(a op.Args) Roll {
	n := a.Int(rollParam.Name, 0)
	if x := a[rollParam.Name]; x != nil && x.Expr != nil && x.Expr.Type.Kind == types.Duration {
		return Roll{Age: time.Duration(n)}
	}
	return Roll{Size: n}
}
