// Package timefn has the functions over timestamps and durations. Timestamps are in UTC, and so is what these functions say of them.
package timefn

import (
	"fmt"
	"math"
	"time"

	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
	"weir/stdlib/internal/fn"
)

// Functions lists the functions of the package.
var Functions = []*op.Function{Year, Month, Day, Hour, Minute, Second, Weekday, DayOfYear, Truncate, Epoch, FromEpoch, Seconds, FormatTime}

// The parts of a timestamp.
var (
	Year    = part("year", "is the year.", func(t time.Time) int { return t.Year() }, "2026")
	Month   = part("month", "is the month, from 1.", func(t time.Time) int { return int(t.Month()) }, "2")
	Day     = part("day", "is the day of the month, from 1.", func(t time.Time) int { return t.Day() }, "3")
	Hour    = part("hour", "is the hour, from 0.", func(t time.Time) int { return t.Hour() }, "4")
	Minute  = part("minute", "is the minute, from 0.", func(t time.Time) int { return t.Minute() }, "5")
	Second  = part("second", "is the second, from 0.", func(t time.Time) int { return t.Second() }, "6")
	Weekday = part("weekday", "is the day of the week by ISO 8601: Monday is 1, Sunday 7.", func(t time.Time) int { return (int(t.Weekday())+6)%7 + 1 }, "2")

	DayOfYear = part("day_of_year", "is the day of the year, from 1.", func(t time.Time) int { return t.YearDay() }, "34")
)

func at(n int64) time.Time { return time.Unix(0, n).UTC() }

func part(name, doc string, f func(time.Time) int, value string) *op.Function {
	return &op.Function{Name: name, Doc: doc, Params: fn.Params("t: The timestamp."), Total: true,
		Resolve: fn.Overloads(fn.S("timestamp", "int", func(c *op.Call) (*batch.Vector, error) {
			a := fn.Ints(c.Args[0])
			return fn.MapInts(c, func(i int) int64 { return int64(f(at(a.At(i)))) }), nil
		})), Examples: []op.FuncExample{fn.Ex(name+"(2026-02-03T04:05:06Z)", value)}}
}

// Truncate cuts off to a whole number of steps.
var Truncate = &op.Function{
	Name: "truncate", Doc: "is the last moment not after t that lies a whole number of steps from 1970-01-01T00:00:00Z, as windows do. A step that is not positive rejects the row.",
	Params: fn.Params("t: The timestamp.", "step: The step: 5m, 1d."),
	Resolve: fn.Overloads(fn.S("timestamp, duration", "timestamp", func(c *op.Call) (*batch.Vector, error) {
		a, d := fn.Ints(c.Args[0]), fn.Ints(c.Args[1])
		return fn.MapInts(c, func(i int) int64 {
			x, step := a.At(i), d.At(i)
			if step <= 0 {
				c.Fail(i, fn.CodeRange, fmt.Sprintf("truncate wants a positive step, not %s", time.Duration(step)))
				return 0
			}
			rest := x % step
			if rest < 0 {
				rest += step
			}
			if x < math.MinInt64+rest {
				c.Fail(i, fn.CodeOverflow, "timestamp overflow: truncate")
			}
			return x - rest
		}), nil
	})),
	Examples: []op.FuncExample{fn.Ex("truncate(2026-02-03T04:05:06Z, 5m)", "2026-02-03T04:05:00Z"), fn.Fails("truncate(2026-02-03T04:05:06Z, 0s)", "positive step")},
}

// Epoch counts seconds.
var Epoch = &op.Function{
	Name: "epoch", Doc: "is the number of seconds since 1970-01-01T00:00:00Z, with its fraction.", Params: fn.Params("t: The timestamp."), Total: true,
	Resolve: fn.Overloads(fn.S("timestamp", "float", func(c *op.Call) (*batch.Vector, error) {
		a := fn.Ints(c.Args[0])
		return fn.MapFloats(c, func(i int) float64 { return float64(a.At(i)) / 1e9 }), nil
	})),
	Examples: []op.FuncExample{fn.Ex("epoch(1970-01-02T00:00:00.5Z)", "86400.5")},
}

