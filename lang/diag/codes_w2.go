package diag

// CodesW2 are the codes of names and types, which compiler/ gives.
var CodesW2 = []CodeInfo{
	{"W2103", "an unknown column",
		"The row at this place of the pipe has no such column. The label lists those that it has.",
		"let a = read_fasta(\"a.fasta\") |> filter(lenght(sequenc) > 3)", "let a = read_fasta(\"a.fasta\") |> filter(length(sequence) > 3)"},
	{"W2301", "an alignment's scheme that makes no sense", "The matrix, the gap costs and the free ends together say what an alignment is worth.",
		"let hits = p |> align(a, b, gap: affine(open: 11, extend: -1))", "let hits = p |> align(a, b, gap: affine(open: 11, extend: 1))"},
	{"W2302", "a value that is no sequence where one is aligned", "Sequences are of type protein, dna, rna or string.", "", ""},
	{"W2303", "a matrix for another kind of sequence", "A matrix for proteins has no scores for nucleic acids, and the other way round.", "", ""},
	{"W2304", "a sequence that may be null", "Only a sequence can be aligned. A filter `x is not null` narrows the type behind it.",
		"let hits = p |> align(a, b)", "let hits = p |> filter(a is not null and b is not null) |> align(a, b)"},
	{"W2305", "a column of that name is there already", "An operator adds columns under fixed names. What is there under such a name is renamed before.",
		"let hits = p |> align(a, b)", "let hits = p |> rename(old_score = score) |> align(a, b)"},
	{"W2306", "two records under one name", "Each record of a pair needs a name of its own.", "let q = p |> pairs(as: (a, a))", "let q = p |> pairs(as: (a, b))"},
	{"W2308", "no E-values for a scheme", "E-values need the statistical parameters of matrix and gap costs, which are known for local alignments with the toolkit's matrices and some gap costs.", "", ""},
	{"W2307", "a number of hits out of range", "`top` is a number from 1 to 1,000,000.", "", ""},
}
