package physical

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
)

// Caps of a plan's JSON. maxNesting bounds the sum over all bytes of how deep they are nested, which is what decoding
// costs.
const (
	MaxSize    = 64 << 20
	maxNesting = 1 << 29
)

// Encode writes the plan as indented JSON, its hash filled in.
func Encode(p *Plan) ([]byte, error) {
	c := *p
	var err error
	if c.Hash, err = Digest(p); err != nil {
		return nil, err
	}
	data, err := json.MarshalIndent(&c, "", "  ")
	if err != nil {
		return nil, err
	}
	return append(data, '\n'), nil
}

// Digest gives "sha256:…" over the canonical JSON (no spaces, struct fields in declared order, map keys sorted) of
// everything but Hash, Estimates and Decisions: two plans of one hash run the same.
func Digest(p *Plan) (string, error) {
	c := *p
	c.Hash, c.Estimates, c.Decisions = "", nil, nil
	data, err := json.Marshal(&c)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:]), nil
}

// Decode reads what Encode wrote. It refuses another version, fields that it does not know, a plan that was changed by
// hand (its hash is another), and one that is too large or nested too deeply; the error says where. Validate says
// whether the plan can be run.
func Decode(data []byte) (*Plan, error) {
	if len(data) > MaxSize {
		return nil, fmt.Errorf("the plan has %d bytes, more than %d", len(data), MaxSize)
	}
	if err := checkNesting(data); err != nil {
		return nil, err
	}
	var head struct {
		Version int `json:"version"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return nil, located(err)
	}
	if head.Version != Version {
		return nil, fmt.Errorf("the plan has version %d; this weir reads version %d", head.Version, Version)
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	var p Plan
	if err := d.Decode(&p); err != nil {
		return nil, located(err)
	}
	if err := shape(&p); err != nil {
		return nil, err
	}
	hash, err := Digest(&p)
	if err != nil {
		return nil, err
	}
	if hash != p.Hash {
		return nil, fmt.Errorf("the plan was changed after it was saved: its hash is %s and not %s", hash, p.Hash)
	}
	return &p, nil
}

// located puts the byte before an error of encoding/json where it has one.
func located(err error) error {
	var syntax *json.SyntaxError
	var typed *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return fmt.Errorf("byte %d: %w", syntax.Offset, err)
	case errors.As(err, &typed):
		return fmt.Errorf("byte %d: %w", typed.Offset, err)
	}
	return err
}

// checkNesting refuses text that would take quadratic time to decode: expressions decode themselves, so a byte is
// looked at once a level.
func checkNesting(data []byte) error {
	depth, cost := 0, 0
	quoted, escaped := false, false
	for i, b := range data {
		if cost += depth; cost > maxNesting {
			return fmt.Errorf("byte %d: the plan is nested too deeply for its size", i)
		}
		switch {
		case escaped:
			escaped = false
		case quoted && b == '\\':
			escaped = true
		case b == '"':
			quoted = !quoted
		case quoted:
		case b == '{' || b == '[':
			depth++
		case b == '}' || b == ']':
			depth--
		}
		if depth > 5000 {
			return fmt.Errorf("byte %d: the plan is nested more than 5000 deep", i)
		}
	}
	return nil
}