// FromEpoch makes a timestamp.
var FromEpoch = &op.Function{
	Name: "from_epoch", Doc: "is the timestamp that lies a number of seconds behind 1970-01-01T00:00:00Z, to the nanosecond. One outside the years 1678 to 2262 rejects the row.",
	Params: fn.Params("seconds: The seconds, whole or with a fraction."),
	Resolve: fn.Overloads(fn.S("int", "timestamp", func(c *op.Call) (*batch.Vector, error) {
		a := fn.Ints(c.Args[0])
		return fn.MapInts(c, func(i int) int64 {
			x := a.At(i)
			if x < math.MinInt64/1_000_000_000 || x > math.MaxInt64/1_000_000_000 {
				c.Fail(i, fn.CodeOverflow, fmt.Sprintf("timestamp overflow: from_epoch(%d)", x))
				return 0
			}
			return x * 1e9
		}), nil
	}), fn.S("float", "timestamp", func(c *op.Call) (*batch.Vector, error) {
		a := fn.Floats(c.Args[0])
		return fn.MapInts(c, func(i int) int64 {
			whole, rest := math.Modf(a.At(i))
			if !(math.Abs(whole) < math.MaxInt64/1e9-1) {
				c.Fail(i, fn.CodeOverflow, fmt.Sprintf("timestamp overflow: from_epoch(%v)", a.At(i)))
				return 0
			}
			return int64(whole)*1e9 + int64(math.Round(rest*1e9))
		}), nil
	})),
	Examples: []op.FuncExample{fn.Ex("from_epoch(86400)", "1970-01-02T00:00:00Z"), fn.Ex("from_epoch(0.5)", "1970-01-01T00:00:00.5Z"),
		fn.Fails("from_epoch(99999999999)", "timestamp overflow")},
}

// Seconds counts seconds of a duration.
var Seconds = &op.Function{
	Name: "seconds", Doc: "is the length of a duration in seconds, with its fraction. `d / 1m` counts other units.", Params: fn.Params("d: The duration."), Total: true,
	Resolve: fn.Overloads(fn.S("duration", "float", func(c *op.Call) (*batch.Vector, error) {
		a := fn.Ints(c.Args[0])
		return fn.MapFloats(c, func(i int) float64 { return float64(a.At(i)) / 1e9 }), nil
	})),
	Examples: []op.FuncExample{fn.Ex("seconds(1m30s)", "90.0")},
}

// directives of format_time, those of C's strftime that need no locale.
var directives = map[byte]string{'Y': "2006", 'm': "01", 'd': "02", 'H': "15", 'M': "04", 'S': "05", 'y': "06", 'j': "002", 'B': "January", 'b': "Jan", 'A': "Monday",
	'a': "Mon", 'p': "PM", 'I': "03", 'F': "2006-01-02", 'T': "15:04:05"}

// FormatTime writes a timestamp by a pattern.
var FormatTime = &op.Function{
	Name: "format_time", Doc: "writes a timestamp by a constant pattern of C's strftime: %Y year, %m month, %d day, %H hour, %M minute, %S second, %j day of the year, %B %b month " +
		"and %A %a day by their English names, %I %p hour of twelve, %y year of the century, %F is %Y-%m-%d, %T is %H:%M:%S, %% is %.",
	Params: fn.Params("t: The timestamp.", "pattern: The pattern."),
	Resolve: func(args []types.Type) (op.Overload, error) {
		sig := fn.S("timestamp, string", "string", nil)
		sig.Prepare = prepareFormatTime
		return fn.Overloads(sig)(args)
	},
	Examples: []op.FuncExample{fn.Ex(`format_time(2026-02-03T04:05:06Z, "%d.%m.%Y %H:%M")`, `"03.02.2026 04:05"`)},
}

func prepareFormatTime(consts []any) (fn.Eval, error) {
	p, ok := consts[1].(string)
	if !ok {
		return nil, fmt.Errorf("the pattern must be a constant")
	}
	type piece struct{ text, layout string }
	var pieces []piece
	for i := 0; i < len(p); i++ {
		switch {
		case p[i] != '%':
			pieces = append(pieces, piece{text: p[i : i+1]})
		case i+1 < len(p) && p[i+1] == '%':
			pieces = append(pieces, piece{text: "%"})
			i++
		case i+1 < len(p) && directives[p[i+1]] != "":
			pieces = append(pieces, piece{layout: directives[p[i+1]]})
			i++
		default:
			return nil, fmt.Errorf("the pattern has `%s`, which stands for nothing", p[i:min(len(p), i+2)])
		}
	}
	return func(c *op.Call) (*batch.Vector, error) {
		a := fn.Ints(c.Args[0])
		return fn.MapBytes(c, func(dst []byte, i int) []byte {
			t := at(a.At(i))
			for _, x := range pieces {
				if dst = append(dst, x.text...); x.layout != "" {
					dst = t.AppendFormat(dst, x.layout)
				}
			}
			return dst
		})
	}, nil
}
