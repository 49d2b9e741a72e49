package localfile_test

import (
	"testing"

	"weir/runtime/op"
	"weir/runtime/storage"
	"weir/runtime/storage/localfile"
	"weir/runtime/storage/storagetest"
)

func TestSuite(t *testing.T) {
	storagetest.Run(t, storagetest.Fixture{
		New:   func(testing.TB) op.Storage { return localfile.New() },
		Dir:   func(t testing.TB) string { return t.TempDir() + "/" },
		Large: 1 << 20,
		Crash: crash,
	})
}

// crash lets go of the file's lock.
func crash(_ testing.TB, f op.StagedFile) { _ = f.Close() }

// The storages of several schemes as one do what each does.
func TestSchemes(t *testing.T) {
	storagetest.Run(t, storagetest.Fixture{
		New: func(testing.TB) op.Storage {
			return storage.New(storage.Schemes{"": func() (op.Storage, error) { return localfile.New(), nil }})
		},
		Dir:   func(t testing.TB) string { return t.TempDir() + "/" },
		Large: 1 << 20,
		Crash: crash,
	})
}

func TestKill(t *testing.T) {
	storagetest.Kill(t, storagetest.Fixture{
		New:   func(testing.TB) op.Storage { return localfile.New() },
		Dir:   func(t testing.TB) string { return t.TempDir() + "/" },
		Large: 1 << 20,
	}, 5)
}
