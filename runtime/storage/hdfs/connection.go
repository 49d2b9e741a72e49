package hdfs

import (
	"errors"
	"io"
	"io/fs"
	"math"
	"os"
	"path"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	lib "github.com/colinmarc/hdfs/v2"
)

// connection is a cluster by github.com/colinmarc/hdfs. It is one client of the library for everybody, which keeps the leases of the files that
// are being written; after an error of the connection it is replaced, since the library cannot go on with it.
type connection struct {
	options     lib.ClientOptions
	blockSize   int64 // 0: the cluster's
	replication int   // 0: the cluster's
	umask       os.FileMode

	mu        sync.Mutex
	client    *lib.Client
	defaulted lib.ServerDefaults
	connected bool // has been, once
}

// get gives the client, and connects where there is none. An error before the first success is not transient: the address is wrong, most likely.
func (c *connection) get() (*lib.Client, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.client != nil {
		return c.client, nil
	}
	client, defaults, err := c.dial()
	if err != nil {
		err = interpret(err)
		if c.connected || isException(err, retriable...) {
			return nil, transient{err}
		}
		return nil, &connectError{c.options.Addresses, withoutTransient(err)}
	}
	c.client, c.defaulted, c.connected = client, defaults, true
	return client, nil
}

// connectError says that a cluster was never reached.
type connectError struct {
	addresses []string
	err       error
}

func (e *connectError) Error() string { return e.err.Error() }
func (e *connectError) Unwrap() error { return e.err }

func (c *connection) dial() (*lib.Client, lib.ServerDefaults, error) {
	client, err := lib.NewClient(c.options)
	if err != nil {
		return nil, lib.ServerDefaults{}, err
	}
	// The library keeps them at their first use, without a lock: so they are used now, while nobody else has the client.
	defaults, err := client.ServerDefaults()
	if err != nil {
		_ = client.Close()
		return nil, lib.ServerDefaults{}, err
	}
	return client, defaults, nil
}

// forData gives a client for reading or writing blocks, and what to call when it is done with. Where data are protected the library keeps their key in
// the client without a lock, so everybody gets a client of his own.
func (c *connection) forData() (*lib.Client, func(), error) {
	client, err := c.get()
	if err != nil {
		return nil, nil, err
	}
	c.mu.Lock()
	shared := c.options.DataTransferProtection == "" && !c.defaulted.EncryptDataTransfer
	c.mu.Unlock()
	if shared {
		return client, func() {}, nil
	}
	own, _, err := c.dial()
	if err != nil {
		return nil, nil, transient{interpret(err)}
	}
	return own, sync.OnceFunc(func() { go func() { _ = own.Close() }() }), nil
}

// failed interprets an error of a client; one whose connection is lost is given up.
func (c *connection) failed(client *lib.Client, err error) error {
	if err == nil {
		return nil
	}
	err = interpret(err)
	var lost *lostError
	if errors.As(err, &lost) {
		c.mu.Lock()
		if c.client == client {
			c.client = nil
			go func() { _ = client.Close() }() // waits for a call that is under way
		}
		c.mu.Unlock()
	}
	return err
}

// lostError is an error of the connection, as opposed to one that the other side reports.
type lostError struct{ error }

func (e *lostError) Unwrap() error { return e.error }

// retriable are the exceptions after which the same may succeed.
var retriable = []string{"SafeModeException", "StandbyException", "RetriableException", "NotReplicatedYetException", "LeaseExpiredException"}

// interpret makes the library's errors ours.
func interpret(err error) error {
	if p := (*os.PathError)(nil); errors.As(err, &p) { // the path is said by whoever asked
		err = p.Err
	}
	if remote, ok := err.(lib.Error); ok {
		r := &remoteError{exception: remote.Exception()[strings.LastIndexByte(remote.Exception(), '.')+1:]}
		r.message, _, _ = strings.Cut(strings.TrimSpace(remote.Message()), "\n")
		if _, text, ok := strings.Cut(r.message, r.exception+": "); ok && r.exception != "" {
			r.message = text
		}
		if r.message == "" {
			r.message = err.Error()
		}
		var kind error
		switch r.exception {
		case "FileNotFoundException":
			kind = fs.ErrNotExist
		case "FileAlreadyExistsException", "AlreadyBeingCreatedException":
			kind = fs.ErrExist
		case "AccessControlException":
			kind = fs.ErrPermission
		}
		switch {
		case kind != nil:
			return &remoteKind{r, kind}
		case isException(r, retriable...), noTarget(r):
			return transient{r}
		}
		return r
	}
	switch {
	case err == lib.ErrReplicating:
		return errReplicating
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrExist), errors.Is(err, fs.ErrPermission), errors.Is(err, fs.ErrInvalid),
		errors.Is(err, syscall.ENOTEMPTY), errors.Is(err, syscall.ENOTDIR):
		return err
	}
	return transient{&lostError{err}}
}

// noTarget reports that no data node could be found for a block: they are full or dead. HDFS has no exception of its own for it.
func noTarget(r *remoteError) bool {
	return strings.Contains(r.message, "could only be ") && strings.Contains(r.message, "node(s)")
}

// remoteKind is a name node's error that io/fs has a name for.
type remoteKind struct {
	*remoteError
	kind error
}

func (e *remoteKind) Unwrap() []error { return []error{e.remoteError, e.kind} }

func withoutTransient(err error) error {
	if t, ok := err.(transient); ok {
		return t.error
	}
	return err
}

