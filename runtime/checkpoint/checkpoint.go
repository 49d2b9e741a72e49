// Package checkpoint keeps the state of a run in a folder, of this machine or of any other storage, so that the run can be taken up again.
//
// # Layout
//
// A checkpoint is one file, `checkpoint-<id>`: frames of state, the manifest, and a footer that says where the manifest is. It appears under its
// name when it is complete, by the storage's commit. What does not change any more (runs of sorted rows, staged blocks) is in files of its own
// under `files/`, which several checkpoints share. The newest checkpoints are kept; older ones, and files that only they have, are removed.
//
// Every frame, the manifest and every shared file has a CRC32C. A checkpoint is read whole before it is used: one that is
// damaged in any byte, or cut short, is passed over for the one before.
package checkpoint

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"time"

	"weir/runtime/op"
)

// Version of the format.
const Version = 1

// Codes of what goes wrong here; lang/diag explains them.
const (
	codeDamaged = "W6007" // no checkpoint can be used
)

// Kept is how many checkpoints stay.
const Kept = 2

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Store is a folder of checkpoints of one run.
type Store struct {
	storage op.Storage
	dir     string // ends in a slash
	// Skipped says of checkpoints that Open has passed over why.
	Skipped []error

	shared map[string]SharedFile // by name: those that kept checkpoints have
	kept   []kept                // oldest first
}

type kept struct {
	id    uint64
	files []SharedFile
}

// SharedFile is a file under `files/`.
type SharedFile struct {
	Name string `json:"name"` // within the folder of files
	Size int64  `json:"size"`
	CRC  uint32 `json:"crc32c"`
}

// Manifest says what a checkpoint has.
type Manifest struct {
	Version  int             `json:"version"`
	ID       uint64          `json:"id"` // grows within a run, over restarts
	Run      string          `json:"run"`
	Time     time.Time       `json:"time"`
	PlanHash string          `json:"plan_hash"`
	Plan     json.RawMessage `json:"plan"` // physical.Plan
	// KeyGroups is fixed at a job's first start.
	KeyGroups int `json:"key_groups"`
	// Finished: the run has ended, and all that it wrote has been, or is to be, committed.
	Finished  bool            `json:"finished,omitempty"`
	Savepoint bool            `json:"savepoint,omitempty"`
	Stages    []Stage         `json:"stages"`
	Sources   []Source        `json:"sources,omitempty"`
	Staged    []Staged        `json:"staged,omitempty"`
	Meta      json.RawMessage `json:"meta,omitempty"` // of the staging area
	Rejected  int64           `json:"rejected,omitempty"`
	Counters  json.RawMessage `json:"counters,omitempty"`
	Owners    []Owner         `json:"owners,omitempty"`
	Frames    []Frame         `json:"frames,omitempty"`
	Files     []StateFile     `json:"files,omitempty"`
}

// Stage is a stage of the plan at the checkpoint.
type Stage struct {
	ID          int  `json:"id"`
	Parallelism int  `json:"parallelism"`
	Finished    bool `json:"finished,omitempty"` // all its tasks had drained
}

// Source is how far the splits of a stage's sources have been read. Splits are numbered from 0 in the order in which the sources gave them.
type Source struct {
	Stage int    `json:"stage"`
	Given uint64 `json:"given"` // splits that the sources have given
	// Hash is over the Data of these splits, so that changed input is found out.
	Hash uint32 `json:"hash"`
	// All: the sources have no more.
	All bool `json:"all,omitempty"`
	// Done splits are those before Oldest and those in Ahead.
	Oldest uint64   `json:"oldest"`
	Ahead  []uint64 `json:"ahead,omitempty"`
	// Rest has what is left of splits that have been read in part, and, of sources whose splits have marks, of all that are not done.
	Rest map[uint64]Split `json:"rest,omitempty"`
	// Marks are those of all splits given, by the source's index in the stage.
	Marks map[int][]json.RawMessage `json:"marks,omitempty"`
}

// Split is a split of the source Ops[Op].
type Split struct {
	Op    int      `json:"op"`
	Split op.Split `json:"split"`
}

// Staged is a block of the staging area.
type Staged struct {
	Key  string `json:"key"`
	File string `json:"file"`
}

