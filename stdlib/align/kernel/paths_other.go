//go:build !amd64 && !arm64

package kernel

// nativePaths are the paths in assembly that this processor can run: none.
func nativePaths() []path { return nil }
