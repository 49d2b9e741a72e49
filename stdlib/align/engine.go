package align

import (
	"time"

	"weir/runtime/batch"
	"weir/runtime/op"
	"weir/stdlib/align/kernel"
	"weir/stdlib/align/scoring"
	"weir/stdlib/align/trace"
)

// callTime is how long one call of the kernels should last: short enough that a cancelled run ends at once and that progress is seen,
// long enough that what a call sets up does not count.
const callTime = 40 * time.Millisecond

// maxQueries bounds the queries of one call of the kernels, and so the memory for their scores.
const maxQueries = 256

// engine aligns pairs of one task. The sequences of a pair are given as positions in two sides, which are encoded once however many pairs
// they are in.
type engine struct {
	scheme *scoring.Scheme
	scorer *kernel.Scorer
	batch  *trace.Batch
	paths  paths
	ctx    op.Context
	sides  []*side // most recent first; at most maxSides
	budget int64   // cells of one call
	cells  int64   // as counted by the scorer when Count was last told
	scores [][]int32
}

// maxSides bounds the encoded blocks that an engine keeps: those of one tile. To encode a block anew takes a thousandth of a tile's time.
const maxSides = 2

// side is the sequences of one vector, encoded for the scheme's matrix.
type side struct {
	from  *batch.Vector
	codes [][]byte
	bad   map[int]error // sequences that have a letter without a score; their codes are empty
	block *kernel.Block // made when the side is first the target

	longest int // of codes
}

func newEngine(ctx op.Context, s *scoring.Scheme) (*engine, error) {
	scorer, err := kernel.NewScorer(s)
	if err != nil {
		return nil, pathError(err)
	}
	scorer.Stop = func() bool { return ctx.Context().Err() != nil }
	batch, err := trace.NewBatch(s)
	if err != nil {
		return nil, pathError(err)
	}
	batch.SetStop(ctx.Context().Err)
	e := &engine{scheme: s, scorer: scorer, batch: batch, ctx: ctx, budget: 1 << 26}
	e.paths.engine = e
	return e, nil
}

// pathError says what is wrong with the choice of kernels.
func pathError(err error) error {
	return &op.Error{Code: "W6302", Message: "no alignment kernel can be chosen", Err: err, Hint: "unset " + kernel.PathVariable + ", or set it to a path that this machine has"}
}

// side encodes the sequences of a flat vector, or finds them encoded.
func (e *engine) side(v *batch.Vector) *side {
	for i, s := range e.sides {
		if s.from == v {
			copy(e.sides[1:i+1], e.sides[:i])
			e.sides[0] = s
			return s
		}
	}
	s := &side{from: v, codes: make([][]byte, v.N)}
	total := 0
	for i := range v.N {
		total += len(v.Bytes(i))
	}
	buf := make([]byte, 0, total)
	for i := range v.N {
		start := len(buf)
		out, err := e.scheme.Matrix.EncodeSeq(buf, v.Bytes(i))
		if err != nil {
			if s.bad == nil {
				s.bad = map[int]error{}
			}
			s.bad[i] = err
			continue
		}
		buf = out
		s.codes[i] = buf[start:len(buf):len(buf)]
		s.longest = max(s.longest, len(s.codes[i]))
	}
	if len(e.sides) == maxSides {
		e.sides = e.sides[:maxSides-1]
	}
	e.sides = append([]*side{s}, e.sides...)
	return s
}

// check says why a pair cannot be aligned: a letter that the matrix does not know, or lengths whose score could overflow.
func (e *engine) check(queries, targets *side, p pair) error {
	if queries.bad == nil && targets.bad == nil && e.scheme.CheckLengths(queries.longest, targets.longest) == nil {
		return nil
	}
	if err := queries.bad[int(p.query)]; err != nil {
		return err
	}
	if err := targets.bad[int(p.target)]; err != nil {
		return err
	}
	return e.scheme.CheckLengths(len(queries.codes[p.query]), len(targets.codes[p.target]))
}

// pair is the positions of a pair's sequences in their sides.
type pair struct{ query, target uint32 }

// score sets out[i] to the integer score of pairs[i], or to kernel.Below where it is known to stay under the scorer's minimum. The pairs may come
// in any order; they are grouped by query, so that many queries meet a block of targets.
func (e *engine) score(queries, targets *side, pairs []pair, out []int32) error {
	if targets.block == nil {
		targets.block = kernel.NewBlock(e.scheme, targets.codes)
	}
	// Group by query, by counting.
	count := make([]uint32, len(queries.codes)+1)
	for _, p := range pairs {
		count[p.query+1]++
	}
	var used []uint32
	for q := range queries.codes {
		if count[q+1] > 0 {
			used = append(used, uint32(q))
		}
		count[q+1] += count[q]
	}
	byQuery := make([]uint32, len(pairs))
	next := append([]uint32(nil), count...)
	for i, p := range pairs {
		byQuery[next[p.query]] = uint32(i)
		next[p.query]++
	}

	for len(used) > 0 {
		if err := e.ctx.Context().Err(); err != nil {
			return err
		}
		var qs [][]byte
		var want []kernel.Set
		var cells int64
		n := 0
		for n < len(used) && n < maxQueries && (n == 0 || cells < e.budget) {
			q := used[n]
			set := kernel.NewSet(len(targets.codes))
			for _, i := range byQuery[count[q]:count[q+1]] {
				t := pairs[i].target
				set.Add(int(t))
				cells += int64(len(queries.codes[q])) * int64(len(targets.codes[t]))
			}
			qs, want = append(qs, queries.codes[q]), append(want, set)
			if n == len(e.scores) {
				e.scores = append(e.scores, nil)
			}
			if len(e.scores[n]) < len(targets.codes) {
				e.scores[n] = make([]int32, len(targets.codes))
			}
			n++
		}
		start := time.Now()
		e.scorer.ScoreAll(qs, targets.block, want, e.scores[:n])
		if err := e.ctx.Context().Err(); err != nil {
			return err
		}
		e.adapt(cells, time.Since(start))
		pairsDone := 0
		for k, q := range used[:n] {
			rows := byQuery[count[q]:count[q+1]]
			pairsDone += len(rows)
			for _, i := range rows {
				out[i] = e.scores[k][pairs[i].target]
			}
		}
		e.ctx.Count("pairs", int64(pairsDone))
		e.ctx.Count("cells", e.scorer.Cells()-e.cells)
		e.cells = e.scorer.Cells()
		used = used[n:]
	}
	return nil
}

// untraced says why a path could not be found: the run is being stopped, or the pair is too long.
func (e *engine) untraced(err error) error {
	if e.ctx.Context().Err() != nil {
		return err
	}
	return &op.Error{Code: "W6304", Message: "a pair is too long to be aligned", Err: err}
}

// adapt moves the size of a call towards callTime, by at most a factor of four at once.
func (e *engine) adapt(cells int64, took time.Duration) {
	if took <= 0 || cells < e.budget/2 {
		return
	}
	goal := float64(cells) * float64(callTime) / float64(took)
	goal = min(max(goal, float64(e.budget)/4), float64(e.budget)*4)
	e.budget = int64(min(max(goal, 1<<20), 1<<36))
}
