package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// memoryInput writes rows of about 130 bytes.
func memoryInput(t *testing.T, name string, rows int) {
	t.Helper()
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	b := bufio.NewWriter(f)
	for n := range rows {
		fmt.Fprintf(b, "{\"n\":%d,\"k\":\"key %07d\",\"g\":%d,\"x\":%d.5,\"t\":\"a text that takes some room where it is held, with a number: %d\"}\n", n, n*7919%rows, n%10, n*31%10007, n)
	}
	if err := b.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// measured runs a pipeline and gives what it wrote, and the most memory that the process had, in bytes.
func measured(t *testing.T, body, input, memory string) (out []byte, most int64) {
	t.Helper()
	dir := t.TempDir()
	flow := filepath.Join(dir, "x.flow")
	src := "param input: path\nparam out: path\nlet rows = read_jsonl(input, as: { n: int, k: string, g: int, x: float, t: string })\n" + body
	if err := os.WriteFile(flow, []byte(src), 0o666); err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(dir, "out.jsonl")
	cmd, stderr := weir(t, "run", "-q", flow, "-j", "2", "-p", "input="+input, "-p", "out="+to, "--memory", memory, "--temp", dir, "--checkpoint", "off")
	if err := cmd.Run(); err != nil {
		t.Fatal(err, stderr)
	}
	out, err := os.ReadFile(to)
	if err != nil {
		t.Fatal(err)
	}
	return out, cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss << 10
}

// TestSameMemory: ten times the input takes no more memory where state does not grow with it, and where it spills no more than a little.
func TestSameMemory(t *testing.T) {
	dir := t.TempDir()
	small, large := filepath.Join(dir, "small.jsonl"), filepath.Join(dir, "large.jsonl")
	memoryInput(t, small, 40_000)
	memoryInput(t, large, 400_000) // 50 MB
	for name, c := range map[string]struct{ body, memory string }{
		"filter":    {"rows |> filter(n % 2 == 0) |> select(n, k) |> write_jsonl(out)", "1GiB"},
		"aggregate": {"rows |> aggregate(by: g, c = count(), total = sum(x)) |> write_jsonl(out)", "1GiB"},
		"limit":     {"rows |> sort(desc(x), n) |> limit(10) |> write_jsonl(out)", "1GiB"},
		"sort":      {"rows |> sort(desc(x), n) |> select(n) |> write_jsonl(out)", "8MiB"},
		"distinct":  {"rows |> distinct(on: k) |> select(n) |> write_jsonl(out)", "8MiB"},
	} {
		t.Run(name, func(t *testing.T) {
			_, a := measured(t, c.body, small, c.memory)
			_, b := measured(t, c.body, large, c.memory)
			t.Logf("%d MB, and %d MB with ten times the input", a>>20, b>>20)
			if b > a+32<<20 {
				t.Errorf("%d bytes became %d", a, b)
			}
		})
	}
}

// TestSpillsExactly: with a tenth of the memory that its state takes a pipeline gives what it gives with enough.
func TestSpillsExactly(t *testing.T) {
	input := filepath.Join(t.TempDir(), "rows.jsonl")
	memoryInput(t, input, 100_000)
	const other = "let other = rows |> filter(n % 3 != 1) |> select(k, m = n, u = t)\n"
	cases := map[string]string{
		"sort":      "rows |> sort(t, desc(n)) |> write_jsonl(out)",
		"aggregate": "rows |> aggregate(by: k, c = count(), total = sum(x), longest = max(t), end = last(t)) |> write_jsonl(out)",
		"distinct":  "rows |> distinct(on: (k, t)) |> write_jsonl(out)",
		"quantile":  "rows |> aggregate(by: g, p = quantile(x, 0.9), q = quantile(n, 0.5)) |> write_jsonl(out)",
	}
	for _, kind := range []string{"inner", "left", "full", "semi", "anti"} {
		cases["join "+kind] = other + "rows |> filter(n % 2 == 0) |> join(other, on: k, kind: " + kind + ") |> write_jsonl(out)"
	}
	for name, body := range cases {
		t.Run(name, func(t *testing.T) {
			want, _ := measured(t, body, input, "2GiB")
			got, _ := measured(t, body, input, "1MiB")
			if len(want) == 0 || !bytes.Equal(want, got) {
				t.Errorf("%d bytes instead of %d", len(got), len(want))
			}
		})
	}
}
