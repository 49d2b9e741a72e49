package worker

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"weir/runtime/flink/protocol"
	"weir/runtime/op"
	"weir/runtime/stage"
	"weir/runtime/staging"
)

// What a piece or an item of state is of: its first byte. Operators are numbered by their places in the stage, which are the same as long as the plan is.
const (
	ofOperator byte = iota // uvarint operator, state
	ofGather               // state
	ofSplit                // JSON: a split that is to be read
	ofDrained              // the task has drained; in every key group of the task, since items may come to another one
	ofFiles                // the path of a list of files (filesOf), in every key group of the task
	ofEnded                // uvarint input: all its senders have ended; in every key group of the task
)

// state is what a task is restored from, and what it keeps of its files.
type state struct {
	groups     map[int][]groupPiece // by operator
	items      map[int][][]byte
	gather     [][]byte
	splits     []assignment
	lists      map[string]bool // paths of lists of files
	ended      map[int]bool
	drains     map[int]bool // key groups whose task had drained
	wasDrained bool

	files map[int][]localFile // by operator
	dir   string              // of local copies
	kept  map[fileName]stored // what lies in the store
	made  int
	token string // of this process, for the names of what it writes: two jobs may go on from one savepoint
}

type groupPiece struct {
	group int
	piece []byte
}

// localFile is a copy of a file of the snapshot. Several tasks may have had files of one name.
type localFile struct{ name, path string }

type fileName struct {
	op   int
	name string
}

// stored is a file in the store.
type stored struct {
	Op   int    `json:"op"`
	Name string `json:"name"`
	Path string `json:"path"`
	Size int64  `json:"size"`
}

func newState() state {
	return state{groups: map[int][]groupPiece{}, items: map[int][][]byte{}, lists: map[string]bool{}, ended: map[int]bool{}, drains: map[int]bool{}, files: map[int][]localFile{},
		kept: map[fileName]stored{}, token: rand.Text()}
}

var errState = errors.New("damaged state")

// gatherOp is the operator number of the gather.
const gatherOp = -1

// addGroup takes a piece of a key group's state.
func (s *state) addGroup(group int, piece []byte) error {
	if len(piece) == 0 {
		return errState
	}
	switch kind, rest := piece[0], piece[1:]; kind {
	case ofOperator:
		i, n := binary.Uvarint(rest)
		if n <= 0 || i > 1<<16 {
			return errState
		}
		s.groups[int(i)] = append(s.groups[int(i)], groupPiece{group, rest[n:]})
	case ofFiles:
		s.lists[string(rest)] = true
	case ofDrained:
		s.drains[group] = true
	case ofEnded:
		i, n := binary.Uvarint(rest)
		if n <= 0 || i > 1<<16 {
			return errState
		}
		s.ended[int(i)] = true
	default:
		return errState
	}
	return nil
}

// addItem takes an item of state.
func (s *state) addItem(item []byte) error {
	if len(item) == 0 {
		return errState
	}
	switch kind, rest := item[0], item[1:]; kind {
	case ofOperator:
		i, n := binary.Uvarint(rest)
		if n <= 0 || i > 1<<16 {
			return errState
		}
		s.items[int(i)] = append(s.items[int(i)], rest[n:])
	case ofGather:
		s.gather = append(s.gather, rest)
	case ofSplit:
		var x split
		if err := json.Unmarshal(rest, &x); err != nil {
			return fmt.Errorf("%w: %w", errState, err)
		}
		s.splits = append(s.splits, assignment{x.Seq, x.Assignment})
	default:
		return errState
	}
	return nil
}

// split is an assignment as state.
type split struct {
	Seq uint64 `json:"seq"`
	stage.Assignment
}

// restore gives the operators their state back.
func (t *task) restore() error {
	s := &t.state
	t.splits = s.splits
	slices.SortFunc(t.splits, func(a, b assignment) int { return int(min(max(int64(a.seq)-int64(b.seq), -1), 1)) })
	// Where only some of the groups had drained, these are empty, and the task drains for the others.
	first, last := stage.KeyGroupsOf(t.j.Task, t.j.Tasks, t.j.KeyGroups)
	s.wasDrained = len(s.drains) > 0 && len(s.drains) == last-first
	for i := range s.ended {
		if i >= len(t.senders) {
			return errState
		}
		t.senders[i].all = true
		if err := t.st.InputEnded(i, 0); err != nil {
			return err
		}
	}
	if err := t.fetchFiles(); err != nil {
		return err
	}
	if err := t.st.Restore(func(i int) op.SnapshotReader { return s.reader(i) }); err != nil {
		return err
	}
	if r := s.reader(gatherOp); r != nil {
		if err := t.gather.Restore(r, nil); err != nil {
			return err
		}
	}
	s.groups, s.items, s.gather, s.splits = nil, nil, nil, nil
	if t.j.Restored > 0 {
		return t.st.Commit(t.j.Restored)
	}
	return nil
}

