package project

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"weir/planner"
	"weir/runtime/flink/submit"
)

// yarnDefaults are what a target has where weir.yaml does not say.
func yarnDefaults() *submit.Target {
	return &submit.Target{KeyGroups: submit.DefaultKeyGroups, Slots: 1, TaskManager: submit.DefaultTaskManager, JobManager: submit.DefaultJobManager,
		CheckpointEvery: submit.DefaultCheckpointEvery}
}

// ours are options of Flink that Weir's correctness rests on, or that a key of the target sets.
var ours = map[string]string{
	"execution.checkpointing.mode":              "exactly-once is what a run promises",
	"execution.checkpointing.unaligned.enabled": "workers need aligned checkpoints",
	"execution.checkpointing.unaligned":         "workers need aligned checkpoints",
	"execution.checkpointing.interval":          "write `checkpoint_every`",
	"execution.checkpointing.dir":               "checkpoints are under `dir`",
	"state.checkpoints.dir":                     "checkpoints are under `dir`",
	"execution.runtime-mode":                    "the host runs as a stream",
	"execution.target":                          "a target of kind yarn has one application a run",
	"jobmanager.scheduler":                      "`weir scale` needs the adaptive scheduler",
	"parallelism.default":                       "write `parallelism`",
	"pipeline.max-parallelism":                  "write `key_groups`",
	"taskmanager.numberOfTaskSlots":             "write `slots`",
	"taskmanager.memory.process.size":           "write `taskmanager_memory`",
	"jobmanager.memory.process.size":            "write `jobmanager_memory`",
	"yarn.application.queue":                    "write `queue`",
	"yarn.provided.lib.dirs":                    "Weir uploads Flink once, to `dir`",
	"yarn.ship-files":                           "Weir ships its own program",
	"yarn.application.name":                     "Weir names applications after their pipelines",
	"yarn.tags":                                 "Weir finds its runs by their tags",
	"high-availability.type":                    "write `ha`",
	"high-availability":                         "write `ha`",
	"high-availability.zookeeper.quorum":        "write `ha`",
	"high-availability.storageDir":              "it is under `dir`",
	"execution.checkpointing.checkpoints-after-tasks-finish.enabled": "the last checkpoint commits the output",
}

// yarn reads a target of kind yarn: Flink on a YARN cluster.
func (p *parser) yarn(name string, n *yaml.Node) Target {
	t := Target{Kind: "yarn", Yarn: yarnDefaults()}
	y := t.Yarn
	places := map[string]*yaml.Node{}
	for key, v := range p.mapping(n, "target `"+name+"`", "kind", "flink_home", "hadoop_conf", "program", "dir", "root", "parallelism", "key_groups", "slots", "taskmanager_memory",
		"jobmanager_memory", "queue", "checkpoint_every", "ha", "flink", "scaling", "storage", "memory", "temp") {
		places[key] = v
		switch key {
		case "flink_home":
			y.FlinkHome = p.text(v)
		case "hadoop_conf":
			y.HadoopConf = p.text(v)
		case "program":
			y.Program = p.text(v)
		case "dir":
			y.Dir = strings.TrimRight(p.text(v), "/")
			if !strings.HasPrefix(y.Dir, "hdfs://") || strings.Count(y.Dir, "/") < 3 {
				p.report(v, "W6104", "`dir` is a folder in HDFS", "write hdfs://NAMENODE:PORT/user/me/weir, or hdfs:///user/me/weir for the cluster's default")
			}
		case "root":
			y.Root = p.text(v)
			if !strings.HasPrefix(y.Root, "hdfs://") && !strings.HasPrefix(y.Root, "s3://") && !strings.HasPrefix(y.Root, "/") {
				p.report(v, "W6104", "`root` is a folder that every machine of the cluster reaches", "write hdfs://…, s3://…, or the absolute path of a folder that all of them mount")
			}
		case "parallelism":
			t.Parallelism = p.number(v, key, 1, 1024)
		case "key_groups":
			y.KeyGroups = p.number(v, key, 1, 1<<15)
		case "slots":
			y.Slots = p.number(v, key, 1, 256)
		case "taskmanager_memory":
			y.TaskManager = p.size(v, key, 1<<30, 1<<40)
		case "jobmanager_memory":
			y.JobManager = p.size(v, key, 768<<20, 1<<40)
		case "queue":
			y.Queue = p.text(v)
		case "checkpoint_every":
			d, err := time.ParseDuration(p.text(v))
			if err != nil || d < 100*time.Millisecond || d > 24*time.Hour {
				p.report(v, "W6104", "`checkpoint_every` is a time from 100ms to 24h", "write 10s, say")
				continue
			}
			y.CheckpointEvery = d
		case "ha":
			p.ha(v, y)
		case "flink":
			y.Flink = p.flink(v)
		case "scaling":
			y.Scaling = p.scaling(v)
		case "storage":
			t.S3 = p.storage(v)
		case "memory", "temp":
			p.report(v, "W6104", "`"+key+"` belongs to targets of kind local", "a worker has what `taskmanager_memory` leaves it, and the temporary folders of its container")
		}
	}
	if y.Dir == "" && places["dir"] == nil {
		p.report(n, "W6104", "target `"+name+"` has no `dir`", "add dir: hdfs://…/weir, a folder for uploads, runs and checkpoints")
	}
	p.agree(t, places)
	return t
}

