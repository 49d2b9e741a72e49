package explain

import (
	"encoding/json"
	"io"

	"weir/planner/physical"
)

// document is the JSON form: the plan itself, which `weir run` takes, and the model beside it.
type document struct {
	Version int             `json:"version"`
	Plan    json.RawMessage `json:"plan"`
	Reading *Model          `json:"reading"`
}

// JSON writes one document: the version of the form, the physical plan as physical.Encode has it, and the model as a
// reading aid.
func JSON(w io.Writer, p *physical.Plan, m *Model) error {
	plan, err := physical.Encode(p)
	if err != nil {
		return err
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(document{Version, plan, m})
}