// Owner is an instance of an operator, or of what stands before a task in the plan's name.
type Owner struct {
	Stage int    `json:"stage"`
	Op    int    `json:"op"`   // index in the stage; -1 for the rows that wait to be put in order
	Node  int    `json:"node"` // ID
	Part  string `json:"part,omitempty"`
	Port  int    `json:"port,omitempty"`
	Task  int    `json:"task"`
}

// Frame is a piece of an owner's state. Group is -1 for an item.
type Frame struct {
	Owner int    `json:"o"`
	Group int    `json:"g"`
	Off   int64  `json:"at"`
	Len   int    `json:"n"`
	CRC   uint32 `json:"c"`
}

// StateFile is a shared file that belongs to an owner's state, under the name that the owner gave it.
type StateFile struct {
	Owner int    `json:"o"`
	Name  string `json:"name"`
	File  string `json:"file"`
}

// Open finds the checkpoints of a folder. The newest one that is whole comes back with the store; nil where the folder has none.
// Where all there are is damaged the error says so.
func Open(ctx context.Context, storage op.Storage, dir string) (*Store, *Checkpoint, error) {
	if !strings.HasSuffix(dir, "/") {
		dir += "/"
	}
	s := &Store{storage: storage, dir: dir, shared: map[string]SharedFile{}}
	ids, err := s.list(ctx)
	if err != nil {
		return nil, nil, err
	}
	var newest *Checkpoint
	for i := len(ids) - 1; i >= 0; i-- {
		c, err := s.read(ctx, ids[i])
		if err != nil {
			if ctx.Err() != nil {
				return nil, nil, err
			}
			s.Skipped = append(s.Skipped, err)
			continue
		}
		if newest == nil {
			newest = c
		} else {
			_ = c.file.Close() // read only
		}
		k := kept{id: ids[i]}
		for _, f := range c.shared {
			s.shared[f.Name] = f
			k.files = append(k.files, f)
		}
		s.kept = append([]kept{k}, s.kept...)
	}
	if newest == nil && len(ids) > 0 {
		return nil, nil, &op.Error{Code: codeDamaged, File: dir, Message: fmt.Sprintf("none of the %d checkpoints can be used", len(ids)),
			Err: errors.Join(s.Skipped...), Hint: "start the run anew with another folder, or remove this one"}
	}
	return s, newest, nil
}

// list gives the ids of the checkpoints, ascending.
func (s *Store) list(ctx context.Context) ([]uint64, error) {
	files, err := s.storage.List(ctx, s.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var ids []uint64
	for _, f := range files { // sorted by name, and ids have a fixed width
		if n, is := strings.CutPrefix(path.Base(f.Path), "checkpoint-"); is {
			if id, err := strconv.ParseUint(n, 10, 64); err == nil {
				ids = append(ids, id)
			}
		}
	}
	return ids, nil
}

// Dir is the folder.
func (s *Store) Dir() string { return s.dir }

func (s *Store) name(id uint64) string { return fmt.Sprintf("%scheckpoint-%010d", s.dir, id) }

// fileOf gives the path of a shared file.
func (s *Store) fileOf(name string) string { return s.dir + "files/" + name }

// retire removes the checkpoints before the newest ones, and the shared files that none of these has. What cannot be removed is left.
func (s *Store) retire(ctx context.Context) {
	for len(s.kept) > Kept {
		old := s.kept[0]
		s.kept = s.kept[1:]
		if s.storage.Remove(ctx, s.name(old.id)) != nil {
			continue
		}
		used := map[string]bool{}
		for _, k := range s.kept {
			for _, f := range k.files {
				used[f.Name] = true
			}
		}
		for _, f := range old.files {
			if !used[f.Name] && s.storage.Remove(ctx, s.fileOf(f.Name)) == nil {
				delete(s.shared, f.Name)
			}
		}
	}
}

// Clear removes all checkpoints: of a run that is not to be resumed.
func (s *Store) Clear(ctx context.Context) error {
	var errs []error
	for _, k := range s.kept {
		errs = append(errs, s.storage.Remove(ctx, s.name(k.id)))
		for _, f := range k.files {
			errs = append(errs, s.storage.Remove(ctx, s.fileOf(f.Name)))
		}
	}
	s.kept, s.shared = nil, map[string]SharedFile{}
	return errors.Join(errs...)
}
