package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// killFlow has a single file, a folder of parts, a compressed file, and bad records.
const killFlow = `
param input: path = "in/"
param out: path = "out"

let rows = read_jsonl(input, as: { n: int, k: string })
  |> filter(n % 3 != 0)
  |> derive(m = n * 2, u = upper(k))

rows |> write_tsv(out + "/one.tsv")
rows |> write_jsonl(out + "/parts/")
rows |> select(n) |> write_csv(out + "/packed.csv.gz")
rows.rejected |> write_jsonl(out + "/rejected.jsonl")
`

// killInput writes files of rows, some of them bad.
func killInput(t *testing.T, dir string, files, rows int) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	n := 0
	for f := range files {
		var b bytes.Buffer
		for range rows {
			if n%10007 == 5 {
				fmt.Fprintf(&b, "{\"n\":\"no number %d\",\"k\":\"x\"}\n", n)
			} else {
				fmt.Fprintf(&b, "{\"n\":%d,\"k\":\"user%d\"}\n", n, n%97)
			}
			n++
		}
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%03d.jsonl", f)), b.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// outputs reads what a run wrote: single files as they are, the lines of all parts sorted.
func outputs(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, name := range []string{"one.tsv", "rejected.jsonl"} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		out[name] = string(data)
	}
	packed, err := exec.Command("gzip", "-dc", filepath.Join(dir, "packed.csv.gz")).Output()
	if err != nil {
		t.Fatal(err)
	}
	out["packed"] = string(packed)
	parts, err := filepath.Glob(filepath.Join(dir, "parts", "part-*"))
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, p := range parts {
		f, err := os.Open(p)
		if err != nil {
			t.Fatal(err)
		}
		s := bufio.NewScanner(f)
		for s.Scan() {
			lines = append(lines, s.Text())
		}
		if err := errors.Join(s.Err(), f.Close()); err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(lines)
	out["parts"] = strings.Join(lines, "\n")
	return out
}

// TestKilled: a run with checkpoints that is killed with SIGKILL at random moments, and resumed each time, writes every row once: as if nothing had
// happened. WEIR_KILLS is how many kills there are.
func TestKilled(t *testing.T) {
	kills := 6
	if s := os.Getenv("WEIR_KILLS"); s != "" {
		var err error
		if kills, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	killInput(t, filepath.Join(dir, "in"), 5, 60_000)
	flow := filepath.Join(dir, "kill.flow")
	if err := os.WriteFile(flow, []byte(killFlow), 0o666); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	cmd, stderr := weir(t, "run", "-q", flow, "-p", "input="+dir+"/in/", "-p", "out="+dir+"/want", "--checkpoint", "off")
	if err := cmd.Run(); err != nil {
		t.Fatal(err, stderr)
	}
	whole := time.Since(began)
	want := outputs(t, filepath.Join(dir, "want"))
	random := rand.New(rand.NewPCG(uint64(kills), 7))
	resumed := 0
	for done := 0; done < kills; {
		out := filepath.Join(dir, fmt.Sprint("out", done))
		checkpoints := filepath.Join(dir, fmt.Sprint("checkpoints", done))
		for attempt := 0; ; attempt++ {
			cmd, stderr := weir(t, "run", flow, "-p", "input="+dir+"/in/", "-p", "out="+out, "--checkpoint", checkpoints, "--every", "15ms", "--resume")
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			after := time.Duration(random.Int64N(int64(whole)))
			timer := time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
			err := cmd.Wait()
			timer.Stop()
			if strings.Contains(stderr.String(), "resuming from checkpoint") {
				resumed++
			}
			var ee *exec.ExitError
			if err == nil {
				break
			}
			if !errors.As(err, &ee) || ee.ExitCode() != -1 {
				t.Fatalf("attempt %d: %v\n%s", attempt, err, stderr)
			}
			done++
		}
		got := outputs(t, out)
		for name := range want {
			if got[name] != want[name] {
				t.Fatalf("%s is not what an uninterrupted run writes: %d bytes instead of %d", name, len(got[name]), len(want[name]))
			}
		}
		// Nothing but the output is there, and to resume once more does nothing.
		hidden, _ := filepath.Glob(filepath.Join(out, ".*"))
		if len(hidden) > 0 && done == 0 {
			t.Errorf("left behind: %v", hidden)
		}
		cmd, stderr := weir(t, "run", flow, "-p", "input="+dir+"/in/", "-p", "out="+out, "--checkpoint", checkpoints, "--resume")
		if err := cmd.Run(); err != nil || !strings.Contains(stderr.String(), "had finished") {
			t.Fatal(err, stderr)
		}
	}
	if resumed == 0 {
		t.Error("no run went on from a checkpoint")
	}
}
