package main

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"testing"
)

// TestTrickle: a row of a closed window is on standard output as soon as the record that closes it has been written, while standard input stays open;
// with checkpoints and without.
func TestTrickle(t *testing.T) {
	for _, more := range [][]string{{"--checkpoint", "off"}, {"--checkpoint", t.TempDir() + "/state", "--every", "5ms"}} {
		cmd, stderr := weir(t, append([]string{"run", "-q", "../../bench/runtime/latency/windows.flow"}, more...)...)
		in, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		rows := bufio.NewReader(out)
		for i := range 20 { // a window each: its row is wanted before the next record is written
			fmt.Fprintf(in, "{\"at\":\"2026-01-01T00:00:%02d.010Z\",\"key\":1,\"amount\":%d}\n", i, i)
			if i == 0 {
				continue
			}
			row, err := rows.ReadString('\n')
			if want := fmt.Sprintf(`"n":1,"total":%d}`, i-1); err != nil || !strings.Contains(row, want) {
				t.Fatalf("row %d: %q, %v, want %s\n%s", i, row, err, want, stderr)
			}
		}
		if err := in.Close(); err != nil {
			t.Fatal(err)
		}
		rest, err := io.ReadAll(rows)
		if err != nil || strings.Count(string(rest), "\n") != 1 {
			t.Errorf("%q, %v", rest, err)
		}
		if err := cmd.Wait(); err != nil {
			t.Fatal(err, stderr)
		}
	}
}
