package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// weir starts this binary as the command weir.
func weir(t *testing.T, args ...string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	return &exec.Cmd{Path: self, Args: append([]string{"weir"}, args...), Stderr: &stderr}, &stderr
}

// Ctrl-C ends a run with 130, and neither the output nor a part of it is there; what was there before is unchanged. A killed run leaves the
// old output, too.
func TestInterruptedRun(t *testing.T) {
	for _, c := range []struct {
		signal syscall.Signal
		code   int
	}{{syscall.SIGINT, exitInterrupted}, {syscall.SIGTERM, exitInterrupted}, {syscall.SIGKILL, -1}} {
		t.Run(c.signal.String(), func(t *testing.T) {
			dir := t.TempDir()
			flow, err := os.ReadFile("../../pipelines/pairwise.flow")
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, "pairwise.flow"), flow, 0o666); err != nil {
				t.Fatal(err)
			}
			out := filepath.Join(dir, "hits.tsv")
			if err := os.WriteFile(out, []byte("old\n"), 0o666); err != nil {
				t.Fatal(err)
			}
			// Titin against itself some hundred times takes minutes, so that the signal meets a run at work.
			titin, err := os.ReadFile("../../stdlib/seqio/testdata/nasty/long_35213aa.fasta")
			if err != nil {
				t.Fatal(err)
			}
			input := filepath.Join(dir, "titin.fasta")
			if err := os.WriteFile(input, bytes.Repeat(titin, 30), 0o666); err != nil {
				t.Fatal(err)
			}
			cmd, stderr := weir(t, "run", filepath.Join(dir, "pairwise.flow"), "-p", "input="+input, "-p", "output="+out)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			for begun := false; !begun; time.Sleep(10 * time.Millisecond) {
				parts, _ := filepath.Glob(filepath.Join(dir, ".hits.tsv.part-*"))
				begun = len(parts) > 0
			}
			time.Sleep(200 * time.Millisecond)
			if err := cmd.Process.Signal(c.signal); err != nil {
				t.Fatal(err)
			}
			err = cmd.Wait()
			var ee *exec.ExitError
			if !errors.As(err, &ee) || ee.ExitCode() != c.code {
				t.Fatalf("%v, want exit code %d\n%s", err, c.code, stderr)
			}
			if got, err := os.ReadFile(out); err != nil || string(got) != "old\n" {
				t.Errorf("the output is %q (%v)", got, err)
			}
			parts, _ := filepath.Glob(filepath.Join(dir, ".*.part-*"))
			if c.code == exitInterrupted && (len(parts) > 0 || !strings.Contains(stderr.String(), "interrupted; no file was written or changed")) {
				t.Errorf("left behind: %v\n%s", parts, stderr)
			}
		})
	}
}
