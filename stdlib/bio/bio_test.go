package bio

import (
	"math"
	"testing"

	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
)

// call computes a function of the package for one row. consts are given to Prepare.
func call(t testing.TB, f *op.Function, ty types.Type, x string, consts ...any) (any, string) {
	t.Helper()
	args := []types.Type{ty}
	vs := []*batch.Vector{batch.Repeat(ty, x, 1)}
	for _, c := range consts {
		ct := types.Of(types.Int)
		if _, ok := c.(string); ok {
			ct = types.Of(types.String)
		}
		args, vs = append(args, ct), append(vs, batch.Repeat(ct, c, 1))
	}
	o, err := f.Resolve(args)
	if err != nil {
		t.Fatal(err)
	}
	eval := o.Eval
	if o.Prepare != nil {
		if eval, err = o.Prepare(append([]any{nil}, consts...)); err != nil {
			t.Fatal(err)
		}
	}
	reason := ""
	v, err := eval(&op.Call{N: 1, Args: vs, Type: o.Result, Fail: func(_ int, _, r string) { reason = r }})
	if err != nil {
		t.Fatal(err)
	}
	return v.Value(0), reason
}

func near(x any, want, by float64) bool {
	f, ok := x.(float64)
	return ok && math.Abs(f-want) <= by
}

// TestProteins compares with Biopython 1.88: molecular_weight, ProtParam's gravy and isoelectric_point.
// Biopython looks for the isoelectric point no lower than 4.05: the third value is what its charge_at_pH gives no charge at.
func TestProteins(t *testing.T) {
	for _, c := range []struct {
		protein            string
		weight, gravy, iep float64
	}{
		{"MKTAYIAK",
			925.1464, 0.025, 9.700252},
		{"INGAR",
			529.5904, -0.42, 9.750021},
		{"IWVFNYSWDY",
			1392.5112, -0.07, 3.7998},
		{"ASKVIHSVVSPFIFTPADGWCLAKSYPQPWRFNECFSHKQLQTPWNVWQWIMAKYGMVWW",
			7216.3084, -0.138333, 9.191532},
		{"EHWKLEDSSDNDQFALQQECYYCPWMVKTICLADEYVCHQLYKFCMMNFPPRTPYVEYTKQILQKTLVMAQWMAPYWFCMRNNYKSAWCANKRLWYMGNGMNYKLPEAWFLTIKIMGQEEYMMIRGDMHWRKIECTHMWGKMDYNWFQLTKRNQLQWQCQFHASYTQVICRTLVMIDWLEICCTHQWCASEGTLIATVQC",
			24453.3232, -0.3615, 7.630601},
	} {
		ty := types.Of(types.Protein)
		if x, _ := call(t, MolecularWeight, ty, c.protein); !near(x, c.weight, 1e-3) {
			t.Errorf("molecular_weight: %v, want %v", x, c.weight)
		}
		if x, _ := call(t, Hydropathy, ty, c.protein); !near(x, c.gravy, 1e-6) {
			t.Errorf("hydropathy: %v, want %v", x, c.gravy)
		}
		if x, _ := call(t, IsoelectricPoint, ty, c.protein); !near(x, c.iep, 1e-3) {
			t.Errorf("isoelectric_point: %v, want %v", x, c.iep)
		}
	}
}

// TestNucleicAcids compares with Biopython 1.88.
func TestNucleicAcids(t *testing.T) {
	dna := "AGCGTAGCCAACCGCATTAGCGTATGAACAAAATAATGCGAGTTGGGCGTACATACAGTTATAGTGTTTACCGATCTCAGGGATATAGAA"
	if x, _ := call(t, MolecularWeight, types.Of(types.DNA), dna); !near(x, 27975.8993, 1e-3) {
		t.Errorf("dna: %v", x)
	}
	rna, _ := call(t, Transcribe, types.Of(types.DNA), dna)
	if x, _ := call(t, MolecularWeight, types.Of(types.RNA), rna.(string)); !near(x, 29107.2601, 1e-3) {
		t.Errorf("rna: %v", x)
	}
	if x, _ := call(t, GC, types.Of(types.DNA), dna+"NNS"); !near(x, 0.42857142857142855, 1e-12) {
		t.Errorf("gc: %v", x)
	}
	const ambiguous, other = "DATKCHGNTKCASTATDYNYGCNHHTTVTVCVSNCGTCTBKRWKWVMGKHTMCMNNHDAK", "MTHDNNKGKADMCKBWMWYMVAGACGNSBGBABAADDNGCRNRHATASTGMANCDGMATH"
	if x, _ := call(t, ReverseComplement, types.Of(types.DNA), ambiguous); x != other {
		t.Errorf("reverse_complement: %v", x)
	}
	if x, _ := call(t, ReverseComplement, types.Of(types.RNA), "AACGu"); x != "aCGUU" {
		t.Errorf("reverse_complement of rna: %v", x)
	}
}

