package diag

// codesW65 are the codes of runs on a cluster, which runtime/flink/submit gives.
var codesW65 = []CodeInfo{
	{"W6501", "a cluster that cannot be reached", "The resource manager's address is of yarn-site.xml in the folder that `hadoop_conf` or HADOOP_CONF_DIR names. `weir cluster` looks at all that a run needs.", "", ""},
	{"W6502", "a Flink that cannot be used", "Runs on YARN use Flink's 1.20 line, in the folder that `flink_home` or FLINK_HOME names: its bin/flink submits them, its lib and plugins are uploaded once.", "", ""},
	{"W6503", "a cluster that a run does not fit into", "It has no such queue, or no machine that is large enough for a container.", "", ""},
	{"W6504", "a run that cannot be submitted", "Flink's client, or YARN, has refused it; the message is theirs.", "", ""},
	{"W6505", "a run whose end is not explained", "It ended, and no worker has said why: `weir logs` shows what its containers have said. Where checkpoints are there, `weir resume` goes on from the last one.", "", ""},
	{"W6506", "a run that is not there", "A run is named by its ID, a beginning of the ID that no other run has, its application in YARN, or, to be resumed, by a savepoint. `weir status` lists the runs of a target.", "", ""},
	{"W6507", "something that a run on a cluster does not do", "The message says why: it has ended, or has not, or Flink has refused.", "", ""},
}
