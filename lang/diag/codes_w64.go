package diag

// codesW64 are the codes of functions, aggregates and relational operators at run time, which stdlib/ gives.
var codesW64 = []CodeInfo{
	{"W6401", "a number that does not fit", "Ints, durations, sizes and timestamps have 64 bits. An expression whose value does not fit rejects the row; a sum that does not fit rejects the row of its group.", "", ""},
	{"W6402", "division by zero", "`//` and `%` have no value for a divisor of zero, and the row is rejected. `/` gives inf or NaN.", "let out = a |> derive(share = n // total)", "let out = a |> derive(share = if total == 0 { 0 } else { n // total })"},
	{"W6403", "a text that cannot be read", "A parse_… function wants another form; the message shows the text. try_parse_… gives null instead of rejecting the row.", "", ""},
	{"W6404", "a position or number out of range", "A position in a list, a count or a number of digits is outside what the function can take. The row is rejected.", "", ""},
	{"W6405", "a value that is too large", "A function makes values up to 256 MiB, and up to 1 GiB for one batch of rows.", "", ""},
	{"W6406", "a residue that a function does not know", "Masses and codons are defined for the letters of the alphabet; the message names the letter and where it stands. The row is rejected.", "", ""},
	{"W6410", "rows that do not fit into memory", "Rows and groups that do not fit into memory go to disk. What must be looked up at once, as rows come, cannot: open sessions, and the rows of a live stream that lie within a quarter of a join's `within` (at least a second) of each other. Give more memory, let less time pass before they are done, select fewer columns before, or split the work over more tasks.", "", ""},
	{"W6411", "a state that cannot be read", "The snapshot of an operator is damaged or of another version. Resume from the checkpoint before it.", "", ""},
	{"W6420", "a row that lies nowhere in time", "event_time and window place rows by a column of type timestamp. A row in which it is null, or whose window would reach beyond the years 1678 to 2262, in which nanoseconds fit into 64 bits, is rejected.", "let b = a |> event_time(at)", "let b = a |> filter(at is not null) |> event_time(at)"},
	{"W6421", "a row that comes too late to be joined", "A join with `within` forgets rows when event time has passed them by so much. A row that is behind event time may have lost its partners, so it is rejected: take `.rejected`, or give event_time a longer out_of_order.", "let a = watch(\"a/\", format: jsonl, as: T) |> event_time(at)", "let a = watch(\"a/\", format: jsonl, as: T) |> event_time(at, out_of_order: 1m)"},
}
