package s3

import (
	"path"
	"strings"

	"weir/runtime/op"
)

// place is a path taken apart.
type place struct {
	path        string // as the user wrote it
	bucket, key string
}

func parsePath(p string) (place, error) {
	rest, ok := strings.CutPrefix(p, "s3://")
	name, key, _ := strings.Cut(rest, "/")
	if !ok || name == "" {
		return place{}, &op.Error{Code: codeSettings, File: p, Message: "the path names no bucket", Hint: "write s3://bucket/key"}
	}
	return place{p, name, key}, nil
}

// parseObject reads the path of one object.
func parseObject(p string) (place, error) {
	at, err := parsePath(p)
	if err == nil && at.key == "" {
		return at, &op.Error{Code: codeSettings, File: p, Message: "the path names a bucket, and no object in it", Hint: "write s3://bucket/key"}
	}
	return at, err
}

func (p place) in(key string) string { return "s3://" + p.bucket + "/" + key }

// hasGlob reports whether a key is a pattern.
func hasGlob(key string) bool { return strings.ContainsAny(key, `*?[`) }

// literal gives the folders and the beginning of a name before the first character of a pattern that means something.
func literal(key string) string { return key[:strings.IndexAny(key, `*?[\`)] }

// match reports whether a key matches a pattern: as path.Match, and ** stands for any folders, none included.
func match(pattern, key []string) bool {
	for i, p := range pattern {
		if p == "**" {
			for skip := range len(key) - i + 1 {
				if match(pattern[i+1:], key[i+skip:]) {
					return true
				}
			}
			return false
		}
		if i >= len(key) {
			return false
		}
		if ok, _ := path.Match(p, key[i]); !ok {
			return false
		}
	}
	return len(pattern) == len(key)
}

// maxWild bounds how many ** a pattern may have, since each multiplies the work of matching.
const maxWild = 3

// parsePattern cuts a pattern into its folders.
func parsePattern(p place) ([]string, error) {
	segments := strings.Split(p.key, "/")
	wild := 0
	for _, s := range segments {
		if s == "**" {
			wild++
		}
		if _, err := path.Match(s, ""); err != nil || wild > maxWild {
			return nil, &op.Error{Code: codePattern, File: p.path, Message: "the pattern cannot be understood", Err: err,
				Hint: "* stands for any characters but /, ? for one, [ab] for one of these, and **/ for any folders, at most three times"}
		}
	}
	return segments, nil
}
