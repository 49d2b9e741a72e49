package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"weir/lang/syntax"
)

// flowFiles lists the .flow files that paths name: files as they are, folders with all below them but hidden ones.
func flowFiles(paths []string) ([]string, error) {
	if len(paths) == 0 {
		paths = []string{"."}
	}
	var out []string
	seen := map[string]bool{}
	add := func(name string) {
		if !seen[name] {
			seen[name] = true
			out = append(out, name)
		}
	}
	for _, p := range paths {
		info, err := os.Stat(p)
		if err != nil {
			return nil, cannotRead(p, err)
		}
		if !info.IsDir() {
			add(p)
			continue
		}
		found := len(out)
		err = filepath.WalkDir(p, func(name string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if d.IsDir() && name != p && strings.HasPrefix(d.Name(), ".") {
				return filepath.SkipDir
			}
			if !d.IsDir() && strings.HasSuffix(name, ".flow") {
				add(name)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		if len(out) == found {
			return nil, fmt.Errorf("there is no .flow file in %s", p)
		}
		sort.Strings(out[found:])
	}
	return out, nil
}

// readFlow reads a pipeline, at most one byte more than a pipeline may have: the parser reports what is too long.
func readFlow(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, cannotRead(name, err)
	}
	defer func() { _ = f.Close() }() // read only: nothing is lost
	return io.ReadAll(io.LimitReader(f, syntax.MaxFileSize+1))
}

// cannotRead says why a file cannot be read, and what to do where that is known.
func cannotRead(name string, err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: no such file or folder", name)
	}
	return fmt.Errorf("%s: %w", name, err)
}
