package op

// Expecter is a File that reads ahead where ReadAt goes on in order, and can be told how far that will be.
type Expecter interface {
	// Expect says that bytes up to the offset to are going to be read, and most likely none behind it. What is read all the same comes in small pieces.
	Expect(to int64)
}
