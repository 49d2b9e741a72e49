package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"golang.org/x/term"

	"weir/lang/diag"
)

// formats is the flag --format: where findings go, and how. `text,sarif=FILE` writes text to standard output and SARIF to a file.
type formats struct {
	Format []string `placeholder:"FORMAT[=FILE]" default:"text" help:"How to report: text, json, sarif, junit, github, gitlab; several with commas, each perhaps into a file."`
	Strict bool     `help:"Warnings count as errors."`
}

// wantsJSON reports, before the arguments are parsed, that standard output is to be one JSON document.
func wantsJSON(args []string) bool {
	for i, a := range args {
		if a == "--format=json" || (a == "--format" && i+1 < len(args) && args[i+1] == "json") {
			return true
		}
	}
	return false
}

// writeFailure writes a finding without a place as a JSON document.
func writeFailure(w io.Writer, code, message string) {
	list := diag.List{{Code: code, Message: message}}
	if err := diag.Render(w, diag.FormatJSON, list, nil); err != nil {
		fmt.Fprintln(os.Stderr, "weir:", err)
	}
}

// report writes the findings in every format asked for and gives the exit code they mean.
func (f *formats) report(e *env, list diag.List, sources *sources) (int, error) {
	for _, spec := range f.Format {
		name, file, toFile := strings.Cut(spec, "=")
		format := diag.Format(name)
		if !slices.Contains(diag.Formats, format) {
			return exitUsage, fmt.Errorf("--format %s: the formats are %s", spec, join(diag.Formats))
		}
		if err := render(e, format, file, toFile, list, sources); err != nil {
			return exitUsage, err
		}
	}
	for _, d := range list {
		if d.Severity == diag.Error || (f.Strict && d.Severity == diag.Warning) {
			return exitFindings, nil
		}
	}
	return exitOK, nil
}

func join(list []diag.Format) string {
	names := make([]string, len(list))
	for i, f := range list {
		names[i] = string(f)
	}
	return strings.Join(names, ", ")
}

func render(e *env, format diag.Format, file string, toFile bool, list diag.List, sources *sources) error {
	if !toFile {
		if format == diag.FormatText {
			return diag.Text(e.stdout, sorted(list), sources.text, isTerminal(e.stdout))
		}
		return diag.Render(e.stdout, format, list, sources.text)
	}
	out, err := os.Create(file)
	if err != nil {
		return err
	}
	if err := diag.Render(out, format, list, sources.text); err != nil {
		_ = out.Close() // the first error counts
		return err
	}
	return out.Close()
}

func sorted(list diag.List) diag.List {
	list = slices.Clone(list)
	list.Sort()
	return list
}

// complain writes findings to standard error as text: for commands whose standard output is something else.
func complain(e *env, list diag.List, sources *sources) {
	if len(list) == 0 {
		return
	}
	if err := diag.Text(e.stderr, sorted(list), sources.text, isTerminal(e.stderr)); err != nil {
		fmt.Fprintln(e.stderr, "weir:", err)
	}
}

// isTerminal reports that a person looks at w.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// sources keeps the texts that findings have places in.
type sources struct{ files map[string][]byte }

func (s *sources) add(name string, text []byte) {
	if s.files == nil {
		s.files = map[string][]byte{}
	}
	s.files[name] = text
}

// text gives a file's text; files that only a finding names, such as weir.yaml, are read when asked for.
func (s *sources) text(name string) []byte {
	if s == nil {
		return nil
	}
	if t, ok := s.files[name]; ok {
		return t
	}
	t, err := os.ReadFile(name)
	if err != nil {
		return nil
	}
	s.add(name, t)
	return t
}
