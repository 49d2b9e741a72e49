package submit

import (
	"context"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"

	"weir/runtime/op"
)

// Cluster is a target as it is reached from here.
type Cluster struct {
	target  Target
	storage op.Storage
	yarn    *yarn
	client  *http.Client
	confDir string
	conf    hadoopConf
	flink   *distribution // nil where no Flink is here: runs can be looked at all the same
	noFlink error
	events  Events
}

// Events are told what happens; any may be nil.
type Events struct {
	Uploading func(Uploaded)
	Note      func(text string) // something that a user wants to know
}

func (e Events) uploading(u Uploaded) {
	if e.Uploading != nil {
		e.Uploading(u)
	}
}

func (e Events) note(format string, args ...any) {
	if e.Note != nil {
		e.Note(fmt.Sprintf(format, args...))
	}
}

// Open reads the configuration of a target. It asks the cluster nothing.
func Open(t Target, storage op.Storage, events Events) (*Cluster, error) {
	c := &Cluster{target: t, storage: storage, events: events, confDir: t.HadoopConf}
	for _, name := range []string{os.Getenv("HADOOP_CONF_DIR"), os.Getenv("YARN_CONF_DIR"), fromHome("HADOOP_HOME", "etc", "hadoop"), "/etc/hadoop/conf"} {
		if c.confDir == "" && name != "" {
			if _, err := os.Stat(filepath.Join(name, "yarn-site.xml")); err == nil {
				c.confDir = name
			}
		}
	}
	const hint = "set hadoop_conf in weir.yaml, or HADOOP_CONF_DIR, to the folder with the cluster's yarn-site.xml and core-site.xml"
	if c.confDir == "" {
		return nil, problem(codeCluster, "the configuration of the cluster is not found", hint, nil)
	}
	var err error
	if c.conf, err = readHadoopConf(c.confDir); err != nil {
		return nil, problem(codeCluster, "the configuration of the cluster cannot be read", hint, err)
	}
	home := t.FlinkHome
	if home == "" {
		home = os.Getenv("FLINK_HOME")
	}
	c.flink, c.noFlink = openDistribution(home)
	jar, err := cookiejar.New(nil) // YARN's proxy knows its users by cookies
	if err != nil {
		return nil, err
	}
	c.client = &http.Client{Jar: jar}
	c.yarn = &yarn{client: c.client, bases: c.conf.resourceManagers(), user: userName()}
	return c, nil
}

func fromHome(name string, parts ...string) string {
	if home := os.Getenv(name); home != "" {
		return filepath.Join(append([]string{home}, parts...)...)
	}
	return ""
}

// userName is who Hadoop takes one for, without Kerberos.
func userName() string {
	if name := os.Getenv("HADOOP_USER_NAME"); name != "" {
		return name
	}
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return ""
}

// job gives Flink's job manager of an application.
func (c *Cluster) jobManager(a *application) *flink {
	f := &flink{client: c.client, proxy: strings.TrimRight(c.yarn.bases[c.yarn.current], "/") + "/proxy/" + a.ID}
	if host, port, ok := strings.Cut(a.RPC, ":"); ok && host != "" && host != "N/A" && port != "" && port != "-1" && port != "0" {
		f.direct = "http://" + a.RPC
		if strings.EqualFold(c.target.Flink["security.ssl.rest.enabled"], "true") {
			f.direct = "" // its certificate is for Flink's own clients
		}
	}
	return f
}

// Report is what Check has found.
type Report struct {
	ResourceManager string   `json:"resource_manager"`
	Hadoop          string   `json:"hadoop"`
	Flink           string   `json:"flink"`
	FlinkHome       string   `json:"flink_home"`
	HadoopConf      string   `json:"hadoop_conf"`
	Dir             string   `json:"dir"`
	Nodes           []Node   `json:"nodes"`
	Queue           string   `json:"queue"`
	Queues          []string `json:"queues"`
}

// Node is a machine of the cluster, with memory in bytes.
type Node struct {
	Name       string `json:"name"`
	State      string `json:"state"`
	Memory     int64  `json:"memory"`
	FreeMemory int64  `json:"free_memory"`
	Cores      int    `json:"cores"`
	FreeCores  int    `json:"free_cores"`
	Containers int    `json:"containers"`
}

