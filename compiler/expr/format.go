package expr

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"weir/compiler/types"
)

// FormatValue writes a constant as a literal of the language.
func FormatValue(t types.Type, v any) string {
	if v == nil {
		return "null"
	}
	switch x := v.(type) {
	case bool:
		return strconv.FormatBool(x)
	case float64:
		return FormatFloat(x)
	case string:
		return strconv.Quote(x)
	case int64:
		switch t.Kind {
		case types.Timestamp:
			return time.Unix(0, x).UTC().Format(time.RFC3339Nano)
		case types.Duration:
			return FormatDuration(time.Duration(x))
		case types.Size:
			return FormatSize(x)
		}
		return strconv.FormatInt(x, 10)
	case []any:
		parts := make([]string, len(x))
		for i, e := range x {
			switch {
			case t.Kind == types.List:
				parts[i] = FormatValue(*t.Elem, e)
			case i < len(t.Fields):
				parts[i] = t.Fields[i].Name + ": " + FormatValue(t.Fields[i].Type, e)
			}
		}
		if t.Kind == types.Record {
			return "{ " + strings.Join(parts, ", ") + " }"
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	return fmt.Sprint(v)
}

// FormatFloat writes a float in the shortest form that reads back the same, with a point or exponent so that it stays a float.
func FormatFloat(x float64) string {
	s := strconv.FormatFloat(x, 'g', -1, 64)
	if math.IsNaN(x) || math.IsInf(x, 0) || strings.ContainsAny(s, ".e") {
		return s
	}
	return s + ".0"
}

// FormatDuration writes a duration with the units of the language (d, h, m, s, ms, us, ns), largest first: 1h30m.
func FormatDuration(d time.Duration) string {
	if d == 0 {
		return "0s"
	}
	var b strings.Builder
	u := uint64(d)
	if d < 0 {
		b.WriteByte('-')
		u = -u
	}
	for _, unit := range []struct {
		n    uint64
		name string
	}{{24 * uint64(time.Hour), "d"}, {uint64(time.Hour), "h"}, {uint64(time.Minute), "m"}, {uint64(time.Second), "s"},
		{uint64(time.Millisecond), "ms"}, {uint64(time.Microsecond), "us"}, {1, "ns"}} {
		if n := u / unit.n; n > 0 {
			fmt.Fprintf(&b, "%d%s", n, unit.name)
			u -= n * unit.n
		}
	}
	return b.String()
}

// FormatSize writes a size with the largest binary unit that divides it.
func FormatSize(n int64) string {
	for _, u := range []struct {
		n    int64
		name string
	}{{1 << 40, "TiB"}, {1 << 30, "GiB"}, {1 << 20, "MiB"}, {1 << 10, "KiB"}} {
		if n != 0 && n%u.n == 0 {
			return strconv.FormatInt(n/u.n, 10) + u.name
		}
	}
	return strconv.FormatInt(n, 10) + "B"
}
