package submit

import (
	"archive/zip"
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
)

// FlinkLine is the only line of Flink that jobs run on.
const FlinkLine = "1.20"

// distribution is Flink as it lies on this machine.
type distribution struct {
	home    string
	version string
	files   []string // that jobs need, relative to home, with slashes: lib/… and plugins/…
}

var distName = regexp.MustCompile(`^flink-dist(?:_[0-9.]+)?-([0-9][^/]*)\.jar$`)

// unused are the jars of lib that the host has no use for: Flink's tables and formats.
var unused = regexp.MustCompile(`^flink-(table-.*|sql-.*|cep|csv|json|scala_.*|python)-[0-9].*\.jar$`)

// openDistribution looks at a folder of Flink.
func openDistribution(home string) (*distribution, error) {
	const hint = "set flink_home in weir.yaml, or FLINK_HOME, to the folder of Flink " + FlinkLine
	if home == "" {
		return nil, problem(codeFlink, "no Flink is named", hint, nil)
	}
	if _, err := os.Stat(filepath.Join(home, "bin", "flink")); err != nil {
		return nil, problem(codeFlink, home+" has no bin/flink", hint, nil)
	}
	d := &distribution{home: home}
	for _, folder := range []string{"lib", "plugins"} {
		root := filepath.Join(home, folder)
		err := filepath.WalkDir(root, func(name string, e fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if info, err := os.Stat(name); err != nil || !info.Mode().IsRegular() || unused.MatchString(e.Name()) {
				return err
			}
			rel, err := filepath.Rel(home, name)
			d.files = append(d.files, filepath.ToSlash(rel))
			return err
		})
		if err != nil && !(folder == "plugins" && errors.Is(err, fs.ErrNotExist)) {
			return nil, problem(codeFlink, "Flink cannot be read", hint, err)
		}
	}
	sort.Strings(d.files)
	var dist []string
	for _, f := range d.files {
		if base := filepath.Base(f); strings.HasPrefix(base, "flink-dist") && strings.HasSuffix(base, ".jar") {
			dist = append(dist, f)
		}
	}
	if len(dist) != 1 {
		return nil, problem(codeFlink, fmt.Sprintf("%s/lib has %d files called flink-dist….jar, and one is wanted", home, len(dist)), hint, nil)
	}
	if m := distName.FindStringSubmatch(filepath.Base(dist[0])); m != nil {
		d.version = m[1]
	} else if d.version = manifestVersion(filepath.Join(home, filepath.FromSlash(dist[0]))); d.version == "" {
		return nil, problem(codeFlink, "the version of Flink cannot be told from "+dist[0], hint, nil)
	}
	if d.version != FlinkLine && !strings.HasPrefix(d.version, FlinkLine+".") {
		return nil, problem(codeFlink, fmt.Sprintf("this is Flink %s (%s), and jobs run on Flink %s", d.version, filepath.Join(home, filepath.FromSlash(dist[0])), FlinkLine), hint, nil)
	}
	return d, nil
}

// manifestVersion reads the version that a jar's manifest has; "" where it has none.
func manifestVersion(name string) string {
	z, err := zip.OpenReader(name)
	if err != nil {
		return ""
	}
	defer func() { _ = z.Close() }() // read only
	f, err := z.Open("META-INF/MANIFEST.MF")
	if err != nil {
		return ""
	}
	defer func() { _ = f.Close() }() // read only
	for s := bufio.NewScanner(io.LimitReader(f, 1<<20)); s.Scan(); {
		if v, ok := strings.CutPrefix(s.Text(), "Implementation-Version: "); ok {
			return strings.TrimSpace(v)
		}
	}
	return ""
}
