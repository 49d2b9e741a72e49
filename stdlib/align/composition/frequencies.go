package composition

import (
	"embed"
	"fmt"
	"strings"
	"sync"
)

//go:embed frequencies/BLOSUM* frequencies/PAM*
var files embed.FS

// table has, for every pair of residues, the probability with which they face each other.
type table [residues][residues]float64

// frequencies are what a matrix was made from.
type frequencies struct {
	joint      table
	background probabilities // of a residue in either sequence
}

var loaded sync.Map // by the file's name

// known gives the frequencies behind one of the toolkit's matrices.
func known(toolkit string) *frequencies {
	name := strings.TrimSuffix(toolkit, "_NCBI")
	if f, ok := loaded.Load(name); ok {
		return f.(*frequencies)
	}
	f, err := read(name)
	if err != nil {
		panic(fmt.Sprintf("composition: embedded frequencies of %s: %v", name, err))
	}
	loaded.Store(name, f)
	return f
}

func read(name string) (*frequencies, error) {
	r, err := files.Open("frequencies/" + name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }() // read only: nothing is lost
	f := &frequencies{}
	for i := range residues {
		for j := range i + 1 {
			if _, err := fmt.Fscan(r, &f.joint[i][j]); err != nil {
				return nil, err
			}
			f.joint[j][i] = f.joint[i][j]
		}
	}
	f.background = f.joint.rows()
	return f, nil
}

// rows are the sums of the rows: the probabilities of the first sequence's residues.
func (t *table) rows() (p probabilities) {
	for i := range t {
		for _, x := range t[i] {
			p[i] += x
		}
	}
	return p
}

// columns are the sums of the columns: the probabilities of the second sequence's residues.
func (t *table) columns() (p probabilities) {
	for i := range t {
		for j, x := range t[i] {
			p[j] += x
		}
	}
	return p
}
