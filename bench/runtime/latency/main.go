// Command latency measures how long a row takes through a pipeline, across process boundaries: it writes records into a process's standard input at a
// steady rate, each with the event time of its turn, and reads rows of closed windows from its standard output. A row is due when the record that
// closes its window is written.
//
//	go build -o weir ./cmd/weir && go run ./bench/runtime/latency -seconds 20 -- ./weir run -q bench/runtime/latency/windows.flow --checkpoint /tmp/state --every 1s
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"sync"
	"time"
)

// window is the width of the pipeline's windows, and keys how many keys there are.
const (
	window = 50 * time.Millisecond
	keys   = 10
)

func main() {
	rate := flag.Int("rate", 10_000, "records a second")
	seconds := flag.Int("seconds", 20, "how long")
	skip := flag.Duration("skip", 2*time.Second, "time at the beginning that does not count")
	flag.Parse()
	if err := measure(*rate, *seconds, *skip, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func measure(rate, seconds int, skip time.Duration, args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("the command is missing: latency -- weir run …")
	}
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	n := rate * seconds
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	step := time.Second / time.Duration(rate)
	var mu sync.Mutex
	sent := map[time.Time]time.Time{} // by window end: when the record that closes it was written
	began := time.Now()
	failed := make(chan error, 1)
	go func() {
		var line []byte
		for i := range n {
			due := began.Add(time.Duration(i) * step)
			for time.Until(due) > 0 {
				if d := time.Until(due); d > 200*time.Microsecond {
					time.Sleep(d - 100*time.Microsecond)
				}
			}
			at := start.Add(time.Duration(i) * step)
			line = append(line[:0], `{"at":"`...)
			line = at.AppendFormat(line, "2006-01-02T15:04:05.000000Z")
			line = fmt.Appendf(line, "\",\"key\":%d,\"amount\":%d}\n", i%keys, i%1000)
			if end := at.Truncate(window); end.Equal(at) {
				mu.Lock()
				sent[end] = time.Now()
				mu.Unlock()
			}
			if _, err := in.Write(line); err != nil {
				failed <- err
				return
			}
		}
		failed <- in.Close()
	}()
	var took []time.Duration
	var total int64
	s := bufio.NewScanner(out)
	for s.Scan() {
		now := time.Now()
		var row struct {
			End   time.Time `json:"window_end"`
			Count int64     `json:"n"`
		}
		if err := json.Unmarshal(s.Bytes(), &row); err != nil {
			return fmt.Errorf("%w: %s", err, s.Bytes())
		}
		total += row.Count
		mu.Lock()
		at, is := sent[row.End]
		mu.Unlock()
		if is && at.Sub(began) > skip {
			took = append(took, now.Sub(at))
		}
	}
	if err := <-failed; err != nil {
		return err
	}
	if err := cmd.Wait(); err != nil {
		return err
	}
	slices.Sort(took)
	if len(took) == 0 {
		return fmt.Errorf("no row came in time")
	}
	at := func(q float64) time.Duration { return took[int(q*float64(len(took)-1))] }
	fmt.Printf("%d records at %d/s, %d rows; p50 %v, p90 %v, p99 %v, max %v; the child's CPU %v\n", n, rate, len(took), at(.5), at(.9), at(.99), at(1),
		cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime())
	if want := int64(n / keys * (keys - 1)); total != want { // the pipeline leaves one key out
		return fmt.Errorf("the rows count %d records, and there are %d", total, want)
	}
	return nil
}
