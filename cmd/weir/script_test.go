package main

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "write the expected output of the scripts anew")

// The scripts run this binary as the command weir.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"weir": main})
}

func TestScripts(t *testing.T) {
	pipelines, err := filepath.Abs("../../pipelines")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:           "testdata/script",
		UpdateScripts: *update,
		Setup: func(e *testscript.Env) error {
			// Scripts work on copies, so that they cannot leave anything in the tree.
			e.Setenv("PIPELINES", pipelines)
			e.Setenv("NO_COLOR", "1")
			to := filepath.Join(e.WorkDir, "pipelines")
			if err := os.CopyFS(to, os.DirFS(pipelines)); err != nil {
				return err
			}
			// What someone's runs have left in the tree is not part of a script's world.
			for _, pattern := range []string{"*.tsv", "*.jsonl", ".*.part-*"} {
				left, err := filepath.Glob(filepath.Join(to, pattern))
				if err != nil {
					return err
				}
				for _, name := range left {
					if err := os.Remove(name); err != nil {
						return err
					}
				}
			}
			return nil
		},
	})
}
