package kernel

import (
	"fmt"
	"os"
	"strings"
)

// PathVariable is the environment variable that forces a path by its name.
const PathVariable = "WEIR_ALIGN_PATH"

// path is one implementation: its kernels from the narrowest lanes to the widest. What exceeds
// them, which for the scalar path is everything, goes to package scalar.
type path struct {
	name   string
	local  []kernel
	global []kernel
}

// newPath makes a path whose vectors have that many bytes. Where they are hard to fill, its kernels give way to those of
// narrower, which may be nil.
func newPath(name string, vector int, narrower *path, local, global []kernel) path {
	p := path{name, local, global}
	for i := range local {
		local[i].vector = vector
		if narrower != nil {
			local[i].narrower = &narrower.local[i]
		}
	}
	for i := range global {
		global[i].vector = vector
		if narrower != nil {
			global[i].narrower = &narrower.global[i]
		}
	}
	return p
}

// kernel computes with lanes of one width.
type kernel struct {
	bits     int
	vector   int     // bytes
	narrower *kernel // nil, or the kernel of the same lane width with shorter vectors
	run      func(*args)
	build    func(*buildArgs)
	// fill is run for a Matrix and pairs builds a profile for lanes that have a query each; nil where a Matrix has narrower or none do it.
	fill  func(*args)
	pairs func(*pairArgs)
	// column reduces the edge of a global kernel to its best; it needs args.edge, rows, column and extend.
	column func(*args)
	// The scaled scores and gap costs that a local kernel can take.
	minScore, maxScore, maxGap int64
	bias                       int64 // what a local kernel wants added to every score
	// An element is a value plus zero, and stays between bottom and top. A local score whose element reaches top may be
	// too small.
	zero, bottom, top int32
}

// paths are those that this processor can run, fastest first.
var paths = append(nativePaths(), swarPath(), path{name: "scalar"})

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
