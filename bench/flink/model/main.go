// Command model estimates what spot reclaims cost a job on many nodes: a simulation of checkpoints, losses, replacements and restarts of the whole job, as
// Flink's adaptive scheduler does them, beside the closed form. It runs nothing; its constants are those measured on one machine (docs/benchmarks.md), and flags.
package main

import (
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
)

// params are in seconds and per second.
type params struct {
	nodes       int
	reclaims    float64 // of one node, per second
	every       float64 // between two checkpoints
	checkpoint  float64 // from the trigger to the commit
	detect      float64 // from the loss to the job manager's notice
	restart     float64 // until all tasks run again
	replacement float64 // until a new node has come
	settle      float64 // how long the scheduler waits for further nodes before it takes them in
	perTask     float64 // restart time that each node adds: deployment
}

// simulate gives the share of paid node-seconds that went into work that counted.
func simulate(p params, hours float64, seed uint64) float64 {
	random := rand.New(rand.NewPCG(seed, 1))
	wait := func(rate float64) float64 { return random.ExpFloat64() / rate }
	end := hours * 3600
	now, useful, paid := 0.0, 0.0, 0.0
	running, arriving := p.nodes, []float64(nil) // nodes that work; when others come
	sinceCheckpoint := 0.0                       // work of the running nodes that a loss would undo, in seconds
	spend := func(seconds float64, working bool) {
		now += seconds
		paid += seconds * float64(running)
		if working {
			sinceCheckpoint += seconds
		}
	}
	restart := func() { spend(p.restart+p.perTask*float64(running), false) }
	nextCheckpoint := p.every
	for now < end {
		lost := now + wait(p.reclaims*float64(running))
		grown := math.Inf(1)
		if len(arriving) > 0 {
			grown = arriving[len(arriving)-1] + p.settle
		}
		switch next := min(lost, grown, now+nextCheckpoint); next {
		case lost:
			spend(next-now+p.detect, true)
			sinceCheckpoint = 0 // done again
			running--
			arriving = append(arriving, now+p.replacement)
			restart()
			nextCheckpoint = p.every
		case grown: // a checkpoint is taken before
			spend(max(next-now, 0), true)
			spend(p.checkpoint, true)
			useful += sinceCheckpoint * float64(running)
			sinceCheckpoint = 0
			running += len(arriving)
			arriving = nil
			restart()
			nextCheckpoint = p.every
		default:
			spend(next-now, true)
			useful += sinceCheckpoint * float64(running)
			sinceCheckpoint = 0
			nextCheckpoint = p.every
		}
	}
	return useful / paid
}

// closed is the same on paper: each loss costs its detection, two restarts (without the node, and with its replacement) and the work since the last checkpoint, half an
// interval and the checkpoint's own time on average; losses of one settling time share the second restart.
func closed(p params) float64 {
	rate := p.reclaims * float64(p.nodes)
	once := p.restart + p.perTask*float64(p.nodes)
	shared := 1 / (1 + rate*(p.replacement+p.settle))
	lost := rate * (p.detect + once + once*shared + p.every/2 + p.checkpoint)
	return math.Max(0, 1/(1+lost))
}

func main() {
	p := params{}
	flag.Float64Var(&p.checkpoint, "checkpoint", 1, "seconds that a checkpoint takes")
	flag.Float64Var(&p.detect, "detect", 10, "seconds until a loss is noticed: Flink's heartbeat timeout")
	flag.Float64Var(&p.restart, "restart", 12, "seconds until all tasks run again, on a few nodes")
	flag.Float64Var(&p.perTask, "per-node", 0.02, "seconds that each node adds to a restart")
	flag.Float64Var(&p.replacement, "replacement", 180, "seconds until a reclaimed node is replaced")
	flag.Float64Var(&p.settle, "settle", 60, "seconds that the scheduler waits for more nodes before it takes them in")
	hours := flag.Float64("hours", 500, "simulated time a cell")
	flag.Parse()
	fmt.Println("Share of the paid node time that counts, simulated (on paper):")
	fmt.Println()
	fmt.Println("| nodes | reclaims a node and hour | checkpoint every 10 s | 60 s | 300 s |")
	fmt.Println("|---|---|---|---|---|")
	for _, nodes := range []int{10, 100, 300, 1000} {
		for _, percent := range []float64{0.5, 2, 5, 20} {
			fmt.Printf("| %d | %g %% |", nodes, percent)
			for _, every := range []float64{10, 60, 300} {
				p.nodes, p.reclaims, p.every = nodes, percent/100/3600, every
				fmt.Printf(" %.0f %% (%.0f %%) |", 100*simulate(p, *hours, uint64(nodes)), 100*closed(p))
			}
			fmt.Println()
		}
	}
}
