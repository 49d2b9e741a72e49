package scoring_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"weir/stdlib/align/scoring"
)

var update = flag.Bool("update", false, "write what is got into the golden files")

// golden compares what f makes of each file of an archive with the file NAME.want after it.
func golden(t *testing.T, path string, f func(name string, data []byte) string) {
	t.Helper()
	archive, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var written []txtar.File
	want := map[string]string{}
	for _, file := range archive.Files {
		want[file.Name] = string(file.Data)
	}
	for _, file := range archive.Files {
		if strings.HasSuffix(file.Name, ".want") {
			continue
		}
		got := f(file.Name, file.Data)
		written = append(written, file, txtar.File{Name: file.Name + ".want", Data: []byte(got)})
		if diff := cmp.Diff(want[file.Name+".want"], got); diff != "" && !*update {
			t.Errorf("%s: %s", file.Name, diff)
		}
	}
	if *update {
		archive.Files = written
		if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestMatrixErrors(t *testing.T) {
	golden(t, "testdata/matrix_errors.txtar", func(name string, data []byte) string {
		m, err := scoring.ParseMatrix(name, bytes.NewReader(data))
		if err != nil {
			return err.Error() + "\n"
		}
		return fmt.Sprintf("letters %s, values %d to %d, symmetric %t\n", m.Letters, m.Min, m.Max, m.Symmetric)
	})
}

// A file is a scheme on one line: MODE KIND OPEN EXTEND FREE_ENDS…
func TestSchemes(t *testing.T) {
	matrix, _ := scoring.Builtin("BLOSUM62")
	modes := map[string]scoring.Mode{
		"local": scoring.Local, "global": scoring.Global, "fit": scoring.Fit, "overlap": scoring.Overlap, "other": 9,
	}
	kinds := map[string]scoring.GapKind{
		"affine": scoring.Affine, "emboss": scoring.Emboss, "linear": scoring.Linear, "other": 9,
	}
	golden(t, "testdata/schemes.txtar", func(name string, data []byte) string {
		f := strings.Fields(string(data))
		open, _ := strconv.ParseFloat(f[2], 64)
		extend, _ := strconv.ParseFloat(f[3], 64)
		var free scoring.Ends
		for _, end := range f[4:] {
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
		s, err := scoring.NewScheme(modes[f[0]], matrix, scoring.Gap{Kind: kinds[f[1]], Open: open, Extend: extend}, free)
		if err != nil {
			return err.Error() + "\n"
		}
		return fmt.Sprintf("%v, scale %d, first %d, extend %d, free %+v, float %t, symmetric %t, gap of 3 costs %v\n",
			s.Mode, s.Scale, s.First, s.Extend, s.Free, s.IsFloat(), s.Symmetric(), s.Float(int32(s.GapCost(3))))
	})
}
