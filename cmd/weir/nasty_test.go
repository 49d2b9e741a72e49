package main

import (
	"os"
	"strconv"
	"strings"
	"testing"
)

// Every row of docs/fasta.md holds for the command, too: the exit code, and a message that names the file and what is wrong.
func TestNastyFiles(t *testing.T) {
	table, err := os.ReadFile("../../docs/fasta.md")
	if err != nil {
		t.Fatal(err)
	}
	flow := t.TempDir() + "/lengths.flow"
	if err := os.WriteFile(flow, []byte("param input: path\nread_fasta(input) |> select(id, n = length(sequence)) |> write_tsv(\"out.tsv\")\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	rows := 0
	for _, line := range strings.Split(string(table), "\n") {
		cells := strings.Split(line, " | ")
		if len(cells) != 8 || !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| file") {
			continue
		}
		rows++
		file, outcome := strings.TrimPrefix(cells[0], "| "), cells[2]
		want, err := strconv.Atoi(strings.TrimSuffix(cells[7], " |"))
		if err != nil {
			t.Fatal(err)
		}
		t.Run(file, func(t *testing.T) {
			path := "../../stdlib/seqio/testdata/nasty/" + file
			cmd, stderr := weir(t, "run", "-q", flow, "-p", "input="+path)
			err := cmd.Run()
			if got := cmd.ProcessState.ExitCode(); got != want {
				t.Fatalf("exit code %d, want %d (%v)\n%s", got, want, err, stderr)
			}
			message := stderr.String()
			if want == 0 && message != "" {
				t.Errorf("it says %s", message)
			}
			if want != 0 && (!strings.Contains(message, path) || !strings.HasPrefix(message, "error[W6")) {
				t.Errorf("it says %s", message)
			}
			if outcome == "rejected" && !(strings.Contains(message, ", record ") && strings.Contains(message, ", line ")) {
				t.Errorf("no record and line: %s", message)
			}
			if _, err := os.Stat(strings.TrimSuffix(flow, "lengths.flow") + "out.tsv"); (err == nil) != (want == 0) {
				t.Errorf("output: %v", err)
			}
			_ = os.Remove(strings.TrimSuffix(flow, "lengths.flow") + "out.tsv")
		})
	}
	if rows != 45 {
		t.Errorf("%d rows", rows)
	}
}
