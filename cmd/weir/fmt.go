package main

import (
	"bytes"
	"fmt"
	"io"
	"os"

	"weir/lang/format"
	"weir/lang/syntax"
)

type fmtCmd struct {
	Check bool     `help:"Write nothing; list the files that would change and exit with 1."`
	Paths []string `arg:"" optional:"" help:"Files and folders; - is standard input, written to standard output. By default the present folder."`
}

func (c *fmtCmd) Run(e *env) error {
	if len(c.Paths) == 1 && c.Paths[0] == "-" {
		return c.stdin(e)
	}
	files, err := flowFiles(c.Paths)
	if err != nil {
		return err
	}
	code := exitOK
	for _, name := range files {
		src, err := readFlow(name)
		if err != nil {
			return err
		}
		out, diags := format.Format(name, src)
		if diags.HasErrors() {
			complain(e, diags, &sources{files: map[string][]byte{name: src}})
			code = exitFindings
			continue
		}
		if bytes.Equal(src, out) {
			continue
		}
		fmt.Fprintln(e.stdout, name)
		if c.Check {
			code = exitFindings
			continue
		}
		if err := replace(name, out); err != nil {
			return err
		}
	}
	if code != exitOK {
		return exit(code)
	}
	return nil
}

func (c *fmtCmd) stdin(e *env) error {
	src, err := io.ReadAll(io.LimitReader(e.stdin, syntax.MaxFileSize+1))
	if err != nil {
		return err
	}
	out, diags := format.Format("-", src)
	if diags.HasErrors() {
		complain(e, diags, &sources{files: map[string][]byte{"-": src}})
		return exit(exitFindings)
	}
	if c.Check {
		if !bytes.Equal(src, out) {
			return exit(exitFindings)
		}
		return nil
	}
	_, err = e.stdout.Write(out)
	return err
}

// replace writes a file anew so that at any moment the old or the new text is there, with the old one's permissions.
func replace(name string, text []byte) error {
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	tmp := name + ".tmp"
	if err := os.WriteFile(tmp, text, info.Mode().Perm()); err != nil {
		return err
	}
	if err := os.Rename(tmp, name); err != nil {
		_ = os.Remove(tmp) // the rename's error counts
		return err
	}
	return nil
}
