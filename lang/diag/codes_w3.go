package diag

// CodesW3 are the codes of lint: warnings about what works, but is hardly meant.
var CodesW3 = []CodeInfo{
	{"W3001", "a suppression that suppresses nothing",
		"`# weir:allow CODE reason` silences a warning of its own line, or of the next line where it stands alone. This one meets no " +
			"such warning; or it names an error, and errors cannot be silenced.",
		"# weir:allow W3104 reviewed\nlet a = 1", "let a = 1"},
	{"W3002", "a suppression without a reason",
		"Whoever reads the pipeline later must see why the warning does not count here.",
		"# weir:allow W3104", "# weir:allow W3104 the column is checked downstream"},
	{"W3003", "a suppression of an unknown code", "There is no diagnostic with this code.",
		"# weir:allow W9999 why", "# weir:allow W3104 why"},
}
