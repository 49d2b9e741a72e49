package diag

// codesW24 are the codes of event time and windows at compile time, which stdlib/relational gives.
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
}
