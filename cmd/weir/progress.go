package main

import (
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"weir/planner/physical"
	"weir/runtime/local"
	"weir/runtime/stage"
)

// display shows a run's progress.
type display interface {
	update(p local.Progress)
	close()
}

// newDisplay chooses how progress is shown: lines that are redrawn on a terminal, else a line now and then.
func newDisplay(w io.Writer, plan *physical.Plan, mode string, quiet bool) display {
	f, ok := w.(*os.File)
	switch {
	case quiet || mode == "never":
		return silent{}
	case ok && isTerminal(f) && os.Getenv("TERM") != "dumb":
		return &screen{w: w, width: func() int { return terminalWidth(w) }, view: view{plan: plan}}
	}
	return &log{w: w, view: view{plan: plan}}
}

type silent struct{}

func (silent) update(local.Progress) {}
func (silent) close()                {}

// terminalWidth is the width of the terminal that w is, 0 where it is none.
func terminalWidth(w io.Writer) int {
	if f, ok := w.(*os.File); ok {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil {
			return width
		}
	}
	return 0
}

// screen redraws one line a stage.
type screen struct {
	w     io.Writer
	width func() int
	view  view
	drawn int // lines on the screen
}

func (s *screen) update(p local.Progress) {
	lines := s.view.lines(p)
	var b strings.Builder
	if s.drawn > 0 {
		fmt.Fprintf(&b, "\x1b[%dA", s.drawn)
	}
	width := s.width()
	for _, l := range lines {
		if r := []rune(l); width > 1 && len(r) >= width { // a line that wraps could not be found again
			l = string(r[:width-1])
		}
		b.WriteString("\r" + l + "\x1b[K\n")
	}
	s.drawn = len(lines)
	fmt.Fprint(s.w, b.String())
}

// close takes the lines away; the summary says what they said.
func (s *screen) close() {
	if s.drawn > 0 {
		fmt.Fprintf(s.w, "\x1b[%dA\r\x1b[J", s.drawn)
	}
	s.drawn = 0
}

// logEvery is how often a run that nobody watches says where it is.
const logEvery = 10 * time.Second

// log writes a line for each stage at work, now and then.
type log struct {
	w    io.Writer
	view view
	next time.Duration
}

func (l *log) update(p local.Progress) {
	if l.next == 0 {
		l.next = logEvery
	}
	if p.Elapsed < l.next {
		return
	}
	l.next += logEvery
	for i, line := range l.view.lines(p) {
		if s := p.Stages[i]; !s.Ended && !s.Waiting {
			fmt.Fprintf(l.w, "%s %s\n", clock(p.Elapsed), line)
		}
	}
}

func (*log) close() {}

// view turns progress into lines.
type view struct {
	plan *physical.Plan
	// started tells when each stage was first seen at work: its rates count from then.
	started map[int]time.Duration
}

func (v *view) lines(p local.Progress) []string {
	if v.started == nil {
		v.started = map[int]time.Duration{}
	}
	out := make([]string, len(p.Stages))
	for i, s := range p.Stages {
		if _, ok := v.started[s.ID]; !ok && !s.Waiting {
			v.started[s.ID] = p.Elapsed
		}
		out[i] = v.line(s, v.plan.Stages[i], p)
	}
	return out
}

// line is one stage: its operators, how far it is, what it has done and how fast, what is left.
func (v *view) line(s local.StageProgress, st *physical.Stage, p local.Progress) string {
	var names []string
	for _, o := range st.Ops {
		names = append(names, v.plan.Node(o.Node).Op)
	}
	head := fmt.Sprintf("stage %d  %-30s", s.ID, clip(strings.Join(names, " → "), 30))
	switch {
	case s.Ended:
		return head + "  done      " + strings.Join(v.done(st, p), "  ")
	case s.Waiting:
		return head + "  waiting"
	}
	var parts []string
	took := (p.Elapsed - v.started[s.ID]).Seconds()
	if s.AllKnown && s.WeightKnown > 0 {
		f := s.WeightDone / s.WeightKnown
		bar := strings.Repeat("█", int(f*16+0.5)) + strings.Repeat("░", 16-int(f*16+0.5))
		parts = append(parts, fmt.Sprintf("%s %3.0f %%", bar, 100*f))
	}
	parts = append(parts, v.rates(st, p, took)...)
	if s.AllKnown && s.WeightDone > 0 && took > 0 {
		left := took * (s.WeightKnown - s.WeightDone) / s.WeightDone
		parts = append(parts, "left "+clock(time.Duration(left*float64(time.Second))))
	}
	if s.Queued > 0 {
		parts = append(parts, fmt.Sprintf("%d queued", s.Queued))
	}
	if held := s.Blocked.Seconds() / float64(max(s.Tasks, 1)); took > 0 && held > took/10 {
		parts = append(parts, fmt.Sprintf("held up %.0f %%", 100*min(held/took, 1)))
	}
	if lag, ok := v.lag(st, p); ok {
		parts = append(parts, "lag "+clock(lag))
	}
	return head + "  " + strings.Join(parts, "  ")
}

