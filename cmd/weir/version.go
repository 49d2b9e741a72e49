package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"weir/stdlib/align/kernel"
)

type versionCmd struct{}

func (c *versionCmd) Run(e *env) error {
	path, err := kernel.Active()
	if err != nil {
		path = "none: " + err.Error()
	}
	fmt.Fprintf(e.stdout, "weir %s\n%s %s/%s, alignment kernels: %s\n", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH, path)
	return nil
}

// version is the module's version as the build knows it, with the revision where there is one.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "(unknown)"
	}
	v := info.Main.Version
	if v == "" {
		v = "(devel)"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			v += " " + s.Value[:12]
		}
	}
	return v
}
