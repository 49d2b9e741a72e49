package textio

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"weir/runtime/op/optest"
	"weir/runtime/storage/localfile"
)

// brackets is a format whose files end in their number of rows.
type brackets struct {
	w    io.Writer
	rows int
	held string // rows that have not been written yet
}

func (b *brackets) Begin(w io.Writer) error {
	b.w, b.rows, b.held = w, 0, ""
	_, err := io.WriteString(w, "<")
	return err
}

func (b *brackets) flush() error {
	_, err := io.WriteString(b.w, b.held)
	b.held = ""
	return err
}

func (b *brackets) Suspend() ([]byte, error) { return fmt.Append(nil, b.rows), b.flush() }

func (b *brackets) Resume(w io.Writer, state []byte) error {
	b.w, b.held = w, ""
	_, err := fmt.Sscan(string(state), &b.rows)
	return err
}

func (b *brackets) End() error {
	if err := b.flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(b.w, ">%d", b.rows)
	return err
}

// clock is a world with a time.
type clock struct {
	world
	now *time.Time
}

func (c clock) Now() time.Time { return *c.now }

func encode(t *testing.T, s *Sink, rows ...string) {
	t.Helper()
	for _, row := range rows {
		must(t, s.Begin())
		b := s.Encoder.(*brackets)
		b.held += row
		b.rows++
		must(t, s.Written())
	}
}

// TestEncoder: a file that needs an end gets it once, whatever is taken up again in between.
func TestEncoder(t *testing.T) {
	for _, name := range []string{"/out", "/out.gz", "/"} {
		dir := t.TempDir()
		sink := func(from *optest.State) *Sink {
			s := &Sink{Path: dir + name, Format: "b", Encoder: &brackets{}, Roll: Roll{Size: 1 << 20}}
			w := world{storage: localfile.New(), keep: true}
			if from == nil {
				must(t, s.Open(w))
				return s
			}
			w.from = 1
			must(t, s.Open(w), s.Restore(from))
			return s
		}
		first, st := sink(nil), &optest.State{}
		encode(t, first, "a", "b")
		must(t, first.Snapshot(1, st), first.Commit(1))
		encode(t, first, "c")
		must(t, first.Snapshot(2, &optest.State{}), first.Close()) // which is part of no checkpoint
		second, whole := sink(st), &optest.State{}
		encode(t, second, "d", "e")
		must(t, second.Drain(nil), second.Snapshot(2, whole), second.Close())
		third := sink(whole)
		must(t, third.Commit(2), third.Close())
		want := strings.TrimPrefix(name, "/") + "=<abde>4;"
		if name == "/" {
			want = "part-00000-00000.b=<abde>4;"
		}
		if got := files(t, dir); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// TestRoll: a part ends when it is large or old enough, and is visible after the next commit.
func TestRoll(t *testing.T) {
	dir, now := t.TempDir(), time.Unix(1000, 0)
	world := clock{world{storage: localfile.New(), keep: true}, &now}
	s := &Sink{Path: dir + "/size/", Format: "txt", Roll: Roll{Size: 6}}
	must(t, s.Open(world))
	put(t, s, "one\n")
	must(t, s.Snapshot(1, &optest.State{}), s.Commit(1))
	put(t, s, "two\n")
	put(t, s, "three\n")
	put(t, s, "x\n")
	st := &optest.State{}
	must(t, s.Snapshot(2, st))
	if got := files(t, dir+"/size"); strings.Contains(got, ";part") {
		t.Error("visible before it was committed: ", got)
	}
	must(t, s.Commit(2))
	put(t, s, "killed before the next snapshot\n") // ends the part that the snapshot has
	must(t, s.Close())
	again := &Sink{Path: dir + "/size/", Format: "txt", Roll: Roll{Size: 6}}
	world.from = 2
	must(t, again.Open(world), again.Restore(st), again.Commit(2))
	put(t, again, "y\n")
	must(t, again.Drain(nil), again.Snapshot(3, &optest.State{}), again.Commit(3), again.Close())
	want := "part-00000-00000.txt=one|two|;part-00000-00001.txt=three|;part-00000-00002.txt=x|y|;"
	if got := files(t, dir+"/size"); got != want {
		t.Errorf("%s, want %s", got, want)
	}

	world.from = 0
	s = &Sink{Path: dir + "/age/", Format: "txt", Roll: Roll{Age: time.Minute}}
	must(t, s.Open(world))
	for i, row := range []string{"a\n", "b\n", "c\n", "d\n"} {
		put(t, s, row)
		now = now.Add(40 * time.Second)
		must(t, s.Snapshot(uint64(i), &optest.State{}), s.Commit(uint64(i)))
	}
	must(t, s.Drain(nil), s.Snapshot(9, &optest.State{}), s.Commit(9), s.Close())
	want = "part-00000-00000.txt=a|b|;part-00000-00001.txt=c|d|;"
	if got := files(t, dir+"/age"); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestFewerTasks: a task that takes over the part of another one ends it, and goes on with its own; one that is new uses no name
// twice.
func TestFewerTasks(t *testing.T) {
	dir, now := t.TempDir(), time.Unix(7_000_000, 0)
	at := func(task int) clock {
		return clock{world{storage: localfile.New(), keep: true, task: task}, &now}
	}
	st := &optest.State{}
	for task := range 2 {
		s := &Sink{Path: dir + "/", Format: "txt", Roll: Roll{Size: 100}}
		must(t, s.Open(at(task)))
		put(t, s, fmt.Sprintf("task %d\n", task))
		must(t, s.Snapshot(1, st), s.Close())
	}
	one := &Sink{Path: dir + "/", Format: "txt", Roll: Roll{Size: 100}}
	must(t, one.Open(at(0)), one.Restore(st))
	put(t, one, "more\n")
	must(t, one.Drain(nil), one.Snapshot(2, &optest.State{}), one.Commit(2), one.Close())
	for from := uint64(2); from < 4; from++ { // in the same second
		late := &Sink{Path: dir + "/", Format: "txt"}
		resumed := at(1)
		resumed.from = from
		must(t, late.Open(resumed), late.Restore(&optest.State{}))
		put(t, late, fmt.Sprintf("late %d\n", from))
		must(t, late.Drain(nil), late.Snapshot(from+1, &optest.State{}), late.Commit(from+1), late.Close())
	}
	want := "part-00000-00000.txt=task 0|;part-00001-00000.txt=task 1|more|;part-00001-00002-00000.txt=late 2|;part-00001-00003-00000.txt=late 3|;"
	if got := files(t, dir); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
