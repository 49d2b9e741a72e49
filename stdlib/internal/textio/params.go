package textio

import "weir/runtime/op"

// codeReplace is the code of an `if_exists` that makes no sense; lang/diag explains it.
const codeReplace = "W2808"

// ifExistsParam says what becomes of a file that is there already.
var ifExistsParam = op.Param{Name: "if_exists", Kind: op.Word, Words: []string{"replace", "fail"},
	Doc: "What happens to a file that is there already: `replace`, as by default, puts the new one in its place when the run ends; with `fail` the run does not begin, and a file that " +
		"appears meanwhile stays as it is. A folder that has parts is always refused."}

// Params are the parameters that all writers of files have beside `path`.
var Params = []op.Param{rollParam, ifExistsParam}

// Check reports arguments of Params that make no sense.
func Check(t *op.Typing) {
	checkRoll(t)
	if IsFolder(t.Args.Text("path")) && t.Args.Word(ifExistsParam.Name) == "replace" {
		t.Errorf(ifExistsParam.Name, codeReplace, "a folder of parts is not replaced: remove it before, or name another one")
	}
}

// SinkOf makes the sink that the arguments of a writer ask for; format is the suffix of parts.
func SinkOf(a op.Args, format string) Sink {
	return Sink{Path: a.Text("path"), Format: format, Roll: rollOf(a), MustNotExist: a.Word(ifExistsParam.Name) == "fail"}
}
