package storagetest

import (
	"bytes"
	"fmt"

	"weir/runtime/op"
)

// history goes through random lives of a file: written, prepared, killed, resumed, aborted, committed, and compares with what a model says. The seed
// is in the test's name.
func history(w *world) {
	steps := w.fixture.Steps
	if steps == 0 {
		steps = 20
	}
	for seed := range steps {
		life(w, seed)
	}
}

// life is one history. The model: what is visible, what is written, and what the last token stands for.
func life(w *world, seed int) {
	name := fmt.Sprintf("life%d", seed)
	var visible, written, kept, token []byte
	var f op.StagedFile
	exists := false
	for step := range 4 + w.rand.IntN(12) {
		if f == nil {
			if token != nil && w.rand.IntN(4) > 0 {
				g, err := w.Resume(ctx, token)
				w.must(err)
				f, written = g, bytes.Clone(kept)
			} else {
				if token != nil {
					w.must(w.Abort(ctx, token))
				}
				f, written, token, kept = w.create(name, nil, op.CreateOptions{}), nil, nil, nil
			}
		}
		switch w.rand.IntN(8) {
		case 0, 1, 2:
			piece := w.data(w.rand.IntN(1 + w.fixture.Large>>w.rand.IntN(6)))
			w.write(f, piece)
			written = append(written, piece...)
		case 3, 4:
			token, kept = w.prepare(f), bytes.Clone(written)
		case 5:
			if token == nil { // nobody would know of the file any more
				w.must(f.Abort())
			} else {
				w.crash(f)
			}
			f = nil
		case 6:
			w.must(f.Abort())
			f, token, kept = nil, nil, nil
		case 7:
			token = w.prepare(f)
			w.must(f.Close())
			if w.rand.IntN(2) == 0 {
				w.restart()
			}
			for range 1 + w.rand.IntN(2) {
				w.must(w.Commit(ctx, token))
			}
			visible, exists = bytes.Clone(written), true
			f, token, kept = nil, nil, nil
		}
		if exists {
			w.has(name, visible)
		} else if _, err := w.List(ctx, w.dir+name); err == nil {
			w.Fatalf("life %d, step %d: visible too early", seed, step)
		}
	}
	if f != nil {
		w.must(f.Abort())
	}
	if token != nil {
		w.must(w.Abort(ctx, token))
	}
	if exists {
		w.has(name, visible)
		w.must(w.Remove(ctx, w.dir+name))
	}
	w.visible()
	w.sweep()
}
