package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"weir/planner/physical"
	"weir/runtime/checkpoint"
	"weir/runtime/local"
	"weir/runtime/storage"
)

// checkpointFlags say whether the state of a run is kept.
type checkpointFlags struct {
	Checkpoint string        `default:"auto" placeholder:"DIR" help:"Folder for checkpoints, of this machine or of a storage. auto: a run that takes longer than a minute keeps them in .weir/ beside the pipeline; off: never."`
	Every      time.Duration `default:"10s" placeholder:"TIME" help:"Time between two checkpoints."`
	Resume     bool          `help:"Go on from the last checkpoint. Without one the run begins; after a run that has finished nothing is done."`
	AllowLost  bool          `name:"allow-lost-state" help:"Resume although operators lose their state, since the pipeline was changed."`
}

// automaticAfter is how long a run goes on without checkpoints where nobody has asked for them.
const automaticAfter = time.Minute

// keeping is what a run does about checkpoints.
type keeping struct {
	options   *local.Checkpoints
	automatic bool
	dir       string
	done      bool // the run has finished before
}

// prepare opens the checkpoints of a run.
func (f *checkpointFlags) prepare(e *env, p *pipeline, plan *physical.Plan) (*keeping, error) {
	if f.Every < 0 || f.Every > 0 && f.Every < time.Millisecond {
		return nil, errors.New("--every is a time between checkpoints, such as 10s")
	}
	k := &keeping{dir: f.Checkpoint}
	switch f.Checkpoint {
	case "off":
		if f.Resume {
			return nil, errors.New("--resume needs checkpoints: leave out --checkpoint off")
		}
		return k, nil
	case "auto":
		k.automatic, k.dir = true, automaticDir(p)
	case "":
		return nil, errors.New("--checkpoint names a folder, or is auto or off")
	}
	if !strings.HasSuffix(k.dir, "/") {
		k.dir += "/"
	}
	k.options = &local.Checkpoints{Dir: k.dir, Every: f.Every}
	if k.automatic {
		k.options.After = automaticAfter
		if !f.Resume {
			return k, nil
		}
	}
	store, from, err := checkpoint.Open(e.ctx, p.storage, k.dir)
	if err != nil {
		return nil, err
	}
	for _, skipped := range store.Skipped {
		fmt.Fprintf(e.stderr, "weir: a checkpoint cannot be used, and the one before is: %v\n", skipped)
	}
	switch {
	case from == nil:
		if !k.automatic {
			k.options.Store = store
		}
		return k, nil
	case !f.Resume:
		_ = from.Close() // read only
		return nil, fmt.Errorf("%s has checkpoints of an earlier run: go on from them with --resume, or name another folder", k.dir)
	}
	k.options.Store, k.options.From, k.options.After = store, from, 0
	if k.options.Match, err = from.MatchPlan(plan); err != nil {
		return nil, err
	}
	if from.Finished && !k.options.Match.Lost() {
		// What the last checkpoint has is committed once more, in case the process was killed while it did so.
		k.done = true
	}
	fmt.Fprintf(e.stderr, "weir: resuming from checkpoint %d of %s\n", from.ID, from.Time.Local().Format(time.DateTime))
	for _, s := range k.options.Match.States {
		if s.Class != checkpoint.Same {
			fmt.Fprintf(e.stderr, "      state of %s: %s, %s\n", s.Node, s.Class, s.Why)
		}
	}
	if k.options.Match.Lost() && !f.AllowLost {
		_ = from.Close() // read only
		return nil, errors.New("operators would lose their state: see above; to resume all the same add --allow-lost-state, to begin anew name another folder")
	}
	return k, nil
}

// automaticDir is the folder of a pipeline run with these parameters.
func automaticDir(p *pipeline) string {
	h := sha256.New()
	abs, err := filepath.Abs(p.file)
	if err != nil {
		abs = p.file
	}
	fmt.Fprintln(h, abs)
	for _, x := range p.result.Plan.Params {
		fmt.Fprintln(h, x.Name, x.Value)
	}
	name := strings.TrimSuffix(filepath.Base(p.file), ".flow")
	return filepath.Join(p.project.Dir, ".weir", name+"-"+hex.EncodeToString(h.Sum(nil))[:12])
}

// event tells the user what happens to checkpoints.
func (k *keeping) event(e *env, quiet bool) func(local.Event) {
	return func(x local.Event) {
		switch {
		case x.Kind == local.CheckpointsBegin && !quiet:
			fmt.Fprintf(e.stderr, "weir: the run takes longer than a minute: its state is kept in %s; after a failure go on with\n      %s\n", x.Dir, e.again())
		case x.Kind == local.CheckpointFailed:
			fmt.Fprintf(e.stderr, "weir: a checkpoint failed, and the next one is tried: %v\n", x.Err)
		}
	}
}

// end tidies up behind a run that has succeeded.
func (k *keeping) end() error {
	if k.options != nil && k.options.From != nil {
		_ = k.options.From.Close() // read only
	}
	if !k.automatic {
		return nil
	}
	if err := os.RemoveAll(k.dir); err != nil {
		return err
	}
	_ = os.Remove(filepath.Dir(strings.TrimSuffix(k.dir, "/"))) // .weir, where it is empty
	return nil
}

// again is the command line with --resume.
func (e *env) again() string {
	out := []string{"weir"}
	resume := false
	for _, a := range e.args {
		resume = resume || a == "--resume"
	}
	for i, a := range e.args {
		if strings.ContainsAny(a, " \t\n'\"\\$*?&|;<>()") || a == "" {
			a = "'" + strings.ReplaceAll(a, "'", `'\''`) + "'"
		}
		out = append(out, a)
		if i == 0 && !resume {
			out = append(out, "--resume")
		}
	}
	return strings.Join(out, " ")
}

// requestPoll is how often a run looks for requests.
const requestPoll = 250 * time.Millisecond

// serve answers to requests for savepoints, which lie as files in a local checkpoint folder, until stop is closed.
func (k *keeping) serve(e *env, p *pipeline, h *local.Handle, stop <-chan struct{}) {
	if k.options == nil || k.automatic || storage.SchemeOf(k.dir) != "" {
		return
	}
	tick := time.NewTicker(requestPoll)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
		}
		names, err := filepath.Glob(filepath.Join(k.dir, "savepoint-*.request"))
		if err != nil {
			continue
		}
		for _, name := range names {
			to, err := os.ReadFile(name)
			if err != nil {
				continue
			}
			answer := "done"
			if err := savepoint(e, p, h, string(to)); err != nil {
				answer = "failed: " + err.Error()
			}
			_ = os.Remove(name)
			_ = os.WriteFile(strings.TrimSuffix(name, "request")+"answer", []byte(answer), 0o600)
		}
	}
}

func savepoint(e *env, p *pipeline, h *local.Handle, dir string) error {
	store, from, err := checkpoint.Open(e.ctx, p.storage, dir)
	if err != nil {
		return err
	}
	if from != nil {
		_ = from.Close() // read only
		return fmt.Errorf("%s has checkpoints already", dir)
	}
	return h.Savepoint(e.ctx, store)
}
