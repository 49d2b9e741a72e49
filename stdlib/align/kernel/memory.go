package kernel

import "unsafe"

// cacheLine is the size of a cache line, and of the longest vector.
const cacheLine = 64

// resize is s with length n; what it held is lost when it has to grow.
func resize[T any](s []T, n int) []T {
	if n <= cap(s) {
		return s[:n]
	}
	return make([]T, n, n+n/4)
}

// aligned is resize for vectors: the first byte is the first of a cache line.
func aligned(s []byte, n int) []byte {
	if n <= cap(s) {
		return s[:n]
	}
	s = make([]byte, n+n/4+cacheLine)
	skip := -uintptr(unsafe.Pointer(unsafe.SliceData(s))) & (cacheLine - 1)
	return s[skip : int(skip)+n]
}
