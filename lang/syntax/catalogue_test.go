package syntax_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"weir/lang/diag"
	"weir/lang/syntax"
)

// TestCatalogue shows that every code that lang emits is in the catalogue, that each is there once and in its range,
// and that the W1 examples do what they say.
func TestCatalogue(t *testing.T) {
	seen := map[string]bool{}
	for i, list := range [][]diag.CodeInfo{diag.CodesW1, diag.CodesW2, diag.CodesW3, diag.CodesW4, diag.CodesW5,
		diag.CodesW6} {
		for _, c := range list {
			if seen[c.Code] || c.Title == "" || c.About == "" ||
				!regexp.MustCompile(`^W\d{4}$`).MatchString(c.Code) || c.Code[1] != byte('1'+i) {
				t.Errorf("%s: twice, incomplete, or in the wrong range", c.Code)
			}
			seen[c.Code] = true
		}
	}
	emitted := map[string]bool{}
	quoted := regexp.MustCompile(`"(W\d{4})"`)
	for _, dir := range []string{".", "../diag", "../format"} {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if strings.HasSuffix(f, "_test.go") || strings.HasPrefix(filepath.Base(f), "codes_") {
				continue
			}
			src, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range quoted.FindAllStringSubmatch(string(src), -1) {
				emitted[m[1]] = true
				if !seen[m[1]] {
					t.Errorf("%s emits %s, which the catalogue lacks", f, m[1])
				}
			}
		}
	}
	for _, c := range diag.CodesW1 {
		if !emitted[c.Code] {
			t.Errorf("%s is in the catalogue and never emitted", c.Code)
		}
	}
}

func TestCatalogueExamples(t *testing.T) {
	for _, c := range diag.CodesW1 {
		if c.Wrong == "" {
			continue
		}
		_, errs := syntax.Parse("x.flow", []byte(c.Wrong))
		found := false
		for _, d := range errs {
			found = found || d.Code == c.Code
		}
		if !found {
			t.Errorf("%s: the wrong example gives %v", c.Code, errs)
		}
		if _, errs := syntax.Parse("x.flow", []byte(c.Right)); len(errs) > 0 {
			t.Errorf("%s: the right example gives %v", c.Code, errs)
		}
	}
}

// TestFixes applies every fix of the wrong examples: the code must be gone.
func TestFixes(t *testing.T) {
	for _, c := range diag.CodesW1 {
		_, errs := syntax.Parse("x.flow", []byte(c.Wrong))
		fixable := false
		for _, d := range errs {
			fixable = fixable || d.Code == c.Code && d.Fix != nil
		}
		if !fixable {
			continue
		}
		fixed := diag.ApplyFixes("x.flow", []byte(c.Wrong), errs)
		_, errs = syntax.Parse("x.flow", fixed)
		for _, d := range errs {
			if d.Code == c.Code {
				t.Errorf("%s: still there after the fix: %s", c.Code, fixed)
			}
		}
	}
}
