// Package align has the operators of pairwise sequence alignment: pairs, align and search. What is computed lies in the packages
// below: scoring (matrices, gaps, ends), kernel (scores), trace (paths) and stats (bits and E-values).
package align

import (
	"context"
	"errors"
	"fmt"

	"weir/compiler/types"
	"weir/runtime/op"
	"weir/stdlib/align/scoring"
)

// Operators lists the operators of the package.
var Operators = []*op.Operator{Pairs, Align, Search, WriteBlast6, WritePAF, WritePairwise}

// schemeParams are the parameters that align and search share; schemeOf reads them.
func schemeParams() []op.Param {
	number := types.Of(types.Int)
	return []op.Param{
		{Name: "mode", Kind: op.Word, Words: []string{"local", "global", "fit", "overlap"}, Default: "local",
			Doc: "`local` (Smith–Waterman), `global` (all end gaps charged), `fit` (the query whole, the target's ends free) or `overlap` (all four ends free)."},
		{Name: "matrix", Kind: op.Word, Words: scoring.Names(), Paths: true, Default: "BLOSUM62",
			Doc: "The substitution matrix: a built-in one, or the path of a file in NCBI's format. `BLOSUM62` is the published file, `BLOSUM62_NCBI` the one that blastp and DIAMOND use; they differ in B, Z and X only."},
		{Name: "gap", Kind: op.Ctor, Default: "affine(open: 11, extend: 1)", Doc: "What a gap of k residues costs.",
			Ctors: []op.Constructor{
				{Name: "affine", Doc: "open + k × extend, as BLAST counts; whole numbers.", Params: []op.Param{
					{Name: "open", Kind: op.Value, Type: number, Required: true, Doc: "Cost of opening."},
					{Name: "extend", Kind: op.Value, Type: number, Required: true, Doc: "Cost of every residue."}}},
				{Name: "emboss", Doc: "open + (k − 1) × extend, as EMBOSS, parasail and Biopython count; the score is a float.", Params: []op.Param{
					{Name: "open", Kind: op.Value, Type: types.Of(types.Float), Required: true, Doc: "Cost of the first residue."},
					{Name: "extend", Kind: op.Value, Type: types.Of(types.Float), Required: true, Doc: "Cost of every further residue."}}},
				{Name: "linear", Doc: "k × extend.", Params: []op.Param{
					{Name: "extend", Kind: op.Value, Type: number, Required: true, Doc: "Cost of every residue."}}},
			}},
		{Name: "free_ends", Kind: op.Words, Words: []string{"query_start", "query_end", "target_start", "target_end"},
			Doc: "With `mode: global`, the ends whose residues may stay unaligned at no cost."},
	}
}

var modes = map[string]scoring.Mode{"local": scoring.Local, "global": scoring.Global, "fit": scoring.Fit, "overlap": scoring.Overlap}

// schemeOf makes the scheme from checked arguments. s reads a user's matrix file; where it is nil such a matrix is taken for BLOSUM62,
// which is enough to type the columns.
func schemeOf(a op.Args, s op.Storage) (*scoring.Scheme, error) {
	matrix, err := matrixOf(a, s)
	if err != nil {
		return nil, err
	}
	gap := scoring.Gap{}
	if g := a["gap"]; g != nil {
		gap.Open, gap.Extend = g.Args.Float("open", 0), g.Args.Float("extend", 0)
		switch g.Word {
		case "emboss":
			gap.Kind = scoring.Emboss
		case "linear":
			gap.Kind = scoring.Linear
		}
	}
	var free scoring.Ends
	for _, end := range a.Names("free_ends") {
		switch end {
		case "query_start":
			free.QueryStart = true
		case "query_end":
			free.QueryEnd = true
		case "target_start":
			free.TargetStart = true
		case "target_end":
			free.TargetEnd = true
		}
	}
	return scoring.NewScheme(modes[a.Word("mode")], matrix, gap, free)
}

func matrixOf(a op.Args, s op.Storage) (*scoring.Matrix, error) {
	path := a.Text("matrix")
	if path == "" {
		m, ok := scoring.Builtin(a.Word("matrix"))
		if !ok {
			return nil, &scoring.Error{Message: fmt.Sprintf("no matrix is called %q", a.Word("matrix")), Hint: "weir explain W6301 lists the built-in ones"}
		}
		return m, nil
	}
	if s == nil {
		m, _ := scoring.Builtin("BLOSUM62")
		return m, nil
	}
	f, err := s.Open(context.Background(), path, "")
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // read only: nothing is lost
	return scoring.ParseMatrix(path, f)
}

// reportScheme tells the user at which argument the scheme went wrong.
func reportScheme(t *op.Typing, err error) {
	var se *scoring.Error
	if errors.As(err, &se) {
		param := "gap"
		if se.Matrix != "" {
			param = "matrix"
		}
		if _, ok := t.Args["free_ends"]; ok && t.Args.Word("mode") != "global" {
			param = "free_ends"
		}
		t.Errorf(param, "W2301", "%s", se.Error())
		return
	}
	t.Errorf("matrix", "W2301", "%s", err.Error())
}

// checkSequence reports an argument that is no sequence, or one of the wrong kind for the matrix.
func checkSequence(t *op.Typing, param string, got types.Type, m *scoring.Matrix) bool {
	k := got.Kind
	switch {
	case !k.IsSequence() && k != types.String:
		t.Errorf(param, "W2302", "`%s` wants a sequence, and this is %s", param, got)
	case k == types.Protein && m.Nucleic():
		t.Errorf("matrix", "W2303", "matrix %s is for nucleic acids, and the sequences are proteins", m.Name)
	case (k == types.DNA || k == types.RNA) && !m.Nucleic():
		t.Errorf("matrix", "W2303", "matrix %s is for proteins, and the sequences are %s: write matrix: EDNAFULL", m.Name, k)
	default:
		return true
	}
	return false
}
