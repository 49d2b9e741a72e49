package main

import (
	"strings"
	"testing"
	"time"

	"weir/compiler/logical"
	"weir/planner/physical"
	"weir/runtime/local"
	"weir/runtime/stage"
)

var progressPlan = &physical.Plan{
	Nodes: []*logical.Node{{ID: 1, Op: "read_fasta"}, {ID: 2, Op: "pairs"}, {ID: 3, Op: "align"}, {ID: 4, Op: "write_tsv"}},
	Stages: []*physical.Stage{
		{ID: 0, Ops: []physical.Op{{Node: 1}, {Node: 2, Part: physical.Collect}}},
		{ID: 1, Ops: []physical.Op{{Node: 2, Part: physical.Scan}, {Node: 3}}},
		{ID: 2, Ops: []physical.Op{{Node: 4}}},
	},
}

func progressAt(elapsed time.Duration, part float64) local.Progress {
	return local.Progress{
		Elapsed: elapsed,
		Stages: []local.StageProgress{{ID: 0, Ended: true}, {ID: 1, AllKnown: true, WeightDone: part * 1000, WeightKnown: 1000, Queued: 3},
			{ID: 2, Waiting: part == 0}},
		Nodes: map[int]stage.Counts{
			1: {RowsOut: 2100},
			2: {RowsIn: 2100, RowsOut: int64(part * 2203950)},
			3: {RowsOut: int64(part * 6547), Named: map[string]int64{"pairs": int64(part * 2203950), "cells": int64(part * 231e9)}},
			4: {RowsIn: 12},
		},
	}
}

// A stage's line says how far it is, how fast, and what is left.
func TestProgressLines(t *testing.T) {
	v := view{plan: progressPlan}
	v.lines(progressAt(time.Second, 0))
	got := strings.Join(v.lines(progressAt(3*time.Second, 0.5)), "\n")
	want := `stage 0  read_fasta → pairs              done      2,100 records
stage 1  pairs → align                   ████████░░░░░░░░  50 %  1,101,975 pairs  551 k pairs/s  57.8 GCUPS  3,273 kept  left 0:02  3 queued
stage 2  write_tsv                       12 records`
	if got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

// Where nobody watches, a line comes every ten seconds, for the stages at work.
func TestProgressLog(t *testing.T) {
	var b strings.Builder
	l := log{w: &b, view: view{plan: progressPlan}}
	for s := range 25 {
		l.update(progressAt(time.Duration(s)*time.Second, float64(s)/100))
	}
	if n := strings.Count(b.String(), "stage 1"); n != 2 {
		t.Errorf("%d lines of stage 1:\n%s", n, b.String())
	}
}

// A screen's lines are redrawn in place, and never wrap.
func TestProgressScreen(t *testing.T) {
	var b strings.Builder
	s := screen{w: &b, width: func() int { return 40 }, view: view{plan: progressPlan}}
	s.update(progressAt(time.Second, 0.1))
	s.update(progressAt(2*time.Second, 0.2))
	s.close()
	out := b.String()
	if strings.Count(out, "\x1b[3A") != 2 {
		t.Errorf("%q", out)
	}
	for _, l := range strings.Split(out, "\n") {
		l = strings.NewReplacer("\x1b[3A", "", "\x1b[K", "", "\r", "", "\x1b[J", "").Replace(l)
		if len([]rune(l)) > 39 {
			t.Errorf("%d wide: %s", len([]rune(l)), l)
		}
	}
}

func TestNumbers(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 2203950: "2,203,950", -1234: "-1,234"} {
		if got := thousands(n); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	for d, want := range map[time.Duration]string{1400 * time.Millisecond: "0:01", 75 * time.Second: "1:15", 3725 * time.Second: "1:02:05"} {
		if got := clock(d); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
