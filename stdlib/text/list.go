package text

import (
	"bytes"

	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
	"weir/stdlib/internal/fn"
)

// Split cuts a text.
var Split = &op.Function{
	Name: "split", Doc: "is the list of the parts between the separators; `list_join` is the way back. An empty separator gives the whole text as one part.",
	Params: fn.Params("text: The text.", "separator: What stands between the parts."),
	Total:  true,
	Resolve: fn.Overloads(fn.S("string, string", "list<string>", func(c *op.Call) (*batch.Vector, error) {
		v := &batch.Vector{Type: c.Type, N: c.N, Offs: make([]uint32, c.N+1)}
		src := c.Args[0].Flat()
		parts := &batch.Vector{Type: types.Of(types.String), Buf: src.Buf}
		row := 0
		until := func(i int) {
			for ; row <= i; row++ {
				v.Offs[row] = uint32(len(parts.Refs))
			}
		}
		c.Each(func(i int) {
			until(i)
			ref, sep := src.Refs[i], c.Args[1].Bytes(i)
			for len(sep) > 0 {
				k := bytes.Index(src.Buf[ref.Off:ref.Off+ref.Len], sep)
				if k < 0 {
					break
				}
				parts.Refs = append(parts.Refs, batch.Ref{Off: ref.Off, Len: uint32(k)})
				ref.Off, ref.Len = ref.Off+uint32(k+len(sep)), ref.Len-uint32(k+len(sep))
			}
			parts.Refs = append(parts.Refs, ref)
		})
		until(c.N)
		parts.N = len(parts.Refs)
		v.Fields = []*batch.Vector{parts}
		return v, nil
	})),
	Examples: []op.FuncExample{fn.Ex(`split("a,b,,c", ",")`, `["a", "b", "", "c"]`), fn.Ex(`split("", ",")`, `[""]`)},
}

// Join joins a list of texts.
var Join = &op.Function{
	Name: "list_join", Doc: "joins the texts of a list with a separator between them. Nulls are left out.",
	Params: fn.Params("texts: The list.", "separator: What comes between them."),
	Resolve: fn.Overloads(fn.S("list<string?>, string", "string", func(c *op.Call) (*batch.Vector, error) {
		return fn.MapBytes(c, func(dst []byte, i int) []byte {
			elems, from, to := fn.ListAt(c.Args[0], i)
			start, first := len(dst), true
			for k := from; k < to && len(dst)-start <= fn.MaxValue; k++ {
				if elems.IsNull(k) {
					continue
				}
				if !first {
					dst = append(dst, c.Args[1].Bytes(i)...)
				}
				dst, first = append(dst, elems.Bytes(k)...), false
			}
			return dst
		})
	})),
	Examples: []op.FuncExample{fn.Ex(`list_join(["a", "b"], "-")`, `"a-b"`), fn.Ex(`list_join(["a", null, "b"], "-")`, `"a-b"`)},
}
