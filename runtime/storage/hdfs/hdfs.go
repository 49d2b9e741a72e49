// Package hdfs is the storage of paths that begin with hdfs://.
//
// A file that is read is one version of it: the inode, its length and its time. A reader that loses its data node, or the name node, goes on where it was.
// A file that is written lies in closed segments below `_tmp` beside its place until it is committed: a writer that is gone keeps the lease of an
// open file, and with it everybody from going on with the file, so no file is ever opened twice.
package hdfs

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"strings"
	"sync"
	"time"

	"weir/runtime/op"
)

// Options say how clusters are spoken to. The zero value is right for a run.
type Options struct {
	// Patience is for how long an operation is tried again while a name node restarts or data nodes fail; 0 means a minute.
	Patience time.Duration
	// Timeout is for how long a node may be silent; 0 means dfs.client.socket-timeout, or a minute.
	Timeout time.Duration
	// BlockSize is that of new files; 0 means dfs.blocksize, or the cluster's.
	BlockSize int64
	// TempDir is where the last block of each file that is being written is kept, until data nodes have it; "" means the system's.
	TempDir string
	// Getenv gives HADOOP_CONF_DIR, HADOOP_USER_NAME, KRB5CCNAME and the like; nil means the process's environment.
	Getenv func(string) string
}

func (o Options) getenv(name string) string {
	if o.Getenv != nil {
		return o.Getenv(name)
	}
	return os.Getenv(name)
}

// Storage is the files of HDFS clusters. It may be used by several goroutines.
type Storage struct {
	options Options
	conf    func() (config, error)

	mu       sync.Mutex
	clusters map[string]*cluster // by authority
	connect  func(authority string) (filesystem, error)
}

var _ op.Storage = (*Storage)(nil)

// New gives the storage. It reads Hadoop's configuration and connects when a path is used.
func New(o Options) *Storage {
	if o.Patience <= 0 {
		o.Patience = time.Minute
	}
	s := &Storage{options: o, clusters: map[string]*cluster{}, conf: sync.OnceValues(func() (config, error) { return loadConfig(o.getenv) })}
	s.connect = func(authority string) (filesystem, error) {
		conf, err := s.conf()
		if err != nil {
			return nil, err
		}
		c, err := conf.connection(authority, o)
		if err != nil {
			return nil, err
		}
		return c, nil
	}
	return s
}

// Close ends the connections. Files that are open, and the storage itself, can be used no more.
func (s *Storage) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, c := range s.clusters {
		errs = append(errs, c.fs.close())
	}
	return errors.Join(errs...)
}

// cluster is one file system and how patient we are with it.
type cluster struct {
	fs       filesystem
	patience time.Duration
	tempDir  string
}

// of takes a path apart: hdfs://AUTHORITY/NAME.
func (s *Storage) of(file string) (c *cluster, name string, err error) {
	rest, ok := strings.CutPrefix(file, "hdfs://")
	if !ok {
		return nil, "", &op.Error{Code: codeConfig, File: file, Message: "this is no path of HDFS", Hint: "write hdfs://HOST:PORT/…"}
	}
	authority, name, _ := strings.Cut(rest, "/")
	s.mu.Lock()
	defer s.mu.Unlock()
	if c = s.clusters[authority]; c == nil {
		f, err := s.connect(authority)
		if err != nil {
			var e *op.Error
			if errors.As(err, &e) && e.File == "" {
				named := *e
				named.File = file
				err = &named
			}
			return nil, "", err
		}
		c = &cluster{f, s.options.Patience, s.options.TempDir}
		s.clusters[authority] = c
	}
	return c, path.Clean("/" + name), nil
}

// retry calls try until its error is not transient, or the cluster's patience is at its end.
func (c *cluster) retry(ctx context.Context, try func() error) error {
	delay, end := 50*time.Millisecond, time.Time{}
	for {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		err := try()
		if !isTransient(err) {
			return err
		}
		if end.IsZero() {
			end = time.Now().Add(c.patience)
		}
		if time.Now().Add(delay).After(end) {
			return err
		}
		select {
		case <-ctx.Done():
		case <-time.After(delay):
		}
		delay = min(2*delay, 5*time.Second)
	}
}

// stat is fs.stat, patiently.
func (c *cluster) stat(ctx context.Context, name string) (s status, err error) {
	err = c.retry(ctx, func() error {
		s, err = c.fs.stat(name)
		return err
	})
	return s, err
}

// list is fs.list, patiently.
func (c *cluster) list(ctx context.Context, name string) (all []status, err error) {
	err = c.retry(ctx, func() error {
		all, err = c.fs.list(name)
		return err
	})
	return all, err
}

// remove is fs.remove, patiently. That there is nothing is no error.
func (c *cluster) remove(ctx context.Context, name string) error {
	err := c.retry(ctx, func() error { return c.fs.remove(name) })
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// Remove removes a file.
func (s *Storage) Remove(ctx context.Context, file string) error {
	c, name, err := s.of(file)
	if err != nil {
		return err
	}
	t, err := c.stat(ctx, name)
	if err == nil && t.folder {
		err = errFolder
	} else if err == nil {
		err = c.remove(ctx, name)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return c.failed(codeWrite, file, name, "the file cannot be removed", err)
}