// TestTables compares the genetic codes with Biopython 1.88, which has them from NCBI.
func TestTables(t *testing.T) {
	all := ""
	for _, a := range "TCAG" {
		for _, b := range "TCAG" {
			for _, c := range "TCAG" {
				all += string([]rune{a, b, c})
			}
		}
	}
	want := map[int64]string{
		1:  "FFLLSSSSYY**CC*WLLLLPPPPHHQQRRRRIIIMTTTTNNKKSSRRVVVVAAAADDEEGGGG",
		2:  "FFLLSSSSYY**CCWWLLLLPPPPHHQQRRRRIIMMTTTTNNKKSS**VVVVAAAADDEEGGGG",
		3:  "FFLLSSSSYY**CCWWTTTTPPPPHHQQRRRRIIMMTTTTNNKKSSRRVVVVAAAADDEEGGGG",
		4:  "FFLLSSSSYY**CCWWLLLLPPPPHHQQRRRRIIIMTTTTNNKKSSRRVVVVAAAADDEEGGGG",
		5:  "FFLLSSSSYY**CCWWLLLLPPPPHHQQRRRRIIMMTTTTNNKKSSSSVVVVAAAADDEEGGGG",
		6:  "FFLLSSSSYYQQCC*WLLLLPPPPHHQQRRRRIIIMTTTTNNKKSSRRVVVVAAAADDEEGGGG",
		9:  "FFLLSSSSYY**CCWWLLLLPPPPHHQQRRRRIIIMTTTTNNNKSSSSVVVVAAAADDEEGGGG",
		10: "FFLLSSSSYY**CCCWLLLLPPPPHHQQRRRRIIIMTTTTNNKKSSRRVVVVAAAADDEEGGGG",
		11: "FFLLSSSSYY**CC*WLLLLPPPPHHQQRRRRIIIMTTTTNNKKSSRRVVVVAAAADDEEGGGG",
		12: "FFLLSSSSYY**CC*WLLLSPPPPHHQQRRRRIIIMTTTTNNKKSSRRVVVVAAAADDEEGGGG",
		13: "FFLLSSSSYY**CCWWLLLLPPPPHHQQRRRRIIMMTTTTNNKKSSGGVVVVAAAADDEEGGGG",
		14: "FFLLSSSSYYY*CCWWLLLLPPPPHHQQRRRRIIIMTTTTNNNKSSSSVVVVAAAADDEEGGGG",
	}
	if len(want) != len(codes) {
		t.Errorf("%d tables", len(codes))
	}
	for table, proteins := range want {
		if x, _ := call(t, Translate, types.Of(types.DNA), all, table); x != proteins {
			t.Errorf("table %d: got %v, want %v", table, x, proteins)
		}
	}
	o, err := Translate.Resolve([]types.Type{types.Of(types.DNA), types.Of(types.Int)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.Prepare([]any{nil, int64(7)}); err == nil {
		t.Error("table 7 is known")
	}
}

// FuzzSequences: whatever the bytes, the functions give a value or a reason.
func FuzzSequences(f *testing.F) {
	f.Add("MKTAYIAK")
	f.Add("ACGU-nN.")
	f.Add("\x00\xff")
	f.Fuzz(func(t *testing.T, x string) {
		for _, k := range []types.Kind{types.String, types.DNA, types.RNA, types.Protein} {
			for _, f := range Functions {
				args := []any{}
				switch len(f.Params) {
				case 2:
					args = append(args, "GC")
					if f == Translate {
						args[0] = int64(1)
					}
				}
				given := []types.Type{types.Of(k), types.Of(types.String)}[:len(f.Params)]
				if f == Translate {
					given[1] = types.Of(types.Int)
				}
				if _, err := f.Resolve(given); err != nil {
					continue
				}
				v, reason := call(t, f, types.Of(k), x, args...)
				if v == nil && reason == "" && x != "" && f != GC {
					t.Errorf("%s(%q) is null", f.Name, x)
				}
				if f == ReverseComplement && k == types.DNA && reason == "" {
					if twice, _ := call(t, f, types.Of(k), v.(string)); len(twice.(string)) != len(x) {
						t.Errorf("%q twice is %q", x, twice)
					}
				}
			}
		}
	})
}
