package kernel_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"weir/stdlib/align/kernel"
	"weir/stdlib/align/scoring"
)

func TestPathVariable(t *testing.T) {
	if forced := os.Getenv(kernel.PathVariable); forced == "" {
		if active, err := kernel.Active(); err != nil || active != kernel.Paths()[0] {
			t.Errorf("%q, %v; want the first of %v", active, err, kernel.Paths())
		}
	}
	for _, want := range []string{"swar", "scalar"} {
		if !slices.Contains(kernel.Paths(), want) {
			t.Errorf("%s is missing in %v", want, kernel.Paths())
		}
	}
	for _, path := range kernel.Paths() {
		t.Setenv(kernel.PathVariable, path)
		if active, err := kernel.Active(); err != nil || active != path {
			t.Errorf("%q, %v; want %s", active, err, path)
		}
	}
	t.Setenv(kernel.PathVariable, "mmx")
	_, err := kernel.NewScorer(&scoring.Scheme{})
	if err == nil || !strings.Contains(err.Error(), strings.Join(kernel.Paths(), ", ")) {
		t.Errorf("error %v does not list %v", err, kernel.Paths())
	}
}
