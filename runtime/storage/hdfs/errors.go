package hdfs

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"syscall"

	"weir/runtime/op"
)

// Codes of what goes wrong here; lang/diag explains them.
const (
	codeReach   = "W6271" // the cluster cannot be reached
	codeRead    = "W6272" // a file cannot be read
	codeWrite   = "W6273" // a file cannot be created or written
	codeCommit  = "W6274" // a file that is written cannot be put in its place
	codeAuth    = "W6275" // Kerberos
	codeConfig  = "W6276" // Hadoop's configuration, or the path's name node
	codeSpecial = "W6277" // an erasure-coded or encrypted file or folder
	codePattern = "W6206" // a pattern that is not one
	codeChanged = "W6255" // another version than the one that was asked for
)

var (
	errFolder = errors.New("it is a folder")
)

// failed makes the error of an operation on a file of the cluster. file is as the user wrote it, name as the cluster knows it.
func (c *cluster) failed(code, file, name, message string, err error) error {
	var known *op.Error
	var reach *connectError
	switch {
	case err == nil, errors.As(err, &known), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.As(err, &reach):
		return &op.Error{Code: codeReach, File: file, Message: "the cluster cannot be reached at " + strings.Join(reach.addresses, ", "), Hint: reachHint(reach.err), Err: text(reach.err)}
	}
	return &op.Error{Code: code, File: file, Message: message, Hint: c.hint(err, name), Err: text(err)}
}

// text is an error as it is shown: short, and without our marks.
func text(err error) error {
	err = withoutTransient(err)
	if lost, ok := err.(*lostError); ok {
		err = lost.error
	}
	if said, ok := strings.CutPrefix(err.Error(), "no available namenodes: "); ok {
		err = errors.New(said)
	}
	return err
}

func reachHint(err error) string {
	switch { // the library gives the text of causes only
	case strings.Contains(err.Error(), "no such host"):
		return "the host is not known here: check the path, and fs.defaultFS or dfs.ha.namenodes in HADOOP_CONF_DIR"
	case strings.Contains(err.Error(), "no name node"):
		return "name the port of RPC: fs.defaultFS of the cluster's core-site.xml has it"
	case strings.Contains(err.Error(), "SASL"), strings.Contains(err.Error(), "SIMPLE authentication"), strings.Contains(err.Error(), "kerberos"),
		strings.Contains(err.Error(), "unexpected sequence number"): // the answer of a name node that wants Kerberos
		return "the cluster and this machine differ in how users are known: check hadoop.security.authentication in HADOOP_CONF_DIR, and `klist`"
	}
	return "check host and port (fs.defaultFS of the cluster), that the name node runs, and that this machine may reach it"
}

// hint says what to do about an error.
func (c *cluster) hint(err error, name string) string {
	switch {
	case errors.Is(err, fs.ErrPermission):
		return c.denied(name)
	case errors.Is(err, fs.ErrExist):
		return "remove the file if it is not wanted, or name another one"
	case errors.Is(err, errFolder):
		return "to read or write files in a folder end the path with /"
	case errors.Is(err, fs.ErrClosed):
		return "this is a bug of the caller"
	case errors.Is(err, op.ErrChanged):
		return "run again, from the beginning, when nothing writes to it"
	case errors.Is(err, errGone):
		return "it was aborted, cleaned up, or committed and then replaced: run again, from the beginning"
	case errors.Is(err, fs.ErrNotExist):
		return "check the path: `hdfs dfs -ls` lists what there is"
	case isException(err, "SafeModeException"):
		return "the name node is in safe mode and takes no changes: wait until it has left it, or see `hdfs dfsadmin -safemode get`"
	case isException(err, "NSQuotaExceededException", "DSQuotaExceededException", "QuotaByStorageTypeExceededException"):
		return "remove something below the folder that has the quota, or have it raised (`hdfs dfsadmin -setSpaceQuota`, `-setQuota`); `hdfs dfs -count -q` shows it"
	case isException(err, "StandbyException"):
		return "no name node is active: `hdfs haadmin -getAllServiceState` shows them"
	case isException(err, "LeaseExpiredException"):
		return "somebody has removed the unfinished file: another run, or a clean-up"
	case isException(err, "InvalidPathException"):
		return "a name in HDFS has no colon and no //"
	case errors.Is(err, syscall.ENOSPC):
		return "the folder for temporary files is full: set TMPDIR to another one"
	}
	var r *remoteError
	if errors.As(err, &r) && noTarget(r) {
		return "the data nodes are full, dead, or cannot be reached from here: `hdfs dfsadmin -report` shows them"
	}
	if strings.Contains(err.Error(), "wire-format") { // seen with dfs.encrypt.data.transfer and 3DES or RC4
		return "where the cluster encrypts data transfer, it must do so by AES: dfs.encrypt.data.transfer.cipher.suites=AES/CTR/NoPadding"
	}
	if err == errReplicating {
		return "the data nodes are slow to report what they have: `hdfs dfsadmin -report` shows them"
	}
	if isTransient(err) {
		return "the cluster, or the way to it, fails: see that the data nodes and the name node run (`hdfs dfsadmin -report`), then run again"
	}
	return "the name node's log says more"
}

// denied says who may not do what. It looks for the nearest folder that is there.
func (c *cluster) denied(name string) string {
	hint := "the user is " + c.fs.user() + " (HADOOP_USER_NAME, or Kerberos's principal)"
	for range 32 {
		if s, err := c.fs.stat(name); err == nil {
			return fmt.Sprintf("%s; %s is %s: ask for the permission, or choose another place", hint, name, s.access())
		}
		if name == "/" {
			break
		}
		name = path.Dir(name)
	}
	return hint + ": ask for the permission, or choose another place"
}
