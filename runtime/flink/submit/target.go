// Package submit runs jobs on Flink on YARN from outside: it checks a cluster, uploads what a job needs, submits it, follows it, and controls it later from any
// machine that reaches the cluster's HDFS and YARN. What runs inside are the host (runtime/flink/host) and workers (runtime/flink/worker).
package submit

import "time"

// Target is the cluster and how a job runs there, as weir.yaml has it. Sizes are in bytes.
type Target struct {
	FlinkHome       string            // folder of Flink's distribution; "": FLINK_HOME
	HadoopConf      string            // folder of core-site.xml, hdfs-site.xml and yarn-site.xml; "": HADOOP_CONF_DIR
	Program         string            // the weir that the workers run; "": this program
	Dir             string            // folder in HDFS for what Weir keeps there: uploads, runs, checkpoints; without a trailing /
	Root            string            // folder of a store that relative paths are relative to; "": of the machine that each worker is on
	KeyGroups       int               // fixed at a job's first start
	Slots           int               // of a task manager
	TaskManager     int64             // the whole container
	JobManager      int64             // the whole container
	Queue           string            // "": the cluster's
	CheckpointEvery time.Duration     //
	ZooKeeper       string            // host:port,…; "": no high availability
	Attempts        int               // of the application master, with ZooKeeper
	Flink           map[string]string // further options of Flink, over all that Weir sets
	Scaling         Scaling
}

// Scaling bounds the parallelism that Flink may choose. The zero value leaves it as it is planned.
type Scaling struct {
	Min, Max    int
	Utilization float64 // that an autoscaler aims at, where the cluster's Flink has one; 0: none is asked for
}

// Defaults of a target.
const (
	DefaultParallelism     = 4
	DefaultKeyGroups       = 4096
	DefaultTaskManager     = 2 << 30
	DefaultJobManager      = 1 << 30
	DefaultCheckpointEvery = 10 * time.Second
)
