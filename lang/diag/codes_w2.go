package diag

// CodesW2 are the codes of names and types, which compiler/ gives.
var CodesW2 = []CodeInfo{
	{"W2103", "an unknown column",
		"The row at this place of the pipe has no such column. The label lists those that it has.",
		"let a = read_fasta(\"a.fasta\") |> filter(lenght(sequenc) > 3)", "let a = read_fasta(\"a.fasta\") |> filter(length(sequence) > 3)"},
}
