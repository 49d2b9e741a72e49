package storagetest

import (
	"bytes"
	"errors"
	"io/fs"

	"weir/runtime/op"
)

// zombie: a writer that was thought dead goes on while its successor, which has taken the file up again, writes; in each order of who does what first. The file is the
// successor's, or there is an error, and then nothing or what was there before: never a mixture.
func zombie(w *world) {
	for _, last := range []bool{false, true} { // who sends its last bytes last
		for _, old := range [][]byte{nil, []byte("what was there before")} {
			name := "file"
			if old != nil {
				w.put(name, old)
			}
			kept, mine, theirs := w.data(w.fixture.Large/3), w.data(w.fixture.Large), w.data(w.fixture.Large)
			dead := w.create(name, kept, op.CreateOptions{})
			token := w.prepare(dead)
			w.write(dead, theirs[:len(theirs)/3])
			w.restart()
			f, err := w.Resume(ctx, token)
			if err != nil { // it has been found out
				w.fails(err, w.dir+name, nil)
				w.must(dead.Close())
				f, err = w.Resume(ctx, token)
				w.must(err)
			}
			goOn := func() { // whatever becomes of it
				_, err := dead.Write(theirs[len(theirs)/3:])
				if err == nil {
					_, err = dead.Prepare()
				}
				if err != nil {
					w.Logf("the writer that was thought dead: %v", err)
				}
			}
			w.write(f, mine[:len(mine)/2])
			if !last {
				goOn()
			}
			_, err = f.Write(mine[len(mine)/2:])
			if err == nil {
				token, err = f.Prepare()
				token = bytes.Clone(token)
			}
			if last {
				goOn()
			}
			_ = dead.Close() // it ends at last
			if err == nil {
				w.must(f.Close())
				err = w.Commit(ctx, token)
			}
			if err == nil {
				w.has(name, append(bytes.Clone(kept), mine...))
				w.visible(name)
			} else {
				w.fails(err, w.dir+name, nil)
				if old != nil {
					w.has(name, old)
				} else if files, err := w.List(ctx, w.dir+name); !errors.Is(err, fs.ErrNotExist) {
					w.Fatalf("there is %v, %v", files, err)
				}
				w.must(w.Abort(ctx, token))
			}
			w.sweep()
			w.must(w.Remove(ctx, w.dir+name))
		}
	}
}
