package diag

// CodesW6 are the codes of running, which runtime/ and cmd/ give.
var CodesW6 = []CodeInfo{
	{"W6001", "a plan that cannot be run", "The plan names an operator, a column or a stage that is not there, or has another version. A plan is run by the version of Weir that made it: make it anew with `weir plan --save`.", "", ""},
	{"W6002", "an operator that cannot run yet", "The language knows the operator, and this version has no implementation. `weir ops` lists those that can run.", "", ""},
	{"W6003", "an operator failed", "The message names the operator and the cause. Nothing of the run's output is visible.", "", ""},
	{"W6004", "a temporary file that cannot be written", "Rows that do not fit into memory go to a temporary file. Make room in that folder, or name another one with --temp.", "", ""},
	{"W6005", "a temporary file that is damaged", "What was read back is not what was written, by its checksum: the disk or the memory of the machine is at fault.", "", ""},
	{"W6006", "the run was interrupted", "It was stopped from outside. Outputs that become visible as a whole, which is all but print and standard output, are as they were before.", "", ""},
	{"W6007", "no checkpoint can be used", "Every checkpoint of the folder is damaged or cut short: its checksums do not fit. Begin the run anew with another folder.", "", ""},
	{"W6008", "a checkpoint that a run cannot be taken up from", "The pipeline, its input or its parallelism is not what it was, in a way that matters to the state that is kept. The message says in which.", "", ""},
	{"W6201", "a file that cannot be read", "The message names the file and the cause. A path in a pipeline is relative to the file it stands in, one given with -p to the working directory.", "", ""},
	{"W6202", "a file that cannot be created", "The folder may not be written, or the name is that of a folder: to write several files into it end the path with a slash.", "", ""},
	{"W6203", "a file that cannot be written", "The disk is full, or failed. Nothing of the file is visible: what was there before is unchanged.", "", ""},
	{"W6204", "a file that cannot be put in its place", "It is complete and lies beside its place under the name that the message gives, but could not be renamed.", "", ""},
	{"W6205", "a storage that is not there yet", "Only files of this machine can be read and written so far: copy the data and name a local path.", "", ""},
	{"W6206", "a pattern that cannot be understood", "In a path * stands for any characters but /, ? for one, and [ab] for one of these.", "", ""},
	{"W6207", "a folder that has the parts of another run", "The parts of two runs would be taken for one result. Remove the old parts, or name another folder.", "", ""},
	{"W6208", "a writer that cannot be resumed", "A single file becomes visible when the run ends, and cannot be gone on with after a failure. A folder of parts can.", "", ""},
	{"W6221", "a line that is not JSON", "Each line of the file is one JSON object. The message gives the column and what is wanted there. The line is rejected.", "", ""},
	{"W6222", "a value of another type", "What the file has is not of the type that `as` says, or does not fit into it. The record is rejected.", "", ""},
	{"W6223", "a value that is missing", "It is null or not there, and the type does not allow that: T? does. The record is rejected.", "", ""},
	{"W6224", "a record that is not UTF-8", "Text is read as UTF-8. `iconv` converts other encodings. The record is rejected.", "", ""},
	{"W6225", "a record that is too long", "A record has at most 64 MiB, so that memory is bounded. It is rejected.", "", ""},
	{"W6226", "quotes that do not go together", "A field that begins with a quote ends with one, and a quote within it is doubled. The record is rejected.", "", ""},
	{"W6227", "a record with another number of fields", "Every record of a table has as many fields as its header. The record is rejected.", "", ""},
	{"W6228", "a header that does not go with the type", "Columns are found by their names in the header. `header: false` takes them by their order.", "", ""},
}
