package diag

// codesW24 are the codes of event time, windows and watched folders at compile time, which stdlib/relational and stdlib/tabular give.
var codesW24 = []CodeInfo{
	{"W2420", "a window without event time",
		"Windows are of the time at which events happened, and a column has it. `event_time(column)` names it; what stands between it and the window keeps it. A column that is " +
			"computed is derived first.",
		"type T = { id: string, at: timestamp }\n" +
			"let a = watch(\"in/\", format: jsonl, as: T)\n" +
			"a |> window(tumbling(5m)) |> aggregate(by: id, n = count()) |> write_jsonl(\"out/\")\n",
		"type T = { id: string, at: timestamp }\n" +
			"let a = watch(\"in/\", format: jsonl, as: T) |> event_time(at)\n" +
			"a |> window(tumbling(5m)) |> aggregate(by: id, n = count()) |> write_jsonl(\"out/\")\n"},
	{"W2430", "a folder that is looked at too often",
		"The shortest `poll` is a millisecond. Every look lists the folder.",
		"type T = { n: int }\n" +
			"watch(\"in/\", format: jsonl, as: T, poll: 0s) |> write_jsonl(\"out/\")\n",
		"type T = { n: int }\n" +
			"watch(\"in/\", format: jsonl, as: T, poll: 10s) |> write_jsonl(\"out/\")\n"},
	{"W2431", "standard input is no folder",
		"`watch` waits for files in a folder. Rows that come through standard input are read by read_jsonl, read_csv and read_tsv, as they come.",
		"type T = { n: int }\n" +
			"watch(\"-\", format: jsonl, as: T) |> write_jsonl(\"out/\")\n",
		"type T = { n: int }\n" +
			"read_jsonl(\"-\", as: T) |> write_jsonl(\"out/\")\n"},
}
