package check

import (
	"fmt"
	"strings"

	"weir/compiler/types"
	"weir/lang/diag"
	"weir/runtime/op"
)

// supposed gives what an operator's Type starts from: what is known of event time of all inputs alike.
func (u *use) supposed() types.Stream {
	var out types.Stream
	for i, st := range u.in {
		path := u.followed(st.time)
		if i == 0 {
			out.Time, out.Windows = path, st.windows
			continue
		}
		if out.Time != path {
			out.Time = ""
		}
		if out.Windows != st.windows {
			out.Windows = types.NoWindows
		}
	}
	return out
}

// followed gives the column of the output that a column path of the input is where the operator defines columns: its own name if it is kept, else one
// that is defined as it, or as a record that holds it; "" where there is none.
func (u *use) followed(path string) string {
	caps := u.o.Caps
	if path == "" || caps.Defs == "" || u.args[caps.Defs] == nil {
		return path
	}
	root, _, _ := strings.Cut(path, ".")
	kept := caps.KeepsInput
	renamed := ""
	for _, d := range u.args[caps.Defs].Defs {
		p, ok := d.Expr.Path()
		rest, below := strings.CutPrefix(path, p)
		is := ok && below && (rest == "" || rest[0] == '.')
		switch {
		case d.Name == root && is && p == root:
			return path
		case d.Name == root:
			kept = false
		}
		if is && renamed == "" {
			renamed = d.Name + rest
		}
	}
	if kept {
		return path
	}
	return renamed
}

// eventTime takes over what the operator's Type says of event time and windows, and reports windows that are lost.
func (u *use) eventTime(out *stream, said types.Stream) {
	if t, ok := pathType(out.row, said.Time); ok && t.Kind == types.Timestamp {
		out.time = said.Time
	}
	if out.windows = said.Windows; out.windows == types.NoWindows && u.o.Caps.Windows { // something is wrong, which was reported
		out.windows = types.FixedWindows
	}
	if u.bad || out.open || u.o.Role == op.SinkRole {
		return
	}
	var in types.Windowing
	for _, st := range u.in {
		if st.windows != types.NoWindows {
			in = st.windows
		}
	}
	if in == types.NoWindows {
		return
	}
	d := diag.Diagnostic{Code: "W2229", Span: u.x.Func.Span}
	switch {
	case said.Windows == types.NoWindows && len(u.in) > 1:
		d.Message = fmt.Sprintf("the streams that come into `%s` are not in the same kind of windows", u.o.Name)
		d.Hint = "put the window behind it"
	case said.Windows == types.NoWindows:
		return
	case u.o.Bounded == op.NeedsEnd || u.o.Bounded == op.NeedsWindow:
		d.Message = fmt.Sprintf("`%s` does not work window by window", u.o.Name)
		d.Hint = "put it before the window, or behind the aggregate that the window is for"
	case u.keeps(out, types.WindowStart) && u.keeps(out, types.WindowEnd):
		return
	default:
		d.Message = fmt.Sprintf("behind `%s` nobody knows the windows of the rows", u.o.Name)
		d.Hint = fmt.Sprintf("keep the columns `%s` and `%s`, or put the window behind it", types.WindowStart, types.WindowEnd)
	}
	out.windows = in // for what follows, so that it is reported once
	u.c.report(d)
}

// keeps reports whether a column of the windows is in the output as it was in the input.
func (u *use) keeps(out *stream, column string) bool {
	t, ok := out.row.Lookup(column)
	return ok && t.Kind == types.Timestamp && u.followed(column) == column
}

// pathType gives the type of a column path.
func pathType(row types.Row, path string) (types.Type, bool) {
	name, rest, nested := strings.Cut(path, ".")
	t, ok := row.Lookup(name)
	for ok && nested {
		name, rest, nested = strings.Cut(rest, ".")
		t, ok = t.Field(name)
	}
	return t, ok
}