// reader gives the state of an operator; nil where it has none.
func (s *state) reader(i int) op.SnapshotReader {
	items := s.items[i]
	if i == gatherOp {
		items = s.gather
	}
	if len(s.groups[i]) == 0 && len(items) == 0 && len(s.files[i]) == 0 {
		return nil
	}
	return stateReader{s.groups[i], items, s.files[i]}
}

type stateReader struct {
	groups []groupPiece
	items  [][]byte
	files  []localFile
}

func (r stateReader) KeyGroups() iter.Seq2[int, []byte] {
	return func(yield func(int, []byte) bool) {
		for _, g := range r.groups {
			if !yield(g.group, g.piece) {
				return
			}
		}
	}
}

func (r stateReader) Items() iter.Seq[[]byte] { return slices.Values(r.items) }

func (r stateReader) Files() iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for _, f := range r.files {
			if !yield(f.name, f.path) {
				return
			}
		}
	}
}

func (r stateReader) Err() error { return nil }

// snapshot writes the state as of a barrier.
func (t *task) snapshot(id uint64) error {
	if t.reading != nil && t.rest == nil {
		return errors.New("a barrier came where the source did not say what is left of its split")
	}
	p := &pieces{t: t, groups: map[int][][]byte{}}
	if !t.drained || t.st.HasSink() { // what has drained has nothing else
		if err := t.st.Snapshot(id, func(i int) op.SnapshotWriter { return pieceWriter{p, i} }); err != nil {
			return err
		}
		if t.gather != nil && !t.drained {
			if err := t.gather.Snapshot(pieceWriter{p, gatherOp}); err != nil {
				return err
			}
		}
		for len(p.later) > 0 {
			f := p.later[0]
			p.later = p.later[1:]
			if err := f(); err != nil {
				return err
			}
		}
	}
	if err := t.ownState(p); err != nil {
		return err
	}
	for _, g := range slices.Sorted(maps.Keys(p.groups)) {
		for _, piece := range p.groups[g] {
			if err := t.w.Write(protocol.Group, protocol.Uint32(uint32(g)), piece); err != nil {
				return err
			}
		}
	}
	for _, item := range p.items {
		if err := t.w.Write(protocol.Item, item); err != nil {
			return err
		}
	}
	return errors.Join(t.w.Write(protocol.Snapshot, protocol.Uint64(id)), t.w.Flush())
}

// ownState adds what is the task's and no operator's.
func (t *task) ownState(p *pieces) error {
	left := slices.Clone(t.splits)
	if t.reading != nil {
		rest, err := t.rest()
		if err != nil {
			return err
		}
		a := *t.reading
		a.Split = rest
		left = append(left, a)
	}
	for _, a := range left {
		data, err := json.Marshal(split{a.seq, a.Assignment})
		if err != nil {
			return err
		}
		p.items = append(p.items, append([]byte{ofSplit}, data...))
	}
	var everywhere [][]byte
	if t.drained || t.state.wasDrained {
		everywhere = append(everywhere, []byte{ofDrained})
	}
	if !t.over { // else Flink says again that all has ended
		for i, s := range t.senders {
			if s.all || s.n > 0 && s.ended >= s.n {
				everywhere = append(everywhere, binary.AppendUvarint([]byte{ofEnded}, uint64(i)))
			}
		}
	}
	if len(p.files) > 0 {
		path, err := t.writeList(p.files)
		if err != nil {
			return err
		}
		everywhere = append(everywhere, append([]byte{ofFiles}, path...))
	}
	if len(everywhere) > 0 {
		first, last := stage.KeyGroupsOf(t.j.Task, t.j.Tasks, t.j.KeyGroups)
		for g := first; g < last; g++ {
			p.groups[g] = append(p.groups[g], everywhere...)
		}
	}
	return nil
}

