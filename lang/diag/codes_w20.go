package diag

// codesW20 are the codes of names, expressions, arguments and tests, which compiler/ gives. Every Wrong gives the code,
// and every Right does not: a test in compiler/ compiles them.
var codesW20 = []CodeInfo{
	{"W2001", "a name declared twice",
		"A file, with what it imports, has one declaration of a name. Types have names of their own.",
		"let a = read_fasta(\"a.fasta\")\n" +
			"let a = read_fasta(\"b.fasta\")\n" +
			"a |> print\n",
		"let a = read_fasta(\"a.fasta\")\n" +
			"let b = read_fasta(\"b.fasta\")\n" +
			"a |> print\n" +
			"b |> print\n"},
	{"W2002", "a file that cannot be imported",
		"The path of an import is relative to the file that it stands in.",
		"import \"no-such-file.flow\"\n" +
			"let a = read_fasta(\"a.fasta\")\n" +
			"a |> print\n",
		"let a = read_fasta(\"a.fasta\")\n" +
			"a |> print\n"},
	{"W2003", "files that import each other",
		"Imports have no cycles. What two files need from each other belongs in a third one.",
		"",
		""},
	{"W2004", "too many files",
		"A pipeline has at most 200 files, and imports nest at most 50 deep.",
		"",
		""},
	{"W2005", "a path that leaves the project",
		"A path in a file is relative to that file and stays under the project's root: the folder of the " +
			"nearest weir.yaml above, else the file's own. So a pipeline from elsewhere cannot read or write what " +
			"it should not. A path given by -p is not confined.",
		"let a = read_fasta(\"/etc/passwd\")\n" +
			"a |> print\n",
		"param input: path = \"a.fasta\"\n" +
			"let a = read_fasta(input)\n" +
			"a |> print\n"},
	{"W2006", "a declaration that needs itself",
		"There is no recursion: a let, a parameter or a type cannot need itself, not even by way of others. " +
			"The label shows the cycle.",
		"let a = read_fasta(\"a.fasta\")\n" +
			"let b = c\n" +
			"let c = b\n" +
			"a |> print\n",
		"let a = read_fasta(\"a.fasta\")\n" +
			"let b = a |> limit(1)\n" +
			"let c = b\n" +
			"c |> print\n"},
	{"W2007", "an fn that calls itself",
		"An fn is put in the place of its call, so it cannot call itself, not even by way of others. The " +
			"label shows the cycle.",
		"fn f(x: int): int = f(x) + 1\n" +
			"let a = read_fasta(\"a.fasta\")\n" +
			"a |> derive(n = f(1)) |> print\n",
		"fn f(x: int): int = x + 1\n" +
			"let a = read_fasta(\"a.fasta\")\n" +
			"a |> derive(n = f(1)) |> print\n"},
	{"W2008", "an fn with a name of the language",
		"An fn that were called like an operator, a function or an aggregate would change what others read.",
		"fn length(x: string): int = 3\n" +
			"let a = read_fasta(\"a.fasta\")\n" +
			"a |> print\n",
		"fn extent(x: string): int = 3\n" +
			"let a = read_fasta(\"a.fasta\")\n" +
			"a |> derive(n = extent(id)) |> print\n"},
	{"W2009", "a parameter without a value",
		"A parameter has a default, or the run gives it a value by -p. The parameters of an imported file " +
			"need defaults.",
		"param n: int\n" +
			"let a = read_fasta(\"a.fasta\")\n" +
			"a |> limit(n) |> print\n",
		"param n: int = 10\n" +
			"let a = read_fasta(\"a.fasta\")\n" +
			"a |> limit(n) |> print\n"},
	{"W2010", "-p for a parameter that is not there",
		"-p sets the parameters of the file that is run.",
		"",
		""},
	{"W2011", "a value of -p that does not fit",
		"-p name=value is read by the type of the parameter: text and paths need no quotes, the rest is " +
			"written as in a file: 100, 0.5, true, 30s, 128MiB, 2026-01-01T00:00:00Z; a list with commas between.",
		"",
		""},
	{"W2012", "a secret that is written down",
		"A secret is named after a variable of the environment; so its value is in no file.",
		"secret token = \"hush\"\n" +
			"let a = read_fasta(\"a.fasta\")\n" +
			"a |> print\n",
		"secret token = env(\"LAB_TOKEN\")\n" +
			"let a = read_fasta(\"a.fasta\")\n" +
			"a |> print\n"},
	{"W2013", "a secret used as a value",
		"A secret goes only where an option asks for one; so it comes into no plan, no log and no output.",
		"secret token = env(\"LAB_TOKEN\")\n" +
			"let a = read_fasta(\"a.fasta\")\n" +
			"a |> filter(id == token) |> print\n",
		"param name: string = \"x\"\n" +
			"let a = read_fasta(\"a.fasta\")\n" +
			"a |> filter(id == name) |> print\n"},
	{"W2014", "a program that grows too large",
		"There are caps on what a small file may grow into: operators of a plan (10,000), columns of a row " +
			"(10,000), nested types (60), fn within fn (100), parts of an expression (10,000). Whoever meets one " +
			"has most likely doubled something by mistake.",
		"",
		""},
	{"W2015", "an unknown type",
		"Types are bool, int, float, string, bytes, path, timestamp, duration, size, protein, dna, rna, " +
			"matrix, cigar, list<T>, { a: T, … }, T? for what may be null, and those that the file declares.",
		"type T = { n: integer }\n" +
			"let a = read_tsv(\"a.tsv\", as: T)\n" +
			"a |> print\n",
		"type T = { n: int }\n" +
			"let a = read_tsv(\"a.tsv\", as: T)\n" +
			"a |> print\n"},
	{"W2016", "a wrong element type",
		"list takes the type of its elements, and no other type takes any.",
		"type T = { n: list }\n" +
			"let a = read_jsonl(\"a.jsonl\", as: T)\n" +
			"a |> print\n",
		"type T = { n: list<int> }\n" +
			"let a = read_jsonl(\"a.jsonl\", as: T)\n" +
			"a |> print\n"},
	{"W2017", "a field that is there twice",
		"The fields of a record have different names.",
		"type T = { n: int, n: int }\n" +
			"let a = read_tsv(\"a.tsv\", as: T)\n" +
			"a |> print\n",
		"type T = { n: int, m: int }\n" +
			"let a = read_tsv(\"a.tsv\", as: T)\n" +
			"a |> print\n"},
	{"W2101", "an unknown name",
		"Where no row is at hand a name is a parameter or a constant.",
		"let a = read_fasta(\"a.fasta\")\n" +
			"a |> limit(most) |> print\n",
		"param most: int = 10\n" +
			"let a = read_fasta(\"a.fasta\")\n" +
			"a |> limit(most) |> print\n"},
	{"W2102", "an unknown function",
		"`weir ops` lists the functions; a file adds its own with fn.",
		"let a = read_fasta(\"a.fasta\")\n" +
			"a |> filter(lenght(sequence) > 30) |> print\n",
		"let a = read_fasta(\"a.fasta\")\n" +
			"a |> filter(length(sequence) > 30) |> print\n"},
	{"W2104", "an unknown field",
		"The record has no field of that name, or the value is no record.",
		"type T = { r: { x: int } }\n" +
			"let a = read_jsonl(\"a.jsonl\", as: T)\n" +
			"a |> filter(r.y > 1) |> print\n",
		"type T = { r: { x: int } }\n" +
			"let a = read_jsonl(\"a.jsonl\", as: T)\n" +
			"a |> filter(r.x > 1) |> print\n"},
	{"W2105", "types that do not go together",
		"An int becomes a float where one is wanted, and a sequence, path or CIGAR a string; nothing else is " +
			"converted by itself.",
		"let a = read_fasta(\"a.fasta\")\n" +
			"a |> filter(id > 3) |> print\n",
		"let a = read_fasta(\"a.fasta\")\n" +
			"a |> filter(length(id) > 3) |> print\n"},
	{"W2106", "a comparison with null",
		"Null is equal to nothing, not even to null: the comparison is null, and a filter drops the row. `is " +
			"null` asks.",
		"let a = read_fasta(\"a.fasta\")\n" +
			"a |> filter(description == null) |> print\n",
		"let a = read_fasta(\"a.fasta\")\n" +
			"a |> filter(description is null) |> print\n"},
	{"W2107", "a condition that is none",
		"filter, if, and, or and not want true or false: numbers and text are neither.",
		"let a = read_fasta(\"a.fasta\")\n" +
			"a |> filter(length(id)) |> print\n",
		"let a = read_fasta(\"a.fasta\")\n" +
			"a |> filter(length(id) > 0) |> print\n"},
	{"W2108", "a stream, or an fn, where a value is wanted",
		"A stream has rows; an expression has values. Two streams meet in join or union.",
		"let a = read_fasta(\"a.fasta\")\n" +
			"let b = read_fasta(\"b.fasta\")\n" +
			"a |> filter(id in b) |> print\n" +
			"b |> print\n",
		"let a = read_fasta(\"a.fasta\")\n" +
			"let b = read_fasta(\"b.fasta\")\n" +
			"a |> join(b, on: id) |> print\n"},
	{"W2109", "an aggregate where there is no group",
		"An aggregate takes the rows of a group together. It stands in aggregate only.",
		"type T = { n: int }\n" +
			"let a = read_tsv(\"a.tsv\", as: T)\n" +
			"a |> derive(s = sum(n)) |> print\n",
		"type T = { n: int }\n" +
			"let a = read_tsv(\"a.tsv\", as: T)\n" +
			"a |> aggregate(s = sum(n)) |> print\n"},
	{"W2110", "an operator where a value is wanted",
		"Operators take a stream and give one; they stand in a pipe.",
		"let a = read_fasta(\"a.fasta\")\n" +
			"a |> derive(n = limit(3)) |> print\n",
		"let a = read_fasta(\"a.fasta\")\n" +
			"a |> limit(3) |> print\n"},
	{"W2111", "`>` where `|>` is meant",
		"`>` compares two values; `|>` hands the rows on.",
		"let a = read_fasta(\"a.fasta\")\n" +
			"let b = a > limit(3)\n" +
			"b |> print\n",
		"let a = read_fasta(\"a.fasta\")\n" +
			"let b = a |> limit(3)\n" +
			"b |> print\n"},
	{"W2112", "arguments of a function that do not fit",
		"The hint, or the label, says what the function takes.",
		"let a = read_fasta(\"a.fasta\")\n" +
			"a |> filter(contains(id)) |> print\n",
		"let a = read_fasta(\"a.fasta\")\n" +
			"a |> filter(contains(id, \"x\")) |> print\n"},
	{"W2113", "a constant is wanted",
		"Most options must be known before the run: numbers, text, parameters and what is computed of them, " +
			"but no columns.",
		"let a = read_fasta(\"a.fasta\")\n" +
			"a |> limit(length(id)) |> print\n",
		"let a = read_fasta(\"a.fasta\")\n" +
			"a |> limit(10) |> print\n"},
	{"W2114", "a constant that does not work",
		"A constant is looked at before the run: a pattern that cannot be compiled, a division by zero, a " +
			"quantile above 1.",
		"let a = read_fasta(\"a.fasta\")\n" +
			"a |> filter(matches(id, \"a(\")) |> print\n",
		"let a = read_fasta(\"a.fasta\")\n" +
			"a |> filter(matches(id, \"a[(]\")) |> print\n"},
	{"W2115", "parts of different types",
		"The branches of an if, the elements of a list, and a value and its default have one type.",
		"let a = read_fasta(\"a.fasta\")\n" +
			"a |> derive(n = if id == \"x\" { 1 } else { \"none\" }) |> print\n",
		"let a = read_fasta(\"a.fasta\")\n" +
			"a |> derive(n = if id == \"x\" { 1 } else { 0 }) |> print\n"},
	{"W2116", "a column that cannot be had",
		"The operator has this column, but not with these arguments; the label says why, and what to do.",
		"",
		""},
	{"W2117", "a value that may be null",
		"Null is not allowed here. `??` says what stands for it, and behind `filter(x is not null)` x is not " +
			"null.",
		"let a = read_fasta(\"a.fasta\")\n" +
			"a |> pairs(as: (p, q)) |> align(p.description, q.sequence) |> print\n",
		"let a = read_fasta(\"a.fasta\")\n" +
			"a |> pairs(as: (p, q)) |> align(p.description ?? \"\", q.sequence) |> print\n"},
	{"W2118", "a column with many values in a group",
		"In aggregate, a column stands in an aggregate, or in by: it has as many values as the group has " +
			"rows.",
		"type T = { k: string, n: int }\n" +
			"let a = read_tsv(\"a.tsv\", as: T)\n" +
			"a |> aggregate(by: k, s = n) |> print\n",
		"type T = { k: string, n: int }\n" +
			"let a = read_tsv(\"a.tsv\", as: T)\n" +
			"a |> aggregate(by: k, s = first(n)) |> print\n"},
	{"W2119", "an aggregate in an aggregate",
		"The inner one gives one value a group, of which nothing is left to be taken together. Group twice.",
		"type T = { n: int }\n" +
			"let a = read_tsv(\"a.tsv\", as: T)\n" +
			"a |> aggregate(s = sum(mean(n))) |> print\n",
		"type T = { k: string, n: int }\n" +
			"let a = read_tsv(\"a.tsv\", as: T)\n" +
			"a |> aggregate(by: k, m = mean(n)) |> aggregate(s = sum(m)) |> print\n"},
	{"W2120", "a timestamp out of range",
		"Timestamps count nanoseconds in 64 bits: from the year 1678 to 2261.",
		"",
		""},
	{"W2201", "an unknown operator",
		"`weir ops` lists the operators; a file adds parts of pipelines with fn.",
		"let a = read_fasta(\"a.fasta\")\n" +
			"a |> filte(id == \"x\") |> print\n",
		"let a = read_fasta(\"a.fasta\")\n" +
			"a |> filter(id == \"x\") |> print\n"},
	{"W2202", "an argument is missing",
		"The hint shows how the operator is called.",
		"let a = read_fasta(\"a.fasta\")\n" +
			"a |> limit() |> print\n",
		"let a = read_fasta(\"a.fasta\")\n" +
			"a |> limit(10) |> print\n"},
	{"W2203", "an unknown option",
		"The label lists the options of the operator.",
		"let a = read_fasta(\"a.fasta\")\n" +
			"a |> pairs(as: (p, q), ordr: both) |> print\n",
		"let a = read_fasta(\"a.fasta\")\n" +
			"a |> pairs(as: (p, q), order: both) |> print\n"},
	{"W2204", "an argument given twice",
		"An argument given twice.",
		"let a = read_fasta(\"a.fasta\")\n" +
			"a |> pairs(as: (p, q), as: (r, s)) |> print\n",
		"let a = read_fasta(\"a.fasta\")\n" +
			"a |> pairs(as: (p, q)) |> print\n"},
	{"W2205", "an argument behind the options",
		"Arguments without a name come first, in their order; those with a name follow in any.",
		"let a = read_fasta(\"a.fasta\")\n" +
			"a |> pairs(as: (p, q)) |> align(mode: local, p.sequence, q.sequence) |> print\n",
		"let a = read_fasta(\"a.fasta\")\n" +
			"a |> pairs(as: (p, q)) |> align(p.sequence, q.sequence, mode: local) |> print\n"},
	{"W2206", "too many arguments",
		"Only what is required is written without a name; options are written `name: value`.",
		"let a = read_fasta(\"a.fasta\")\n" +
			"a |> limit(1, 2) |> print\n",
		"let a = read_fasta(\"a.fasta\")\n" +
			"a |> limit(1) |> print\n"},
	{"W2207", "an unknown word",
		"The option takes one of some words, which are written without quotes. The label lists them.",
		"let a = read_fasta(\"a.fasta\")\n" +
			"a |> pairs(as: (p, q), order: twice) |> print\n",
		"let a = read_fasta(\"a.fasta\")\n" +
			"a |> pairs(as: (p, q), order: both) |> print\n"},
	{"W2208", "an argument of another form",
		"The message says what is wanted: the name of a column, new names, a row type.",
		"let a = read_fasta(\"a.fasta\")\n" +
			"a |> pairs(as: (\"p\", \"q\")) |> print\n",
		"let a = read_fasta(\"a.fasta\")\n" +
			"a |> pairs(as: (p, q)) |> print\n"},
	{"W2210", "a column without a name",
		"A column that is computed is given a name.",
		"let a = read_fasta(\"a.fasta\")\n" +
			"a |> select(id, length(sequence)) |> print\n",
		"let a = read_fasta(\"a.fasta\")\n" +
			"a |> select(id, n = length(sequence)) |> print\n"},
	{"W2211", "a name that is there twice",
		"The columns of a row, and the names that one operator gives, differ.",
		"let a = read_fasta(\"a.fasta\")\n" +
			"a |> select(id, id = description) |> print\n",
		"let a = read_fasta(\"a.fasta\")\n" +
			"a |> select(id, text = description) |> print\n"},
	{"W2212", "a source behind a pipe",
		"A source begins a pipeline: it reads no rows. Streams are put together by union and join.",
		"let a = read_fasta(\"a.fasta\")\n" +
			"a |> read_fasta(\"b.fasta\") |> print\n",
		"let a = read_fasta(\"a.fasta\")\n" +
			"let b = read_fasta(\"b.fasta\")\n" +
			"a |> union(b) |> print\n"},
	{"W2213", "an operator without a stream",
		"A transform or a sink stands behind a pipe.",
		"let a = read_fasta(\"a.fasta\")\n" +
			"a |> print\n" +
			"limit(3) |> print\n",
		"let a = read_fasta(\"a.fasta\")\n" +
			"a |> limit(3) |> print\n"},
	{"W2214", "a sink in the middle",
		"A sink gives no rows. What comes before it can be named and used twice.",
		"let a = read_fasta(\"a.fasta\")\n" +
			"a |> print |> limit(3) |> print\n",
		"let a = read_fasta(\"a.fasta\")\n" +
			"a |> print\n" +
			"a |> limit(3) |> print\n"},
	{"W2215", "a let that ends in a sink",
		"A sink gives nothing that a name could stand for.",
		"let a = read_fasta(\"a.fasta\")\n" +
			"let b = a |> print\n",
		"let a = read_fasta(\"a.fasta\")\n" +
			"a |> print\n"},
	{"W2216", "a pipeline without an end",
		"A statement is a pipeline that ends in a sink; otherwise nothing would come of it.",
		"let a = read_fasta(\"a.fasta\")\n" +
			"a |> limit(3)\n",
		"let a = read_fasta(\"a.fasta\")\n" +
			"a |> limit(3) |> print\n"},
	{"W2217", "no stream where one is wanted",
		"A pipeline begins with a source, or with the name of a let that is a stream.",
		"let a = read_fasta(\"a.fasta\")\n" +
			"a |> print\n" +
			"b |> print\n",
		"let a = read_fasta(\"a.fasta\")\n" +
			"let b = a |> limit(1)\n" +
			"b |> print\n"},
	{"W2218", "an operator that would wait for ever",
		"It gives rows only when its input has ended, and this input never does. A window of event time makes ends in time; " +
			"limit makes one by number.",
		"type T = { n: int, at: timestamp }\n" +
			"let a = watch(\"in/\", format: jsonl, as: T)\n" +
			"a |> aggregate(n = count()) |> print\n",
		"type T = { n: int, at: timestamp }\n" +
			"let a = watch(\"in/\", format: jsonl, as: T)\n" +
			"a |> event_time(at) |> window(tumbling(5m)) |> aggregate(n = count()) |> print\n"},
	{"W2219", "an endless stream into one file",
		"A file becomes visible when the run ends. A folder of parts, a path that ends in `/`, grows as the " +
			"run goes on.",
		"type T = { n: int }\n" +
			"let a = watch(\"in/\", format: jsonl, as: T)\n" +
			"a |> write_jsonl(\"out.jsonl\")\n",
		"type T = { n: int }\n" +
			"let a = watch(\"in/\", format: jsonl, as: T)\n" +
			"a |> write_jsonl(\"out/\")\n"},
	{"W2220", "an operator that is not there yet",
		"It is documented, and what it does is settled; this release cannot run it.",
		"",
		""},
	{"W2221", "no such side output",
		"`name.rejected` has the rows that the operators of a let could not read or compute; a window adds " +
			"`name.late`. An operator that rejects nothing has none.",
		"let a = read_fasta(\"a.fasta\")\n" +
			"a |> print\n" +
			"a.late |> print\n",
		"let a = read_fasta(\"a.fasta\")\n" +
			"a |> print\n" +
			"a.rejected |> write_jsonl(\"rejected.jsonl\")\n"},
	{"W2222", "a path that is written twice",
		"The second would replace the first.",
		"let a = read_fasta(\"a.fasta\")\n" +
			"a |> write_jsonl(\"out.jsonl\")\n" +
			"a |> limit(3) |> write_jsonl(\"out.jsonl\")\n",
		"let a = read_fasta(\"a.fasta\")\n" +
			"a |> write_jsonl(\"out.jsonl\")\n" +
			"a |> limit(3) |> write_jsonl(\"some.jsonl\")\n"},
	{"W2223", "a path that is read and written",
		"The run would replace its own input.",
		"let a = read_fasta(\"a.fasta\")\n" +
			"a |> write_jsonl(\"a.fasta\")\n",
		"let a = read_fasta(\"a.fasta\")\n" +
			"a |> write_jsonl(\"a.jsonl\")\n"},
	{"W2224", "an unknown constructor",
		"The option is written as a name with arguments; the label lists the names.",
		"let a = read_fasta(\"a.fasta\")\n" +
			"a |> pairs(as: (p, q)) |> align(p.sequence, q.sequence, gap: 11) |> print\n",
		"let a = read_fasta(\"a.fasta\")\n" +
			"a |> pairs(as: (p, q)) |> align(p.sequence, q.sequence, gap: affine(open: 11, extend: 1)) |> print\n"},
	{"W2225", "a wrong number of names",
		"A wrong number of names.",
		"let a = read_fasta(\"a.fasta\")\n" +
			"a |> pairs(as: (p, q, r)) |> print\n",
		"let a = read_fasta(\"a.fasta\")\n" +
			"a |> pairs(as: (p, q)) |> print\n"},
	{"W2226", "`=` where `:` is meant, or the other way round",
		"`name: value` sets an option, `name = expression` defines a column.",
		"let a = read_fasta(\"a.fasta\")\n" +
			"a |> derive(n: length(sequence)) |> print\n",
		"let a = read_fasta(\"a.fasta\")\n" +
			"a |> derive(n = length(sequence)) |> print\n"},
	{"W2227", "an operator that gives no row",
		"The operator does not say what its rows are. That is a fault of Weir: please report it.",
		"",
		""},
	{"W2228", "a default that cannot be read",
		"The declaration of the operator is at fault, not the pipeline: please report it.",
		"",
		""},
	{"W2229", "a window that is lost",
		"Behind `window` a row knows its window by the columns window_start and window_end, and the aggregate groups by " +
			"them. What stands between the two works row by row, and keeps both columns as they are.",
		"type T = { id: string, at: timestamp, n: int }\n" +
			"let a = watch(\"in/\", format: jsonl, as: T) |> event_time(at)\n" +
			"a |> window(tumbling(5m)) |> select(id, n) |> aggregate(by: id, total = sum(n)) |> write_jsonl(\"out/\")\n",
		"type T = { id: string, at: timestamp, n: int }\n" +
			"let a = watch(\"in/\", format: jsonl, as: T) |> event_time(at)\n" +
			"a |> window(tumbling(5m)) |> aggregate(by: id, total = sum(n)) |> write_jsonl(\"out/\")\n"},
	{"W2601", "a test of what is not there",
		"given and expect name the let and the parameters of the file.",
		"let a = read_fasta(\"a.fasta\")\n" +
			"let b = a |> select(id)\n" +
			"b |> print\n" +
			"test \"t\" {\n" +
			"  expect c = []\n" +
			"}\n",
		"let a = read_fasta(\"a.fasta\")\n" +
			"let b = a |> select(id)\n" +
			"b |> print\n" +
			"test \"t\" {\n" +
			"  expect b = []\n" +
			"}\n"},
	{"W2602", "rows are wanted",
		"Rows are a list of records.",
		"let a = read_fasta(\"a.fasta\")\n" +
			"let b = a |> select(id)\n" +
			"b |> print\n" +
			"test \"t\" {\n" +
			"  given a = [{ id: \"x\", sequence: \"MK\" }]\n" +
			"  expect b = [\"x\"]\n" +
			"}\n",
		"let a = read_fasta(\"a.fasta\")\n" +
			"let b = a |> select(id)\n" +
			"b |> print\n" +
			"test \"t\" {\n" +
			"  given a = [{ id: \"x\", sequence: \"MK\" }]\n" +
			"  expect b = [{ id: \"x\" }]\n" +
			"}\n"},
	{"W2603", "a column that the rows have not",
		"The rows of a test have the columns of what they stand for.",
		"let a = read_fasta(\"a.fasta\")\n" +
			"let b = a |> select(id)\n" +
			"b |> print\n" +
			"test \"t\" {\n" +
			"  given a = [{ id: \"x\", sequence: \"MK\" }]\n" +
			"  expect b = [{ idd: \"x\" }]\n" +
			"}\n",
		"let a = read_fasta(\"a.fasta\")\n" +
			"let b = a |> select(id)\n" +
			"b |> print\n" +
			"test \"t\" {\n" +
			"  given a = [{ id: \"x\", sequence: \"MK\" }]\n" +
			"  expect b = [{ id: \"x\" }]\n" +
			"}\n"},
	{"W2604", "a row that lacks a column",
		"A row that is given has all columns, save those that may be null. The rows that are expected have " +
			"the same columns each.",
		"let a = read_fasta(\"a.fasta\")\n" +
			"let b = a |> select(id)\n" +
			"b |> print\n" +
			"test \"t\" {\n" +
			"  given a = [{ sequence: \"MK\" }]\n" +
			"  expect b = [{ id: \"x\" }]\n" +
			"}\n",
		"let a = read_fasta(\"a.fasta\")\n" +
			"let b = a |> select(id)\n" +
			"b |> print\n" +
			"test \"t\" {\n" +
			"  given a = [{ id: \"x\", sequence: \"MK\" }]\n" +
			"  expect b = [{ id: \"x\" }]\n" +
			"}\n"},
	{"W2606", "two tests of one name",
		"A test is reported, and picked, by its name.",
		"let a = read_fasta(\"a.fasta\")\n" +
			"let b = a |> select(id)\n" +
			"b |> print\n" +
			"test \"t\" {\n" +
			"  given a = [{ id: \"x\", sequence: \"MK\" }]\n" +
			"  expect b = [{ id: \"x\" }]\n" +
			"}\n" +
			"test \"t\" {\n" +
			"  given a = [{ id: \"x\", sequence: \"MK\" }]\n" +
			"  expect b = []\n" +
			"}\n",
		"let a = read_fasta(\"a.fasta\")\n" +
			"let b = a |> select(id)\n" +
			"b |> print\n" +
			"test \"t\" {\n" +
			"  given a = [{ id: \"x\", sequence: \"MK\" }]\n" +
			"  expect b = [{ id: \"x\" }]\n" +
			"}\n"},
	{"W2607", "a test that expects nothing",
		"It could not fail.",
		"let a = read_fasta(\"a.fasta\")\n" +
			"let b = a |> select(id)\n" +
			"b |> print\n" +
			"test \"t\" {\n" +
			"  given a = []\n" +
			"}\n",
		"let a = read_fasta(\"a.fasta\")\n" +
			"let b = a |> select(id)\n" +
			"b |> print\n" +
			"test \"t\" {\n" +
			"  given a = []\n" +
			"  expect b = []\n" +
			"}\n"},
}
