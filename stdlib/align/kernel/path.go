package kernel

import (
	"fmt"
	"os"
	"strings"
)

// PathVariable is the environment variable that forces a path by its name.
const PathVariable = "WEIR_ALIGN_PATH"

// path is one implementation of the kernels.
type path struct {
	name string
}

// paths are those that this processor can run, fastest first.
var paths = []path{{name: "scalar"}}

// Paths names the paths that this processor can run, fastest first.
func Paths() []string {
	names := make([]string, len(paths))
	for i := range paths {
		names[i] = paths[i].name
	}
	return names
}

// Active names the path in use: avx512, avx2, neon, swar or scalar. It is the fastest one, unless WEIR_ALIGN_PATH
// forces another; a name that is unknown or that this processor cannot run is an error that lists the others.
func Active() (string, error) {
	p, err := active()
	if err != nil {
		return "", err
	}
	return p.name, nil
}

func active() (*path, error) {
	name := os.Getenv(PathVariable)
	for i := range paths {
		if name == "" || paths[i].name == name {
			return &paths[i], nil
		}
	}
	return nil, fmt.Errorf("%s=%s: no such path here; there are %s", PathVariable, name, strings.Join(Paths(), ", "))
}
