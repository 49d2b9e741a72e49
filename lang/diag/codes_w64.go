package diag

// codesW64 are the codes of functions, aggregates and relational operators at run time, which stdlib/ gives.
var codesW64 = []CodeInfo{
	{"W6401", "a number that does not fit", "Ints, durations, sizes and timestamps have 64 bits. An expression whose value does not fit rejects the row; a sum that does not fit rejects the row of its group.", "", ""},
	{"W6402", "division by zero", "`//` and `%` have no value for a divisor of zero, and the row is rejected. `/` gives inf or NaN.", "let out = a |> derive(share = n // total)", "let out = a |> derive(share = if total == 0 { 0 } else { n // total })"},
	{"W6403", "a text that cannot be read", "A parse_… function wants another form; the message shows the text. try_parse_… gives null instead of rejecting the row.", "", ""},
	{"W6404", "a position or number out of range", "A position in a list, a count or a number of digits is outside what the function can take. The row is rejected.", "", ""},
	{"W6405", "a value that is too large", "A function makes values up to 256 MiB, and up to 1 GiB for one batch of rows.", "", ""},
	{"W6406", "a residue that a function does not know", "Masses and codons are defined for the letters of the alphabet; the message names the letter and where it stands. The row is rejected.", "", ""},
	{"W6410", "rows that do not fit into memory", "sort, distinct, aggregate and join hold rows or groups in memory. The message says which part and how large the task's share is: give more memory, reduce the rows before, or split the work over more tasks.", "", ""},
	{"W6411", "a state that cannot be read", "The snapshot of an operator is damaged or of another version. Resume from the checkpoint before it.", "", ""},
	{"W6420", "a row that lies nowhere in time", "event_time and window place rows by a column of type timestamp. A row in which it is null, or whose window would reach beyond the years 1678 to 2262, in which nanoseconds fit into 64 bits, is rejected.", "let b = a |> event_time(at)", "let b = a |> filter(at is not null) |> event_time(at)"},
}
