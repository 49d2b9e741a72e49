package kernel

import (
	"cmp"
	"encoding/binary"
	"slices"

	"weir/stdlib/align/scoring"
)

// Values are the scores of one pair's matrix in integer units, by query code and target code.
type Values = [scoring.MaxCodes][scoring.MaxCodes]int32

// ScoreEach sets scores[t] to the local score of query against targets[t] under a matrix of its own, values[t], with the gap costs of the Scorer's scheme,
// which must be local. The scheme's matrix does not count. exact is asked for the score of a pair that no kernel takes: an empty one, a very long one, and
// one whose values or score do not fit. As with ScoreAll, not all scores are set where Stop has said true.
func (sc *Scorer) ScoreEach(query []byte, targets [][]byte, values []Values, exact func(t int) int32, scores []int32) {
	sc.engine.stop = sc.Stop
	defer func() {
		if r := recover(); r != nil && r != errStopped {
			panic(r)
		}
	}()
	s := &side{local: true, scale: 1, first: sc.direct.first, extend: sc.direct.extend}
	j := &job{rows: [][]byte{query}, columns: targets, values: values, put: func(_, t int, score int32) { scores[t] = score }}
	left := NewSet(len(targets))
	var least, most int64
	for t, target := range targets {
		sc.cells += int64(len(query)) * int64(len(target))
		left.Add(t)
		if len(target) > 0 {
			j.byLength = append(j.byLength, int32(t))
		}
		for _, row := range values[t] {
			least, most = min(least, int64(slices.Min(row[:]))), max(most, int64(slices.Max(row[:])))
		}
	}
	slices.SortStableFunc(j.byLength, func(x, y int32) int { return cmp.Compare(len(targets[y]), len(targets[x])) })
	if len(query) == 0 || len(query) > maxRows {
		j.byLength = nil
	}
	for i := range sc.path.local {
		k := &sc.path.local[i]
		if least < k.minScore || most > k.maxScore || int64(s.first) > k.maxGap || len(j.byLength) == 0 {
			continue
		}
		wider := NewSet(len(targets))
		j.narrow = func(_, t int) { wider.Add(t) }
		sc.engine.run(k, s, j)
		for _, t := range j.byLength {
			if !wider.Has(int(t)) {
				left.remove(int(t))
			}
		}
		j.byLength = slices.DeleteFunc(j.byLength, func(t int32) bool { return !wider.Has(int(t)) })
	}
	for t := range targets {
		if left.Has(t) {
			scores[t] = exact(t)
		}
	}
}

func (s Set) remove(i int) { s[i>>6] &^= 1 << (i & 63) }

// fillEach writes the profile of a panel whose targets have a matrix each; codes is the number of rows.
func (e *engine) fillEach(j *job, codes int, from int32) {
	p, k := &e.panel, e.kernel
	stride, width := codes*tileColumns*k.vector, k.bits/8
	repeatElement(p.profile[:int(p.tiles)*stride], k.bits, int32(k.bias)) // where no residue is, the score is 0
	step := tileColumns * k.vector
	p.overlapping(&e.strip, from, func(pl *placement) {
		target, values := j.columns[pl.target], &j.values[pl.target]
		low, high, shift := p.span(pl, from, len(target))
		for column := low; column < high; column++ {
			code := target[column+shift] & (scoring.MaxCodes - 1)
			to := p.profile[column/tileColumns*stride+column%tileColumns*k.vector+int(pl.lane)*width:]
			if k.bits == 16 { // nearly all pairs; the loop below for any width takes twice as long
				for row := range codes {
					binary.LittleEndian.PutUint16(to[row*step:], uint16(values[row&(scoring.MaxCodes-1)][code]+int32(k.bias)))
				}
				continue
			}
			for row := range codes {
				setElement(to[row*step:], k.bits, 0, values[row][code]+int32(k.bias))
			}
		}
	})
}
