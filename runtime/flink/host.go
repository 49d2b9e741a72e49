// Package flink has what runs a plan on Apache Flink that is not Go: the jar of the host. docs/flink.md describes the whole.
package flink

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
)

// Jar is the host, whose main class is weir.host.Main: it takes --job and the path of a job file. .ci/host.sh builds it.
//
//go:embed host/host.jar
var Jar []byte

// JarSHA256 is the SHA-256 of Jar in hexadecimal.
func JarSHA256() string {
	sum := sha256.Sum256(Jar)
	return hex.EncodeToString(sum[:])
}
