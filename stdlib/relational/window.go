package relational

import (
	"weir/compiler/types"
	"weir/runtime/op"
)

// EventTime says when the events of a stream have happened. It is known and documented, not there yet.
var EventTime = &op.Operator{
	Name: "event_time",
	Role: op.TransformRole,
	Doc: `says which column has the time at which the event of a row happened.

Time goes on as rows come: a row may be late by ` + "`out_of_order`" + ` against the latest one. A source that gives no row for ` + "`idle`" + ` holds nobody up.`,
	Params: []op.Param{
		{Name: "column", Kind: op.RowExpr, Type: types.Of(types.Timestamp), Required: true, Doc: "The time of the event."},
		{Name: "out_of_order", Kind: op.Value, Type: types.Of(types.Duration), Default: "0s", Doc: "How late a row may come."},
		{Name: "idle", Kind: op.Value, Type: types.Of(types.Duration), Doc: "After which silence a source counts no more."},
	},
	Type: sameRow,
	Caps: op.Caps{Needs: passOn("column")},
}

// Window makes windows of time. It is known and documented, not there yet.
var Window = &op.Operator{
	Name: "window",
	Role: op.TransformRole,
	Doc: `puts rows into windows of event time, for the aggregate behind it, which adds window_start and window_end to its rows.

A window closes when time has passed its end and the allowed lateness; what comes after that goes to the side output ` + "`late`" + `.`,
	Params: []op.Param{
		{Name: "kind", Kind: op.Ctor, Required: true, Doc: "The windows.", Ctors: []op.Constructor{
			{Name: "tumbling", Doc: "Windows of one size, end to end.", Params: []op.Param{span("size", "The size of a window.", false)}},
			{Name: "sliding", Doc: "Windows of one size that overlap.", Params: []op.Param{span("size", "The size of a window.", false), span("every", "From the start of one to that of the next.", true)}},
			{Name: "session", Doc: "Windows that end where no row comes for a while.", Params: []op.Param{span("gap", "The while.", false)}},
		}},
		{Name: "allowed_lateness", Kind: op.Value, Type: types.Of(types.Duration), Default: "0s", Doc: "How long a window waits for late rows behind its end."},
	},
	Sides: []string{"late"},
	Type:  sameRow,
	Caps:  op.Caps{Windows: true, Needs: passOn()},
}

func span(name, doc string, named bool) op.Param {
	return op.Param{Name: name, Kind: op.Value, Type: types.Of(types.Duration), Required: true, Named: named, Doc: doc}
}
