// Package text has the functions over strings. What keeps every residue of a sequence a residue (slice, reverse, trim) gives a sequence again.
package text

import (
	"weir/compiler/types"
	"weir/runtime/op"
	"weir/stdlib/internal/fn"
)

// Functions lists the functions of the package.
var Functions = []*op.Function{Length, Lower, Upper, Trim, TrimStart, TrimEnd, StartsWith, EndsWith, Contains, Replace, Slice, Reverse, Repeat, PadLeft,
	PadRight, Split, Join, Matches, Extract, ReplaceRegex, ToString, Format, ParseInt, ParseFloat, ParseTimestamp, ParseBool, TryParseInt, TryParseFloat,
	TryParseTimestamp, TryParseBool}

// keeping makes a signature for every kind of text, whose result is of the kind of the first parameter. rest is the parameters behind it.
func keeping(rest string, eval fn.Eval) []fn.Sig {
	var sigs []fn.Sig
	for _, k := range []types.Kind{types.String, types.Protein, types.DNA, types.RNA, types.Bytes} {
		sigs = append(sigs, fn.S(k.String()+rest, k.String(), eval))
	}
	// The exact kind first: a sequence would fit string, too.
	sigs[0], sigs[1], sigs[2], sigs[3] = sigs[1], sigs[2], sigs[3], sigs[0]
	return sigs
}

type resolve = func([]types.Type) (op.Overload, error)
