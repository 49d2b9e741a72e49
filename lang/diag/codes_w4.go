package diag

// CodesW4 are the codes of planning, which planner/ gives.
var CodesW4 = []CodeInfo{
	{"W4001", "an unknown target",
		"A plan is made for a target. This release has one: `local`, this machine.", "", ""},
	{"W4002", "a parallelism out of range",
		"A stage has from 1 to 128 tasks on one machine: rows of a key lie in one of 128 key groups, and a task has at least one.", "", ""},
	{"W4003", "an unknown rule",
		"A planner's rule can be switched off by its name, to see what it does. The hint lists the names.", "", ""},
	{"W4004", "nothing to run",
		"A pipeline runs because a sink wants its rows. A file of lets alone describes streams that nobody reads.",
		"let kept = read_fasta(\"a.fasta\") |> filter(length(sequence) > 30)",
		"let kept = read_fasta(\"a.fasta\") |> filter(length(sequence) > 30)\n\nkept |> write_fasta(\"kept.fasta\")"},
	{"W4005", "an operator that cannot be run yet",
		"The language knows this operator and its documentation, and a pipeline with it can be checked; its implementation is to come.", "", ""},
	{"W4900", "a rule has broken the plan",
		"After each rule the plan is checked: its graph, its rows, its keys and its order. A plan that fails is not run. This is a bug of " +
			"Weir, never of the pipeline: please report it. Switching the rule off gives the same results, more slowly.", "", ""},
}
