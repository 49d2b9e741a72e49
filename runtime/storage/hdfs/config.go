package hdfs

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	lib "github.com/colinmarc/hdfs/v2"
	"github.com/colinmarc/hdfs/v2/hadoopconf"

	"weir/runtime/op"
)

const (
	defaultPort    = "8020"
	defaultTimeout = 60 * time.Second // as Hadoop's dfs.client.socket-timeout
)

// config is Hadoop's configuration of this machine, with its variables replaced.
type config map[string]string

// loadConfig reads core-site.xml and hdfs-site.xml: of HADOOP_CONF_DIR, which must have one then, else of HADOOP_HOME, else of /etc/hadoop/conf.
func loadConfig(getenv func(string) string) (config, error) {
	dirs := []string{getenv("HADOOP_CONF_DIR")}
	if dirs[0] == "" {
		dirs = nil
		if home := getenv("HADOOP_HOME"); home != "" {
			dirs = append(dirs, filepath.Join(home, "etc", "hadoop"), filepath.Join(home, "conf"))
		}
		dirs = append(dirs, "/etc/hadoop/conf")
	}
	for _, dir := range dirs {
		raw, err := hadoopconf.Load(dir)
		if err != nil {
			return nil, &op.Error{Code: codeConfig, File: dir, Message: "Hadoop's configuration cannot be read", Err: errors.New(strings.TrimPrefix(err.Error(), dir+": ")),
				Hint: "mend the file, or set HADOOP_CONF_DIR to another folder"}
		}
		if raw != nil {
			return expand(raw, getenv), nil
		}
	}
	if dir := getenv("HADOOP_CONF_DIR"); dir != "" {
		return nil, &op.Error{Code: codeConfig, File: dir, Message: "the folder has neither core-site.xml nor hdfs-site.xml",
			Hint: "HADOOP_CONF_DIR names the folder of Hadoop's configuration; unset it where there is none"}
	}
	return config{}, nil
}

// expand replaces ${name} by another value of the configuration and ${env.NAME} by the environment's, 20 deep as Hadoop does; what is not
// known stays.
func expand(raw hadoopconf.HadoopConf, getenv func(string) string) config {
	out := config{}
	for key, value := range raw {
		value = strings.TrimSpace(value)
		for range 20 {
			before, rest, ok := strings.Cut(value, "${")
			name, after, closed := strings.Cut(rest, "}")
			if !ok || !closed {
				break
			}
			with, known := raw[name]
			if env, ok := strings.CutPrefix(name, "env."); ok && !known {
				with = getenv(env)
				known = with != ""
			}
			if !known || len(value)+len(with) > 1<<16 {
				break
			}
			value = before + strings.TrimSpace(with) + after
		}
		out[key] = value
	}
	return out
}

// addresses gives the name nodes of the authority of a path: host:port, a host, a name service of several name nodes; "" is fs.defaultFS.
func (c config) addresses(authority string) ([]string, error) {
	if authority == "" {
		fs := c["fs.defaultFS"]
		if fs == "" {
			fs = c["fs.default.name"]
		}
		rest, ok := strings.CutPrefix(fs, "hdfs://")
		if authority, _, _ = strings.Cut(rest, "/"); !ok || authority == "" {
			return nil, &op.Error{Code: codeConfig, Message: fmt.Sprintf("the path names no name node, and the default file system is %q", fs),
				Hint: "write hdfs://HOST:PORT/…, or set HADOOP_CONF_DIR to a folder whose core-site.xml has fs.defaultFS"}
		}
	}
	var out []string
	if ids := c["dfs.ha.namenodes."+authority]; ids != "" {
		for id := range strings.SplitSeq(ids, ",") {
			id = strings.TrimSpace(id)
			key := "dfs.namenode.rpc-address." + authority + "." + id
			if c[key] == "" {
				return nil, &op.Error{Code: codeConfig, Message: fmt.Sprintf("name service %s has a name node %s without an address", authority, id),
					Hint: "hdfs-site.xml needs " + key}
			}
			out = append(out, withPort(c[key]))
		}
		return out, nil
	}
	if address := c["dfs.namenode.rpc-address."+authority]; address != "" {
		return []string{withPort(address)}, nil
	}
	if strings.ContainsAny(authority, "@, ") {
		return nil, &op.Error{Code: codeConfig, Message: fmt.Sprintf("%q is no name node", authority),
			Hint: "write hdfs://HOST:PORT/…; the user is HADOOP_USER_NAME's or Kerberos's"}
	}
	return []string{withPort(authority)}, nil
}

