package submit

import (
	"errors"

	"weir/runtime/op"
)

// The codes of what goes wrong around a cluster (lang/diag has their text).
const (
	codeCluster = "W6501" // it cannot be reached, or its configuration is not there
	codeFlink   = "W6502" // a Flink that cannot be used
	codeFit     = "W6503" // it has no such queue, or no machine large enough
	codeSubmit  = "W6504" // the job could not be submitted
	codeLost    = "W6505" // the run ended, and no worker has said why
	codeRun     = "W6506" // no such run
	codeControl = "W6507" // Flink does not do what is asked for
)

// Environment reports that an error is one of the configuration or the environment, and not of a run.
func Environment(err error) bool {
	var e *op.Error
	return errors.As(err, &e) && (e.Code == codeCluster || e.Code == codeFlink || e.Code == codeFit || e.Code == codeRun)
}

func problem(code, message, hint string, err error) error {
	return &op.Error{Code: code, Message: message, Hint: hint, Err: err}
}