// agree looks at what several keys say together.
func (p *parser) agree(t Target, places map[string]*yaml.Node) {
	y := t.Yarn
	if y.KeyGroups > 0 && t.Parallelism > y.KeyGroups {
		p.report(places["parallelism"], "W6104", fmt.Sprintf("`parallelism` is %d, and there are %d key groups to share", t.Parallelism, y.KeyGroups), "raise `key_groups`")
	}
	if t.Parallelism > planner.MaxLocalParallelism {
		p.report(places["parallelism"], "W6104", fmt.Sprintf("`parallelism` is %d: a plan has at most %d tasks a stage", t.Parallelism, planner.MaxLocalParallelism),
			"`weir scale` can spread a run further")
	}
	if s := y.Scaling; y.KeyGroups > 0 && s.Max >= s.Min && s.Max > 0 {
		if s.Max > y.KeyGroups {
			p.report(places["scaling"], "W6104", fmt.Sprintf("`max` is %d, and there are %d key groups to share", s.Max, y.KeyGroups), "raise `key_groups`")
		}
		if t.Parallelism > 0 && (t.Parallelism < s.Min || t.Parallelism > s.Max) {
			p.report(places["parallelism"], "W6104", fmt.Sprintf("`parallelism` is %d, and `scaling` allows %d to %d", t.Parallelism, s.Min, s.Max), "")
		}
	}
}

func (p *parser) ha(n *yaml.Node, y *submit.Target) {
	y.Attempts = 3
	for key, v := range p.mapping(n, "`ha`", "zookeeper", "attempts") {
		switch key {
		case "zookeeper":
			y.ZooKeeper = p.text(v)
			for _, address := range strings.Split(y.ZooKeeper, ",") {
				host, port, err := net.SplitHostPort(strings.TrimSpace(address))
				if number, perr := strconv.Atoi(port); err != nil || perr != nil || host == "" || number < 1 || number > 65535 {
					p.report(v, "W6104", "`zookeeper` is host:port, several with commas", "write zk1:2181,zk2:2181,zk3:2181")
					break
				}
			}
		case "attempts":
			y.Attempts = p.number(v, key, 1, 1000)
		}
	}
	if y.ZooKeeper == "" {
		p.report(n, "W6104", "`ha` has no `zookeeper`", "write ha: {zookeeper: host:2181}")
	}
}

func (p *parser) flink(n *yaml.Node) map[string]string {
	out := map[string]string{}
	for key, v := range p.mapping(n, "`flink`") {
		if why, taken := ours[key]; taken {
			p.report(v, "W6104", "`"+key+"` is not to be set here", why)
			continue
		}
		if key == "" || strings.ContainsAny(key, " =\t\n") || strings.ContainsAny(v.Value, "\n\x00") {
			p.report(v, "W6104", "this is no option of Flink", "write name: value, as in Flink's own configuration")
			continue
		}
		out[key] = p.text(v)
	}
	return out
}

func (p *parser) scaling(n *yaml.Node) submit.Scaling {
	s := submit.Scaling{Min: 1}
	var places []*yaml.Node
	for key, v := range p.mapping(n, "`scaling`", "min", "max", "utilization") {
		places = append(places, v)
		switch key {
		case "min":
			s.Min = p.number(v, key, 1, 1<<15)
		case "max":
			s.Max = p.number(v, key, 1, 1<<15)
		case "utilization":
			if err := v.Decode(&s.Utilization); err != nil || !(s.Utilization > 0 && s.Utilization <= 1) {
				p.report(v, "W6104", "`utilization` is a share of the time, above 0 and up to 1", "write 0.7, say")
				s.Utilization = 0
			}
		}
	}
	switch {
	case s.Max == 0:
		p.report(n, "W6104", "`scaling` has no `max`", "write scaling: {min: 1, max: 8}")
	case s.Min > s.Max:
		p.report(places[0], "W6104", fmt.Sprintf("`min` is %d and `max` is %d", s.Min, s.Max), "")
	}
	return s
}

// number reads a whole number within bounds; 0 where it is none.
func (p *parser) number(v *yaml.Node, key string, low, high int) int {
	var n int
	if err := v.Decode(&n); err != nil || n < low || n > high {
		p.report(v, "W6104", fmt.Sprintf("`%s` is a whole number from %d to %d", key, low, high), "")
		return 0
	}
	return n
}
