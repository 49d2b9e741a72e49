package resolve

import (
	"fmt"
	"path/filepath"
	"strings"
)

// Path gives the path that a literal in a file stands for: relative to the folder of the file, and confined to root,
// lexically and,
// for the part of it that exists, behind symbolic links. "-" and paths with a scheme (s3://…) are left as they are. A
// trailing slash
// is kept.
func Path(root, file, literal string) (string, error) {
	if literal == "-" {
		return literal, nil
	}
	if scheme, _, ok := strings.Cut(literal, "://"); ok && isScheme(scheme) {
		return literal, nil
	}
	if strings.IndexByte(literal, 0) >= 0 {
		return "", fmt.Errorf("a path cannot hold a null character")
	}
	path := literal
	if !filepath.IsAbs(path) {
		path = filepath.Join(filepath.Dir(file), path)
	}
	path = filepath.Clean(path)
	absRoot, err := filepath.Abs(root)
	if err != nil {
		return "", fmt.Errorf("`%s` cannot be found: %w", root, err)
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("`%s` cannot be found: %w", literal, err)
	}
	if !within(absRoot, abs) || !within(real(absRoot), real(abs)) {
		return "", fmt.Errorf("`%s` leaves the project's root", literal)
	}
	if strings.HasSuffix(literal, "/") {
		path += "/"
	}
	return path, nil
}

func isScheme(s string) bool {
	for _, r := range s {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') {
			return false
		}
	}
	return s != ""
}

func within(root, path string) bool {
	rel, err := filepath.Rel(root, path)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

// real follows symbolic links in the part of a path that exists.
func real(path string) string {
	rest := ""
	for p := path; ; {
		if r, err := filepath.EvalSymlinks(p); err == nil {
			return filepath.Join(r, rest)
		}
		parent := filepath.Dir(p)
		if parent == p {
			return path
		}
		rest = filepath.Join(filepath.Base(p), rest)
		p = parent
	}
}