func (c *connection) user() string {
	if client, err := c.get(); err == nil {
		return client.User()
	}
	return c.options.User
}

func (c *connection) defaults() (int64, int, error) {
	if _, err := c.get(); err != nil {
		return 0, 0, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	blockSize, replication := c.blockSize, c.replication
	if blockSize <= 0 {
		blockSize = c.defaulted.BlockSize
	}
	if replication <= 0 {
		replication = c.defaulted.Replication
	}
	return max(blockSize, 1), max(replication, 1), nil
}

// do calls the library.
func (c *connection) do(call func(*lib.Client) error) error {
	client, err := c.get()
	if err != nil {
		return err
	}
	return c.failed(client, call(client))
}

func (c *connection) stat(name string) (s status, err error) {
	err = c.do(func(client *lib.Client) error {
		info, err := client.Stat(name)
		if err == nil {
			s = statusOf(info)
		}
		return err
	})
	return s, err
}

func statusOf(info os.FileInfo) status {
	s := status{name: info.Name(), folder: info.IsDir(), size: info.Size(), modified: info.ModTime(), mode: uint32(info.Mode().Perm())}
	if f, ok := info.Sys().(*lib.FileStatus); ok {
		s.id, s.replication, s.block = f.GetFileId(), int(f.GetBlockReplication()), int64(min(f.GetBlocksize(), math.MaxInt64))
		s.owner, s.group = f.GetOwner(), f.GetGroup()
		switch { // the library would take the coded or enciphered bytes for the file's
		case f.GetEcPolicy() != nil && f.GetEcPolicy().GetId() != 0:
			s.special = "erasure-coded"
		case f.GetFileEncryptionInfo() != nil:
			s.special = "encrypted"
		}
	}
	return s
}

func (c *connection) list(name string) (all []status, err error) {
	err = c.do(func(client *lib.Client) error {
		f, err := client.Open(name)
		if err != nil {
			return err
		}
		if !f.Stat().IsDir() {
			return &os.PathError{Op: "list", Path: name, Err: syscall.ENOTDIR}
		}
		infos, err := f.Readdir(0)
		for _, info := range infos {
			all = append(all, statusOf(info))
		}
		return err
	})
	return all, err
}

func (c *connection) mkdirs(name string) error {
	return c.do(func(client *lib.Client) error { return client.MkdirAll(name, 0o777&^c.umask) })
}

func (c *connection) rename(from, to string, replace bool) error {
	if replace {
		return c.do(func(client *lib.Client) error { return client.Rename(from, to) })
	}
	if _, err := c.get(); err != nil { // says what is wrong where there is no way to the cluster
		return err
	}
	o := c.options
	o.NamenodeDialFunc = dialKeeping(o.NamenodeDialFunc)
	client, err := lib.NewClient(o)
	if err != nil {
		return transient{interpret(err)}
	}
	defer func() { _ = client.Close() }() // everything is answered
	if err := client.Rename(from, to); err != nil {
		return interpret(err)
	}
	return nil
}

func (c *connection) remove(name string) error {
	return c.do(func(client *lib.Client) error { return client.Remove(name) })
}

func (c *connection) removeAll(name string) error {
	err := c.do(func(client *lib.Client) error { return client.RemoveAll(name) })
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func (c *connection) close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.client == nil {
		return nil
	}
	client := c.client
	c.client = nil
	return client.Close()
}

func (c *connection) open(name string) (reader, error) {
	client, release, err := c.forData()
	if err != nil {
		return nil, err
	}
	r, err := client.Open(name)
	if err != nil {
		release()
		return nil, c.failed(client, err)
	}
	s := statusOf(r.Stat())
	s.name = path.Base(name)
	return &libReader{c: c, client: client, release: release, r: r, s: s}, nil
}

// libReader is the library's reader. It asks for the places of the blocks at its first Read, by the name and not by the file that it has opened.
type libReader struct {
	c       *connection
	client  *lib.Client
	release func()
	r       *lib.FileReader
	s       status
}

func (r *libReader) status() status { return r.s }

func (r *libReader) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	if err == nil || err == io.EOF {
		return n, err
	}
	return n, interpret(err) // a data node's, most likely: the client is good still
}

func (r *libReader) seek(offset int64) error {
	_, err := r.r.Seek(offset, io.SeekStart)
	return err
}

func (r *libReader) Close() error {
	err := r.r.Close()
	r.release()
	return err
}

func (c *connection) create(name string, blockSize int64, replication int) (writer, error) {
	client, release, err := c.forData()
	if err != nil {
		return nil, err
	}
	w, err := client.CreateFile(name, replication, blockSize, 0o666&^c.umask)
	if err != nil {
		release()
		return nil, c.failed(client, err)
	}
	return &libWriter{c: c, w: w, release: release}, nil
}

type libWriter struct {
	c       *connection
	w       *lib.FileWriter
	release func()
}

func (w *libWriter) Write(p []byte) (int, error) {
	n, err := w.w.Write(p)
	if err != nil {
		err = interpret(err)
	}
	return n, err
}

func (w *libWriter) Close() error {
	err := w.w.Close()
	if err != nil {
		err = interpret(err)
	}
	if err != errReplicating {
		w.release()
	}
	return err
}

// millis reads a number of milliseconds of Hadoop's configuration.
func millis(s string, otherwise time.Duration) time.Duration {
	if n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64); err == nil && n > 0 && n < 1<<40 {
		return time.Duration(n) * time.Millisecond
	}
	return otherwise
}