// Check looks whether jobs can be submitted: the version of Flink, the resource manager, the queue, machines that are large enough, and, where
// probe is set, whether the target's folder can be written. The report has what was found before an error, too.
func (c *Cluster) Check(ctx context.Context, probe bool) (*Report, error) {
	r := &Report{HadoopConf: c.confDir, Dir: c.target.Dir, Queue: c.target.Queue}
	if c.noFlink != nil {
		return r, c.noFlink
	}
	r.Flink, r.FlinkHome = c.flink.version, c.flink.home
	info, err := c.yarn.info(ctx)
	if err != nil {
		return r, c.unreachable(err)
	}
	r.ResourceManager, r.Hadoop = c.yarn.bases[c.yarn.current], info.Version
	nodes, err := c.yarn.nodes(ctx)
	if err != nil {
		return r, c.unreachable(err)
	}
	var largest int64
	for _, n := range nodes {
		m := Node{Name: n.ID, State: n.State, Memory: (n.UsedMB + n.FreeMB) << 20, FreeMemory: n.FreeMB << 20, Cores: n.UsedCores + n.FreeCores, FreeCores: n.FreeCores, Containers: n.Count}
		r.Nodes = append(r.Nodes, m)
		if n.State == "RUNNING" {
			largest = max(largest, m.Memory)
		}
	}
	if err := c.checkQueue(ctx, r); err != nil {
		return r, err
	}
	if largest == 0 {
		return r, problem(codeFit, "the cluster has no node manager that runs", "look at "+r.ResourceManager+"/cluster/nodes", nil)
	}
	for what, size := range map[string]int64{"taskmanager_memory": c.target.TaskManager, "jobmanager_memory": c.target.JobManager} {
		if size > largest {
			return r, problem(codeFit, fmt.Sprintf("no machine of the cluster is large enough: `%s` is %d MiB, and the largest node manager has %d MiB", what, size>>20, largest>>20),
				"lower it in weir.yaml", nil)
		}
	}
	if !probe {
		return r, nil
	}
	name := c.target.Dir + "/.probe-" + newRun()[:12]
	if err := write(ctx, c.storage, name, strings.NewReader("")); err != nil {
		return r, err
	}
	return r, c.storage.Remove(ctx, name)
}

func (c *Cluster) checkQueue(ctx context.Context, r *Report) error {
	queues, err := c.yarn.queues(ctx)
	if err != nil {
		return c.unreachable(err)
	}
	for _, q := range queues {
		r.Queues = append(r.Queues, q.Path)
	}
	want := c.target.Queue
	if want == "" || len(queues) == 0 {
		return nil
	}
	for _, q := range queues {
		if want != q.Name && want != q.Path {
			continue
		}
		if q.State != "" && q.State != "RUNNING" {
			return problem(codeFit, fmt.Sprintf("the queue %s takes no applications: it is %s", want, q.State), "", nil)
		}
		return nil
	}
	return problem(codeFit, "the cluster has no queue "+want, "it has "+strings.Join(r.Queues, ", "), nil)
}

func (c *Cluster) unreachable(err error) error {
	return problem(codeCluster, "the resource manager cannot be reached at "+strings.Join(c.yarn.bases, " or "),
		"the address is of yarn-site.xml in "+c.confDir+"; on Amazon EMR run weir on the primary node, or make a tunnel to it", err)
}

// hadoopClasspath finds the jars of Hadoop for Flink's client.
func hadoopClasspath(ctx context.Context) (string, error) {
	if s := os.Getenv("HADOOP_CLASSPATH"); s != "" {
		return s, nil
	}
	for _, name := range []string{fromHome("HADOOP_HOME", "bin", "hadoop"), "hadoop"} {
		if name == "" {
			continue
		}
		if program, err := exec.LookPath(name); err == nil {
			out, err := exec.CommandContext(ctx, program, "classpath").Output()
			if err == nil {
				return strings.TrimSpace(string(out)), nil
			}
		}
	}
	return "", problem(codeCluster, "the jars of Hadoop are not found, which Flink's client needs", "set HADOOP_CLASSPATH to what `hadoop classpath` prints, or HADOOP_HOME, or put hadoop on the PATH",
		nil)
}

// environment of Java programs of Flink and Hadoop.
func (c *Cluster) environment(ctx context.Context) ([]string, error) {
	classpath, err := hadoopClasspath(ctx)
	if err != nil {
		return nil, err
	}
	env := append(os.Environ(), "HADOOP_CLASSPATH="+classpath, "HADOOP_CONF_DIR="+c.confDir, "YARN_CONF_DIR="+c.confDir)
	if os.Getenv("JVM_ARGS") == "" {
		env = append(env, "JVM_ARGS=-XX:+UseSerialGC -XX:TieredStopAtLevel=1") // they live for seconds
	}
	return env, nil
}