// lag is how far event time is behind the clock at a stage that makes watermarks.
func (v *view) lag(st *physical.Stage, p local.Progress) (lag time.Duration, ok bool) {
	for _, o := range st.Ops {
		if w := p.Nodes[o.Node].Watermark; w != 0 {
			lag, ok = max(lag, time.Since(time.Unix(0, w))), true
		}
	}
	return lag, ok
}

// work sums up what a stage's operators have done: the records that it has taken in (a source: read), those that its last operator has given
// on or written, and the named counters together.
func (v *view) work(st *physical.Stage, p local.Progress) (in, out int64, named map[string]int64) {
	named = map[string]int64{}
	for _, o := range st.Ops {
		c := p.Nodes[o.Node]
		for name, n := range c.Named {
			named[name] += n
		}
		if in = max(in, c.RowsIn); o.Part != physical.Collect { // what a node gives out, it gives out elsewhere then
			in = max(in, c.RowsOut)
		}
	}
	c := p.Nodes[st.Ops[len(st.Ops)-1].Node]
	return in, max(c.RowsOut, c.RowsIn), named
}

func (v *view) done(st *physical.Stage, p local.Progress) []string {
	in, out, named := v.work(st, p)
	if n := named["pairs"]; n > 0 {
		return []string{thousands(n) + " pairs", thousands(out) + " kept"}
	}
	return []string{thousands(in) + " records"}
}

// rates is done, and how fast.
func (v *view) rates(st *physical.Stage, p local.Progress, took float64) []string {
	in, out, named := v.work(st, p)
	n, what := in, " records"
	if pairs := named["pairs"]; pairs > 0 {
		n, what = pairs, " pairs"
	}
	parts := []string{thousands(n) + what}
	if took > 0 && n > 0 {
		parts = append(parts, rate(float64(n)/took)+what+"/s")
	}
	if cells := named["cells"]; cells > 0 && took > 0 {
		parts = append(parts, fmt.Sprintf("%.1f GCUPS", float64(cells)/took/1e9), thousands(out)+" kept")
	}
	return parts
}

// writeSummary says what a run did: a line an operator, and the whole.
func writeSummary(w io.Writer, plan *physical.Plan, s *local.Summary) {
	var cells, pairs int64
	for _, st := range plan.Stages {
		for _, o := range st.Ops {
			n := plan.Node(o.Node)
			if o.Part == physical.Collect {
				continue
			}
			c := s.Nodes[o.Node]
			cells, pairs = cells+c.Named["cells"], pairs+c.Named["pairs"]
			fmt.Fprintf(w, "%-14s %s\n", n.Op, counts(c))
		}
	}
	line := "wall " + seconds(s.Wall)
	if s.CPU > 0 { // of a run on a cluster it is not known
		line += "  CPU " + seconds(s.CPU)
	}
	if pairs > 0 {
		line += fmt.Sprintf("  %s pairs  %s cells  %.1f GCUPS", thousands(pairs), si(float64(cells)), float64(cells)/s.Wall.Seconds()/1e9)
	}
	fmt.Fprintln(w, line)
	if s.Rejected > 0 {
		fmt.Fprintf(w, "%s rows were rejected and are in no output:\n", thousands(s.Rejected))
		for _, r := range s.Rejections {
			fmt.Fprintf(w, "  %s: %s\n", where(r), r.Reason)
		}
		if int(s.Rejected) > len(s.Rejections) {
			fmt.Fprintf(w, "  … and %s more; `.rejected` of a let gives all\n", thousands(s.Rejected-int64(len(s.Rejections))))
		}
	}
}

func where(r local.Rejection) string {
	s := r.Node
	if r.File != "" {
		s += ", " + r.File
	}
	if r.Record > 0 {
		s += fmt.Sprintf(", record %d", r.Record)
	}
	if r.Line > 0 {
		s += fmt.Sprintf(", line %d", r.Line)
	}
	return s
}

func counts(c stage.Counts) string {
	var parts []string
	if c.RowsIn > 0 {
		parts = append(parts, thousands(c.RowsIn)+" in")
	}
	if c.RowsOut > 0 || c.RowsIn == 0 {
		parts = append(parts, thousands(c.RowsOut)+" out")
	}
	if c.Rejected > 0 {
		parts = append(parts, thousands(c.Rejected)+" rejected")
	}
	return strings.Join(parts, "  ")
}

// thousands writes a number with separators: 2,203,950.
func thousands(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// rate writes a rate with three digits or so.
func rate(x float64) string {
	if x < 10_000 {
		return thousands(int64(math.Round(x)))
	}
	return si(x)
}

// si writes a number with a decimal unit: 231 G.
func si(x float64) string {
	for _, u := range []struct {
		n    float64
		name string
	}{{1e15, " P"}, {1e12, " T"}, {1e9, " G"}, {1e6, " M"}, {1e3, " k"}} {
		if x >= u.n {
			return fmt.Sprintf("%.3g%s", x/u.n, u.name)
		}
	}
	return fmt.Sprintf("%.0f", x)
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }

// clock writes a duration as 1:02:03 or 2:03.
func clock(d time.Duration) string {
	s := int(d.Round(time.Second).Seconds())
	if s >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	}
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}

func clip(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}
