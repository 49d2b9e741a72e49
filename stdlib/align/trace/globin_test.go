package trace

import (
	"fmt"
	"testing"

	"weir/stdlib/align/scoring"
)

// UniProt P69905 and P68871.
const (
	hbaHuman = "MVLSPADKTNVKAAWGKVGAHAGEYGAEALERMFLSFPTTKTYFPHFDLSHGSAQVKGHGKKVADALTNAVAHVDDMPNALSALSDLHAHKLRVDP" +
		"VNFKLLSHCLLVTLAAHLPAEFTPAVHASLDKFLASVSTVLTSKYR"
	hbbHuman = "MVHLTPEEKSAVTALWGKVNVDEVGGEALGRLLVVYPWTQRFFESFGDLSTPDAVMGNPKVKAHGKKVLGAFSDGLAHLDNLKGTFATLSELHCDK" +
		"LHVDPENFRLLGNVLVCVLAHHFGKEFTPPVQAAYQKVVAGVANALAHKYH"
)

// The EMBOSS manual's example, by needle, water and blastp: shared with alignment-conventions.md.
func TestGlobinsAreWhatEmbossAndBlastSay(t *testing.T) {
	if len(hbaHuman) != 142 || len(hbbHuman) != 147 {
		t.Fatalf("%d and %d residues", len(hbaHuman), len(hbbHuman))
	}
	matrix, _ := scoring.Builtin("BLOSUM62")
	toolkit, _ := scoring.Builtin("BLOSUM62_NCBI")
	emboss := scoring.Gap{Kind: scoring.Emboss, Open: 10, Extend: 0.5}
	blast := scoring.Gap{Kind: scoring.Affine, Open: 11, Extend: 1}
	for _, test := range []struct {
		tool   string
		mode   scoring.Mode
		matrix *scoring.Matrix
		gap    scoring.Gap
		want   string
	}{
		{"needle", scoring.Overlap, matrix, emboss, "292.5, 65 identical, 90 similar, 9 gap columns of 149, " +
			"emboss 43.6 %, aligned 46.4 %, shorter 45.8 %"},
		{"water", scoring.Local, matrix, emboss, "293.5, 63 identical, 88 similar, 8 gap columns of 145, " +
			"emboss 43.4 %, aligned 46.0 %, shorter 44.4 %"},
		{"blastp", scoring.Local, toolkit, blast, "285, 61 identical, 86 similar, 8 gap columns of 145, " +
			"emboss 42.1 %, aligned 44.5 %, shorter 43.0 %"},
	} {
		s, err := scoring.NewScheme(test.mode, test.matrix, test.gap, scoring.Ends{})
		if err != nil {
			t.Fatal(err)
		}
		query, err1 := test.matrix.EncodeSeq(nil, []byte(hbaHuman))
		target, err2 := test.matrix.EncodeSeq(nil, []byte(hbbHuman))
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		a := align(t, NewAligner(s), query, target)
		got := fmt.Sprintf("%v, %d identical, %d similar, %d gap columns of %d, "+
			"emboss %.1f %%, aligned %.1f %%, shorter %.1f %%",
			s.Float(a.Score), a.Identical, a.Similar, a.GapColumns, a.Columns,
			100*a.IdentityEmboss(), 100*a.IdentityAligned(), 100*a.IdentityShorter())
		if got != test.want {
			t.Errorf("%s:\ngot  %s\nwant %s\n%s", test.tool, got, test.want, a.CIGAR())
		}
		if test.tool == "blastp" && fmt.Sprintf("%.5f", a.Identity()) != "0.42069" {
			t.Errorf("blastp's pident: %v", a.Identity())
		}
	}
}
