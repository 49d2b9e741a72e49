package hdfs

import (
	"errors"
	"fmt"
	"io"
	"time"
)

// filesystem is what a cluster offers to this package; connection has it by a client library, tests have it in memory. Names are clean and absolute.
// An error wraps fs.ErrNotExist, fs.ErrExist or fs.ErrPermission where it is one of these, and is transient where the same may succeed
// later. An operation that failed as transient may have been done.
type filesystem interface {
	// user is who the cluster takes us for.
	user() string
	// defaults gives the block size and the replication of new files.
	defaults() (blockSize int64, replication int, err error)
	stat(name string) (status, error)
	// list gives what a folder has, sorted by name.
	list(name string) ([]status, error)
	open(name string) (reader, error)
	// create begins a file, which must not be there, in a folder, which must.
	create(name string, blockSize int64, replication int) (writer, error)
	// mkdirs makes a folder and those above it.
	mkdirs(name string) error
	// rename puts a file in a place, in one step. Where there is one already it is replaced, or, without replace, the error wraps fs.ErrExist.
	rename(from, to string, replace bool) error
	// remove removes a file or an empty folder.
	remove(name string) error
	// removeAll removes whatever is there; nothing is no error.
	removeAll(name string) error
	// close ends the connections.
	close() error
}

// reader reads a file from its beginning, or from where seek says. Where the file is replaced meanwhile, it gives bytes of one of the two versions
// until its first Read has returned, and of no other after that.
type reader interface {
	io.ReadCloser
	status() status
	seek(offset int64) error
}

// writer writes a file that nobody else sees. After an error of Write the file is lost, except for the blocks before the last one.
type writer interface {
	io.Writer
	// Close makes the file complete. After errReplicating it must be called again.
	Close() error
}

// errReplicating: everything is written, but the name node does not know it from enough data nodes yet.
var errReplicating = errors.New("the last block is not confirmed yet")

// status describes a file or a folder.
type status struct {
	name         string // the last part
	folder       bool
	size         int64
	modified     time.Time // to the millisecond
	id           uint64    // of the inode: a rename keeps it, and no other file ever gets it
	replication  int
	block        int64 // the size of its blocks
	owner, group string
	mode         uint32
	// special says why the client cannot read or write the bytes: "erasure-coded", "encrypted"; "" for a file like others.
	special string
}

// version changes when the content does.
func (s status) version() string {
	return fmt.Sprintf("%d-%d-%d", s.id, s.size, s.modified.UnixMilli())
}

// access is the owner, the group and the mode as ls shows them.
func (s status) access() string {
	const all = "rwxrwxrwx"
	mode := []byte(all)
	for i := range mode {
		if s.mode>>(8-i)&1 == 0 {
			mode[i] = '-'
		}
	}
	return fmt.Sprintf("%s:%s %s", s.owner, s.group, mode)
}

// transient marks an error after which the same may succeed: a connection is lost, a name node starts or stands by, a data node is gone.
type transient struct{ error }

func (t transient) Unwrap() error { return t.error }

func isTransient(err error) bool {
	var t transient
	return errors.As(err, &t)
}

// remoteError is what a name node says.
type remoteError struct {
	exception string // the last part of the Java class: SafeModeException
	message   string
}

func (e *remoteError) Error() string { return e.message }

// isException reports whether an error is of one of the Java classes.
func isException(err error, names ...string) bool {
	var r *remoteError
	if !errors.As(err, &r) {
		return false
	}
	for _, name := range names {
		if r.exception == name {
			return true
		}
	}
	return false
}
