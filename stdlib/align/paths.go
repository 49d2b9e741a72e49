package align

import (
	"weir/stdlib/align/trace"
)

// How many paths are looked for at once: enough to fill the lanes with pairs of about one size, few enough that memory
// stays within some megabytes. What pairs have of residues bounds how many runs their paths can have.
const (
	maxTraced      = 4096
	tracedResidues = 2 << 20
	keptOps        = 256 // runs of which a path's memory is kept for the next one
)

// paths gathers pairs, finds the paths of many together, and hands them over in the order in which they came.
type paths struct {
	engine *engine
	put    func(k int, path *trace.Alignment) error // takes the path of the k-th pair

	pairs    []trace.Pair
	found    []trace.Alignment
	residues int
	done     int // pairs that were handed over
}

// start forgets what was there before; put takes the paths that follow.
func (p *paths) start(put func(k int, path *trace.Alignment) error) {
	p.put, p.pairs, p.residues, p.done = put, p.pairs[:0], 0, 0
}

// add takes an encoded pair, whose sequences must not change before flush, and the score of its best alignment. Queries
// that are the same slice are best.
func (p *paths) add(query, target []byte, score int32) error {
	p.pairs = append(p.pairs, trace.Pair{Query: query, Target: target, Score: score})
	p.residues += len(query) + len(target)
	if len(p.pairs) == maxTraced || p.residues > tracedResidues {
		return p.flush()
	}
	return nil
}

// flush hands over the paths that are missing.
func (p *paths) flush() error {
	for len(p.found) < len(p.pairs) {
		p.found = append(p.found, trace.Alignment{})
	}
	found := p.found[:len(p.pairs)]
	if err := p.engine.batch.Align(p.pairs, found); err != nil {
		return p.engine.untraced(err)
	}
	for k := range found {
		if err := p.put(p.done+k, &found[k]); err != nil {
			return err
		}
		if cap(found[k].Ops) > keptOps {
			found[k].Ops = nil
		}
	}
	p.done += len(found)
	clear(p.pairs)
	p.pairs, p.residues = p.pairs[:0], 0
	return nil
}
