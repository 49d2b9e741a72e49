package align

import (
	"bufio"
	"compress/gzip"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"weir/stdlib/align/composition"
	"weir/stdlib/align/scoring"
	"weir/stdlib/align/stats"
)

// blastpLines reads a file of testdata/blastp.
func blastpLines(t *testing.T, name string) []string {
	t.Helper()
	f, err := os.Open("testdata/blastp/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	s := bufio.NewScanner(z)
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		out = append(out, s.Text())
	}
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// Scores, bit scores, E-values and ends are blastp's, for both methods and all matrices; see testdata/blastp/README.md.
func TestCompositionIsBlastps(t *testing.T) {
	seqs := map[string]string{}
	const residues = 33_265 // of the database
	id := ""
	for _, l := range blastpLines(t, "sequences.fasta.gz") {
		if name, ok := strings.CutPrefix(l, ">"); ok {
			id = name
		} else {
			seqs[id] += l
		}
	}
	type how struct{ matrix, open, extend, mode string }
	type setting struct {
		scheme *scoring.Scheme
		model  *stats.Model
		fine   *rescorer
	}
	settings := map[how]*setting{}
	for _, l := range blastpLines(t, "hits.tsv.gz") {
		f := strings.Split(l, "\t")
		k := how{f[0], f[1], f[2], f[3]}
		s := settings[k]
		if s == nil {
			m, _ := scoring.Builtin(k.matrix + "_NCBI")
			open, _ := strconv.ParseFloat(k.open, 64)
			extend, _ := strconv.ParseFloat(k.extend, 64)
			scheme, err := scoring.NewScheme(scoring.Local, m, scoring.Gap{Open: open, Extend: extend}, scoring.Ends{})
			if err != nil {
				t.Fatal(err)
			}
			s = &setting{scheme: scheme}
			if s.model, err = stats.New(scheme); err != nil {
				t.Fatal(err)
			}
			if s.fine, err = newRescorer(map[string]composition.Method{"1": composition.Scaled, "2": composition.Adjusted}[k.mode], scheme); err != nil {
				t.Fatal(err)
			}
			settings[k] = s
		}
		q, _ := s.scheme.Matrix.EncodeSeq(nil, []byte(seqs[f[4]]))
		tt, _ := s.scheme.Matrix.EncodeSeq(nil, []byte(seqs[f[5]]))
		fine, err := s.fine.align(q, tt)
		if err != nil {
			t.Fatal(err)
		}
		score, rest := rounded(fine)
		p := s.fine.path
		got := fmt.Sprint(score, " ", blastBits(s.model.Bits(float64(score))), " ", blastEValue(s.model.EValue(float64(score)+rest, len(q), len(tt), residues)),
			" ", p.QueryStart, " ", p.QueryEnd, " ", p.TargetStart, " ", p.TargetEnd)
		if want := strings.Join(f[6:], " "); got != want {
			t.Errorf("%v %s %s: %s, want %s", k, f[4], f[5], got, want)
		}
	}
}
