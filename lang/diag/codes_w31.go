package diag

// codesW31 are the codes of what is not used, decides nothing or means two things, which compiler/lint gives; tested as codesW20 are.
var codesW31 = []CodeInfo{
	{"W3101", "a let that is not used",
		"Nothing refers to it, so it is not computed.",
		"let a = read_fasta(\"a.fasta\")\n" +
			"let b = a |> limit(1)\n" +
			"a |> print\n",
		"let a = read_fasta(\"a.fasta\")\n" +
			"a |> print\n"},
	{"W3102", "a parameter that is not used",
		"Setting it changes nothing.",
		"param n: int = 1\n" +
			"let a = read_fasta(\"a.fasta\")\n" +
			"a |> print\n",
		"param n: int = 1\n" +
			"let a = read_fasta(\"a.fasta\")\n" +
			"a |> limit(n) |> print\n"},
	{"W3103", "an fn that is not used",
		"An fn that is not used.",
		"fn f(x: int): int = x\n" +
			"let a = read_fasta(\"a.fasta\")\n" +
			"a |> print\n",
		"let a = read_fasta(\"a.fasta\")\n" +
			"a |> print\n"},
	{"W3104", "a type that is not used",
		"A type that is not used.",
		"type T = { n: int }\n" +
			"let a = read_fasta(\"a.fasta\")\n" +
			"a |> print\n",
		"type T = { n: int }\n" +
			"let a = read_tsv(\"a.tsv\", as: T)\n" +
			"a |> print\n"},
	{"W3105", "rows that come to no sink",
		"The let is used, but what uses it is not written, so it is not computed.",
		"let a = read_fasta(\"a.fasta\")\n" +
			"let b = a |> limit(1)\n" +
			"a |> print\n" +
			"test \"t\" {\n" +
			"  given a = []\n" +
			"  expect b = []\n" +
			"}\n",
		"let a = read_fasta(\"a.fasta\")\n" +
			"let b = a |> limit(1)\n" +
			"b |> print\n"},
	{"W3106", "an import that is not used",
		"An import that is not used.",
		"",
		""},
	{"W3107", "a secret that is not used",
		"A secret that is not used.",
		"secret token = env(\"LAB_TOKEN\")\n" +
			"let a = read_fasta(\"a.fasta\")\n" +
			"a |> print\n",
		"let a = read_fasta(\"a.fasta\")\n" +
			"a |> print\n"},
	{"W3201", "a condition that decides nothing",
		"It is the same for every row. A parameter may switch a filter on and off; a literal is hardly meant.",
		"let a = read_fasta(\"a.fasta\")\n" +
			"a |> filter(true) |> print\n",
		"let a = read_fasta(\"a.fasta\")\n" +
			"a |> print\n"},
	{"W3202", "a question whose answer is known",
		"The type of the value says that it is never null here.",
		"let a = read_fasta(\"a.fasta\")\n" +
			"a |> filter(id is not null) |> print\n",
		"let a = read_fasta(\"a.fasta\")\n" +
			"a |> filter(description is not null) |> print\n"},
	{"W3203", "a default that is never used",
		"The type of the value says that it is never null here.",
		"let a = read_fasta(\"a.fasta\")\n" +
			"a |> derive(n = id ?? \"none\") |> print\n",
		"let a = read_fasta(\"a.fasta\")\n" +
			"a |> derive(n = description ?? \"none\") |> print\n"},
	{"W3204", "a comparison with itself",
		"A value is equal to itself, save NaN.",
		"let a = read_fasta(\"a.fasta\")\n" +
			"a |> filter(id == id) |> print\n",
		"let a = read_fasta(\"a.fasta\")\n" +
			"a |> filter(id == description) |> print\n"},
	{"W3301", "a name with two meanings",
		"Columns come before parameters and constants, so the parameter is not reached here. Whoever reads " +
			"the line may take it for the other.",
		"param id: string = \"x\"\n" +
			"let a = read_fasta(\"a.fasta\")\n" +
			"a |> filter(id == \"y\") |> print\n",
		"param name: string = \"x\"\n" +
			"let a = read_fasta(\"a.fasta\")\n" +
			"a |> filter(id == name) |> print\n"},
}
