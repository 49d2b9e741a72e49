package keyed

import (
	"weir/runtime/op"
)

// Snapshot writes the groups as they are now. Files are handed over at once; what is in memory is frozen, and written shard by shard in the background,
// while rows go into new parts.
func (s *State) Snapshot(w op.SnapshotWriter) error {
	if err := s.restoreWhole(); err != nil {
		return err
	}
	for _, win := range s.Windows() {
		t := s.stores[win]
		for _, r := range t.runs {
			if err := w.File(r.name, r.file.Path()); err != nil {
				return err
			}
		}
		for _, sh := range t.shards {
			if sh.part == nil || sh.part.len() == 0 {
				continue
			}
			f := &frozen{window: t.window, part: sh.part}
			s.held -= sh.part.held
			sh.frozen, sh.part = f, nil
			s.frozen = append(s.frozen, f)
		}
	}
	if len(s.frozen) == 0 {
		return nil
	}
	list := append([]*frozen(nil), s.frozen...)
	spec := s.spec
	w.Later(func() (err error) {
		for _, f := range list {
			if err == nil {
				err = f.write(&spec, w)
			}
			f.done.Store(true)
		}
		return err
	})
	return nil
}

// restoreWhole puts together what an earlier snapshot has frozen, even if it is still being written.
func (s *State) restoreWhole() error {
	s.frozen = nil
	for _, t := range s.stores {
		if err := t.whole(s); err != nil {
			return err
		}
	}
	return nil
}

// thawSome puts one shard together again of which a snapshot has been written: not all at once, so that no row waits for long.
func (s *State) thawSome() error {
	for len(s.frozen) > 0 && s.frozen[0].done.Load() {
		f := s.frozen[0]
		s.frozen = s.frozen[1:]
		t := s.stores[f.window]
		if t == nil {
			continue
		}
		for _, sh := range t.shards {
			if sh.frozen == f {
				return sh.thaw(s)
			}
		}
	}
	return nil
}

// write writes the groups of a frozen part by key group.
func (f *frozen) write(s *Spec, w op.SnapshotWriter) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	byGroup := map[int][]uint32{}
	for g := range uint32(f.part.len()) {
		k := s.group(Hash(f.part.key(g)))
		byGroup[k] = append(byGroup[k], g)
	}
	for k := s.First; k < s.Last; k++ {
		groups := byGroup[k]
		if len(groups) == 0 {
			continue
		}
		x := entryWriter{size: 256 << 10, flush: frames(func(frame []byte) error { return w.KeyGroup(k, frame) })}
		for _, g := range groups {
			if err := x.group(f.window, f.part, g); err != nil {
				return err
			}
		}
		if err := x.done(); err != nil {
			return err
		}
	}
	return nil
}

// Restore takes in what snapshots have written, of this instance or of several.
func (s *State) Restore(r op.SnapshotReader) error {
	l := loader{spec: &s.spec, oneWindow: true, take: func(windows []Window, group int, in *part) error { return s.take(windows[0], group, in) }}
	if err := l.restore(r); err != nil {
		return err
	}
	runs, err := s.files.restore(r)
	for _, x := range runs {
		t := s.store(x.window)
		t.runs = append(t.runs, x)
	}
	return err
}

// take lets the shard of a key group absorb the groups of a part.
func (s *State) take(w Window, group int, in *part) error {
	sh := s.store(w).shards[s.shardOf[group]]
	if err := sh.open(s); err != nil {
		return err
	}
	if err := sh.part.absorb(in); err != nil {
		return err
	}
	s.held += sh.part.measure()
	return s.fit()
}

// loader reads the groups that snapshots have written.
type loader struct {
	spec      *Spec
	oneWindow bool
	// take gets groups of one key group, and of one window where oneWindow says so.
	take func(windows []Window, group int, in *part) error

	in      pile
	windows []Window
	group   int
}

func (l *loader) restore(r op.SnapshotReader) (err error) {
	if l.in, err = newPile(l.spec); err != nil {
		return err
	}
	for g, state := range r.KeyGroups() {
		if g < l.spec.First || g >= l.spec.Last {
			return errState
		}
		if g != l.group { // no group goes on in another key group
			if err := l.flush(); err != nil {
				return err
			}
			l.group = g
		}
		for len(state) > 0 {
			e, rest, err := readEntries(state)
			if err != nil {
				return err
			}
			state = rest
			if err := l.read(e); err != nil {
				return err
			}
		}
	}
	return l.flush()
}

func (l *loader) read(e entries) error {
	for i := range e.N {
		if e.part(i) != 0 {
			if err := l.in.piece(e.part(i), e.state(i)); err != nil {
				return err
			}
			continue
		}
		n := len(l.windows)
		if n >= blockRows || n > 0 && l.oneWindow && e.window(i) != l.windows[n-1] {
			if err := l.flush(); err != nil {
				return err
			}
		}
		if l.spec.group(Hash(e.key(i))) != l.group {
			return errState
		}
		l.windows = append(l.windows, e.window(i))
		if err := l.in.load(e, i, nil); err != nil {
			return err
		}
	}
	return nil
}

func (l *loader) flush() (err error) {
	if len(l.windows) == 0 {
		return nil
	}
	if err := l.take(l.windows, l.group, l.in.part); err != nil {
		return err
	}
	l.windows = l.windows[:0]
	l.in, err = newPile(l.spec)
	return err
}
