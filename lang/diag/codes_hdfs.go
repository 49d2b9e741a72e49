package diag

// codesHDFS are the codes of runtime/storage/hdfs. Each message names the path, what was being done, and the cluster's own words.
var codesHDFS = []CodeInfo{
	{"W6271", "an HDFS cluster that cannot be reached", "No name node answers at the path's address, or it is none: the port is that of RPC (often 8020 or 9000), not that of the web pages. `fs.defaultFS` in the cluster's core-site.xml has it.", "", ""},
	{"W6272", "a file of HDFS that cannot be read", "The message has the cause. Where a data node or the name node fails, reading goes on with another one or is tried again for a minute first.", "", ""},
	{"W6273", "a file of HDFS that cannot be written", "The message has the cause: a permission, a quota, safe mode, data nodes that are full or dead. What was written of the file is written again elsewhere for a minute first; nothing of it is visible.", "", ""},
	{"W6274", "a file of HDFS that cannot be put in its place", "Its segments are complete, and lie in `_tmp` beside the place. A run that is taken up again commits them; `weir storage clean` removes them.", "", ""},
	{"W6275", "Kerberos fails", "The cluster asks for it (`hadoop.security.authentication`). Tickets are those of KRB5CCNAME (`kinit` gets them), else the keytab that KRB5_CLIENT_KTNAME names; KRB5_CONFIG names krb5.conf.", "", ""},
	{"W6276", "Hadoop's configuration that makes no sense", "core-site.xml and hdfs-site.xml are looked for in HADOOP_CONF_DIR, then in HADOOP_HOME and /etc/hadoop/conf. A path is hdfs://HOST:PORT/…, hdfs://NAMESERVICE/… of hdfs-site.xml, or hdfs:///… for fs.defaultFS.", "", ""},
	{"W6277", "an erasure-coded or encrypted file of HDFS", "The client would take the coded or enciphered bytes for the file's. Copy it into another folder with `hdfs dfs -cp`.", "", ""},
}
