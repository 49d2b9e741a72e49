package compiler_test

import (
	"strings"
	"testing"

	"weir/compiler"
	"weir/lang/diag"
)

// ours reports a code that the compiler gives.
func ours(code string) bool {
	switch code[:3] {
	case "W20", "W21", "W22", "W26", "W31", "W32", "W33":
		return true
	}
	return false
}

// TestCodeExamples compiles what `weir explain` prints: the wrong example gives the code and nothing else, the right
// one does not give it.
func TestCodeExamples(t *testing.T) {
	for _, info := range diag.Codes() {
		if !ours(info.Code) || info.Wrong == "" || info.Code == "W2103" {
			continue
		}
		for _, d := range compile(info.Wrong).Diags {
			if d.Code != info.Code && !(d.Severity == diag.Warning && info.Code < "W3") {
				t.Errorf("%s: the wrong example gives %s, too: %s", info.Code, d.Code, d.Message)
			}
		}
		if !gives(info.Wrong, info.Code) {
			t.Errorf("%s: the wrong example does not give it", info.Code)
		}
		r := compile(info.Right)
		if gives(info.Right, info.Code) || r.Diags.HasErrors() {
			t.Errorf("%s: the right example is wrong: %v", info.Code, r.Diags)
		}
	}
}

func compile(src string) *compiler.Result {
	return compiler.Compile("x.flow", []byte(src), compiler.Options{Catalogue: catalogue, ReadFile: archive{}.read})
}

func gives(src, code string) bool {
	for _, d := range compile(src).Diags {
		if d.Code == code {
			return true
		}
	}
	return false
}

// TestFixes applies the fix of every case and expects that the diagnostic which it belongs to is gone.
func TestFixes(t *testing.T) {
	n := 0
	for _, a := range archives(t, "testdata/errors/*.txtar") {
		for _, f := range a.Files {
			if !strings.HasSuffix(f.Name, ".flow") {
				continue
			}
			for _, d := range a.compile(f.Name).Diags {
				if d.Fix == nil || d.Span.File != f.Name {
					continue
				}
				n++
				b := archive{files: map[string][]byte{}}
				for k, v := range a.files {
					b.files[k] = v
				}
				b.files[f.Name] = diag.ApplyFixes(f.Name, f.Data, diag.List{d})
				for _, e := range b.compile(f.Name).Diags {
					if e.Code == d.Code && e.Span.Start == d.Span.Start && e.Message == d.Message {
						t.Errorf("%s/%s: the fix of %s changes nothing:\n%s", a.path, f.Name, d.Message, b.files[f.Name])
					}
				}
			}
		}
	}
	if n < 20 {
		t.Errorf("only %d fixes", n)
	}
}
