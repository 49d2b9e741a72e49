package storage

// Describer is a storage that chooses how it writes a file, and says so beforehand.
type Describer interface {
	// Describe says in a few words how a file of that path is written, for a plan: "parts of 8 MiB, 78.1 GiB at most". It asks nobody; "" is nothing to say.
	Describe(path string) string
}

// Describe asks the storage of the path.
func (m *multi) Describe(path string) string {
	if s, err := m.of(path); err == nil {
		if d, ok := s.(Describer); ok {
			return d.Describe(path)
		}
	}
	return ""
}
