package simulation

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"

	"weir/runtime/checkpoint"
	"weir/runtime/op"
	"weir/stdlib"
)

// failpoints are the calls of a run that keeps checkpoints, in the order of one: what sinks write and prepare, the checkpoint, what it lets them commit,
// and what is removed then. Those of recovery come last.
var failpoints = []string{
	"output.list", "output.create", "output.write", "output.prepare",
	"state.create", "state.write", "state.sync", "state.rename",
	"manifest.create", "manifest.write", "manifest.sync", "manifest.rename",
	"output.commit",
	"manifest.remove", "state.remove",
	"manifest.list", "manifest.open", "state.open", "output.resume", "input.list", "input.open",
}

// places are the calls of a name at which the machine is stopped: the first, the second, one in the middle, the last.
func places(n int) []int {
	if n == 0 {
		return nil
	}
	out := []int{1, 2, (n + 1) / 2, n}
	slices.Sort(out)
	return slices.DeleteFunc(slices.Compact(out), func(i int) bool { return i > n })
}

func countOf(names []string) map[string]int {
	out := map[string]int{}
	for _, n := range names {
		out[n]++
	}
	return out
}

// TestFailpoints: the machine stops before and after each call of a checkpoint, and once more before and after each call of the recovery; the output is
// that of a run without any trouble. With WEIR_SEEDS every stop is followed by every other; else some of those in the middle of a run are.
func TestFailpoints(t *testing.T) {
	cat, err := stdlib.Catalogue()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, flow := range []string{"rows", "keyed", "windows"} {
		t.Run(flow, func(t *testing.T) {
			w := &stopping{t: t, cat: cat, flow: flow, files: steadyInput()}
			w.run(seen)
		})
	}
	for _, name := range failpoints {
		if !seen[name] {
			t.Errorf("no run calls %s", name)
		}
	}
}

// steadyInput is enough for several checkpoints.
func steadyInput() map[string][]byte {
	random := rand.New(rand.NewPCG(4, 4))
	files := map[string][]byte{}
	for f := range 40 {
		var b []byte
		for n := range 10 {
			if n == 5 && f%8 == 0 {
				b = append(b, "{\"n\":\"bad\"}\n"...)
			}
			b = fmt.Appendf(b, "{\"n\":%d,\"k\":\"user%d\",\"x\":%d.25}\n", f*10+n, random.IntN(9), n)
		}
		files[fmt.Sprintf("/in/%02d.jsonl", f)] = b
	}
	return files
}

// stopping is one pipeline whose machine is stopped.
type stopping struct {
	t     *testing.T
	cat   *op.Catalogue
	flow  string
	files map[string][]byte
	want  map[string]string
}

// attempt runs the pipeline on a disk, always in the same way.
func (w *stopping) attempt(d *Disk) error {
	w.t.Helper()
	_, err := attemptEvery(w.t, w.cat, flows[w.flow], d, rand.New(rand.NewPCG(11, 5)), 2, 1<<19, false, 200*time.Microsecond)
	return err
}

func random() *rand.Rand { return rand.New(rand.NewPCG(3, 3)) }

func (w *stopping) run(seen map[string]bool) {
	t := w.t
	quiet := NewDisk(random(), w.files)
	if err := w.attempt(quiet); err != nil {
		t.Fatal(err)
	}
	w.want = outcome(quiet)
	calls := countOf(quiet.Names())
	if calls["manifest.rename"] <= checkpoint.Kept {
		t.Fatalf("there are only %d checkpoints", calls["manifest.rename"])
	}
	w.note(seen, calls)
	whole := os.Getenv("WEIR_SEEDS") != ""
	stops, again, more := 0, 0, 0
	for _, name := range failpoints {
		for _, nth := range places(calls[name]) {
			for _, after := range []bool{false, true} {
				first := Failpoint{name, nth, after}
				d := NewDisk(random(), w.files)
				w.crash(d, first)
				stops++
				recovery := d.Clone(random())
				w.finish(recovery, first)
				w.note(seen, countOf(recovery.Names()))
				if !whole && nth != (calls[name]+1)/2 {
					continue
				}
				calls := countOf(recovery.Names())
				for _, second := range slices.Sorted(maps.Keys(calls)) {
					for _, nth := range slices.Compact([]int{1, calls[second]}) {
						for _, after := range []bool{false, true} {
							if again++; !whole && (nth > 1 || again%5 != 0 || testing.Short() && again%3 != 0) {
								continue
							}
							x := d.Clone(random())
							f := Failpoint{second, nth, after}
							w.crash(x, f, first)
							w.finish(x, first, f)
							more++
						}
					}
				}
			}
		}
	}
	t.Logf("%d stops, %d more in recovery", stops, more)
}

// note sees that every call has a name that is expected.
func (w *stopping) note(seen map[string]bool, calls map[string]int) {
	w.t.Helper()
	for name := range calls {
		if !slices.Contains(failpoints, name) {
			w.t.Fatalf("%s is no failpoint", name)
		}
		seen[name] = true
	}
}

// crash runs until the machine stops at f, and starts it again.
func (w *stopping) crash(d *Disk, f Failpoint, before ...Failpoint) {
	w.t.Helper()
	d.Failpoint = f
	if err := w.attempt(d); err == nil || !d.dead {
		w.t.Fatalf("the run does not stop %v, behind %v: %v", f, before, err)
	}
	d.Restart()
}

// finish runs to the end.
func (w *stopping) finish(d *Disk, stops ...Failpoint) {
	w.t.Helper()
	if err := w.attempt(d); err != nil {
		w.t.Fatalf("stopped %v: %v", stops, err)
	}
	got := outcome(d)
	for file := range w.want {
		if got[file] != w.want[file] {
			w.t.Fatalf("stopped %v: %s is\n%s\nwithout\n%s", stops, file, got[file], w.want[file])
		}
	}
	if len(got) != len(w.want) {
		w.t.Fatalf("stopped %v: there are other files", stops)
	}
}