func withPort(address string) string {
	if _, _, err := net.SplitHostPort(address); err == nil {
		return address
	}
	return net.JoinHostPort(strings.Trim(address, "[]"), defaultPort)
}

// connection makes the connection of an authority. Nothing is sent yet.
func (c config) connection(authority string, o Options) (*connection, error) {
	addresses, err := c.addresses(authority)
	if err != nil {
		return nil, err
	}
	raw := hadoopconf.HadoopConf{}
	for key, value := range c {
		if !strings.Contains(key, "fs.default") { // the library trips over one that is no URL, and does not need it
			raw[key] = value
		}
	}
	options := lib.ClientOptionsFromConf(raw)
	options.Addresses = addresses
	timeout := o.Timeout
	if timeout <= 0 {
		timeout = millis(c["dfs.client.socket-timeout"], defaultTimeout)
	}
	data := &pipelines{timeout: timeout, byHost: options.UseDatanodeHostname, failed: map[string]time.Time{}}
	options.NamenodeDialFunc, options.DatanodeDialFunc = dialNameNode(timeout), data.dial
	if options.KerberosClient != nil {
		if options.KerberosClient, err = kerberosClient(o.getenv); err != nil {
			return nil, err
		}
		if options.KerberosServicePrincipleName == "" {
			return nil, &op.Error{Code: codeAuth, Message: "the name node's Kerberos principal is not known",
				Hint: "hdfs-site.xml needs dfs.namenode.kerberos.principal, for example nn/_HOST@REALM"}
		}
	}
	if options.User = o.getenv("HADOOP_USER_NAME"); options.User == "" {
		u, err := user.Current()
		if err != nil {
			return nil, &op.Error{Code: codeConfig, Message: "it is not known who we are", Err: err, Hint: "set HADOOP_USER_NAME"}
		}
		options.User = u.Username
	}
	out := &connection{options: options, umask: umask(c["fs.permissions.umask-mode"])}
	if o.BlockSize > 0 {
		out.blockSize = o.BlockSize
	} else if out.blockSize, err = size(c["dfs.blocksize"]); err != nil {
		return nil, &op.Error{Code: codeConfig, Message: fmt.Sprintf("dfs.blocksize is %q", c["dfs.blocksize"]), Hint: "it is a number of bytes, or one like 128m"}
	}
	if r := c["dfs.replication"]; r != "" {
		if out.replication, err = strconv.Atoi(r); err != nil || out.replication < 1 {
			return nil, &op.Error{Code: codeConfig, Message: fmt.Sprintf("dfs.replication is %q", r), Hint: "it is a number from 1"}
		}
	}
	return out, nil
}

// size reads a size as Hadoop writes it: 134217728, 128m. "" is 0.
func size(s string) (int64, error) {
	s = strings.ToLower(strings.TrimSpace(s))
	if s == "" {
		return 0, nil
	}
	shift := 0
	if i := strings.IndexByte("kmgt", s[len(s)-1]); i >= 0 {
		shift = 10 * (i + 1)
		s = s[:len(s)-1]
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err == nil && (n < 0 || n > 1<<60>>shift) {
		err = fmt.Errorf("%d is out of range", n)
	}
	return n << shift, err
}

// umask reads fs.permissions.umask-mode where it is octal; 022 otherwise, which is Hadoop's default.
func umask(s string) os.FileMode {
	if n, err := strconv.ParseUint(strings.TrimSpace(s), 8, 9); err == nil {
		return os.FileMode(n)
	}
	return 0o022
}
