package submit

import (
	"encoding/json"
	"errors"
	"strings"

	"weir/runtime/flink/protocol"
	"weir/runtime/op"
	"weir/runtime/stage"
)

// failureMark stands before the JSON of a worker's failure in the message of an exception (docs/flink.md).
const failureMark = "weir-failure:"

// parseFailure finds what a worker has failed with in a stack trace; nil where there is none.
func parseFailure(trace string) *protocol.Failure {
	_, rest, found := strings.Cut(trace, failureMark)
	if !found {
		return nil
	}
	var f protocol.Failure
	if json.NewDecoder(strings.NewReader(rest)).Decode(&f) != nil {
		return nil
	}
	return &f
}

// failureError is the error that a local run would have ended with.
func failureError(f *protocol.Failure) error {
	if f.Bug {
		what := f.Message
		if _, rest, ok := strings.Cut(what, "a bug in "+f.Node+": "); ok {
			what = rest
		}
		return &stage.Bug{Node: f.Node, What: what, Stack: []byte(f.Stack)}
	}
	e := &op.Error{Code: f.Code, Message: f.Message, Hint: f.Hint, Node: f.Node, File: f.File, Record: f.Record, Line: f.Line, Byte: f.Byte}
	if f.Cause != "" {
		e.Err = errors.New(f.Cause)
	}
	return e
}

// explain makes an error of an exception of Flink.
func explain(trace, run string) error {
	if f := parseFailure(trace); f != nil {
		return failureError(f)
	}
	what := reason(trace)
	if what == "" {
		what = "Flink does not say why"
	}
	return problem(codeLost, "the run failed on the cluster: "+what, "`weir logs "+short(run)+"` shows what its containers have said", nil)
}
