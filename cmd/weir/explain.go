package main

import (
	"fmt"

	"weir/lang/diag"
)

type explainCmd struct {
	Code string `arg:"" optional:"" help:"A code such as W2103; without one, all codes are listed."`
}

func (c *explainCmd) Run(e *env) error {
	if c.Code == "" {
		for _, info := range diag.Codes() {
			fmt.Fprintf(e.stdout, "%s  %s\n", info.Code, info.Title)
		}
		return nil
	}
	info, ok := diag.Lookup(c.Code)
	if !ok {
		var names []string
		for _, i := range diag.Codes() {
			names = append(names, i.Code)
		}
		if s, found := diag.Suggest(c.Code, names); found {
			return fmt.Errorf("there is no code %s: did you mean %s?", c.Code, s)
		}
		return fmt.Errorf("there is no code %s: weir explain lists all", c.Code)
	}
	fmt.Fprint(e.stdout, info.Explain())
	return nil
}