// pieces is a snapshot that is being taken.
type pieces struct {
	t      *task
	groups map[int][][]byte
	items  [][]byte
	files  []stored
	later  []func() error
}

// pieceWriter is the op.SnapshotWriter of one operator.
type pieceWriter struct {
	p  *pieces
	op int
}

func (w pieceWriter) head() []byte {
	if w.op == gatherOp {
		return []byte{ofGather}
	}
	return binary.AppendUvarint([]byte{ofOperator}, uint64(w.op))
}

func (w pieceWriter) KeyGroup(group int, piece []byte) error {
	if w.op == gatherOp || group < 0 || group >= w.p.t.j.KeyGroups {
		return fmt.Errorf("%w: key group %d", errState, group)
	}
	w.p.groups[group] = append(w.p.groups[group], append(w.head(), piece...))
	return nil
}

func (w pieceWriter) Item(item []byte) error {
	w.p.items = append(w.p.items, append(w.head(), item...))
	return nil
}

func (w pieceWriter) Later(f func() error) {
	w.p.later = append(w.p.later, f)
}

// File puts a file into the store, once.
func (w pieceWriter) File(name, path string) error {
	t := w.p.t
	key := fileName{w.op, name}
	x, is := t.state.kept[key]
	if !is {
		t.state.made++
		x = stored{Op: w.op, Name: name, Path: fmt.Sprintf("%s/state/%d-%d-%s-%d", t.j.Work, t.j.Stage, t.j.Task, t.state.token, t.state.made)}
		var err error
		if x.Size, err = upload(t.ctx, t.j.storage, path, x.Path); err != nil {
			return err
		}
		t.state.kept[key] = x
	}
	w.p.files = append(w.p.files, x)
	return nil
}

// upload copies a local file into the store.
func upload(ctx context.Context, s op.Storage, from, to string) (size int64, err error) {
	in, err := os.Open(from)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	f, err := s.Create(ctx, to, op.CreateOptions{})
	if err != nil {
		return 0, err
	}
	size, err = io.Copy(f, in)
	var token []byte
	if err == nil {
		token, err = f.Prepare()
	}
	if err != nil {
		return 0, errors.Join(err, f.Abort())
	}
	return size, errors.Join(f.Close(), s.Commit(ctx, token))
}

// writeList writes which files a snapshot has.
func (t *task) writeList(files []stored) (path string, err error) {
	t.state.made++
	path = fmt.Sprintf("%s/state/%d-%d-%s-%d.json", t.j.Work, t.j.Stage, t.j.Task, t.state.token, t.state.made)
	data, err := json.Marshal(files)
	if err != nil {
		return "", err
	}
	return path, staging.WriteFile(t.ctx, t.j.storage, path, data)
}

// maxList bounds a list of files, in bytes.
const maxList = 64 << 20

// fetchFiles brings the files of the snapshot here.
func (t *task) fetchFiles() error {
	s := &t.state
	if len(s.lists) == 0 {
		return nil
	}
	var err error
	if s.dir, err = os.MkdirTemp(t.j.Temp, "weir-state-*"); err != nil {
		return err
	}
	n := 0
	for _, path := range slices.Sorted(maps.Keys(s.lists)) {
		data, err := staging.ReadFile(t.ctx, t.j.storage, path, maxList)
		if err != nil {
			return err
		}
		var files []stored
		if err := json.NewDecoder(bytes.NewReader(data)).Decode(&files); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		for _, x := range files {
			n++
			local := filepath.Join(s.dir, fmt.Sprint(n))
			if err := download(t.ctx, t.j.storage, x, local); err != nil {
				return err
			}
			s.files[x.Op] = append(s.files[x.Op], localFile{x.Name, local})
			if t.j.Tasks == 1 { // the only owner: the file need not be written again
				s.kept[fileName{x.Op, x.Name}] = x
			}
		}
	}
	return nil
}

func download(ctx context.Context, s op.Storage, x stored, to string) (err error) {
	in, err := s.Open(ctx, x.Path, "")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	n, err := io.Copy(out, in)
	if err == nil && n != x.Size {
		err = fmt.Errorf("%s has %d bytes, not %d", x.Path, n, x.Size)
	}
	return errors.Join(err, out.Close())
}

func (s *state) close() error {
	if s.dir == "" {
		return nil
	}
	return os.RemoveAll(s.dir)
}
