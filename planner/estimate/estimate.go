// Package estimate has the numbers a plan is judged by: rows, bytes, cells. Every number says where it comes from, and one that is not
// known says so: it prints as `?`, never as a guess that looks like a fact.
package estimate

import "math"

// Number is a quantity with its range. The zero Number is unknown.
type Number struct {
	Low  float64 `json:"low"`
	Mid  float64 `json:"expected"`
	High float64 `json:"high"`
	// Source says how it is known: "counted", "sampled", "file size", "assumed" …; empty for unknown.
	Source string `json:"source,omitempty"`
}

// Known reports whether there is a number at all.
func (n Number) Known() bool { return n.Source != "" }

// Exact makes a number without a range.
func Exact(x float64, source string) Number { return Number{x, x, x, source} }

// Around makes a number with a relative error: Around(1000, 0.1, …) is 900 to 1100.
func Around(x, relative float64, source string) Number {
	return Number{x * (1 - relative), x, x * (1 + relative), source}
}

// Times multiplies; unknown where one of them is.
func (n Number) Times(m Number) Number {
	if !n.Known() || !m.Known() {
		return Number{}
	}
	s := n.Source
	if m.Source != "counted" {
		s = m.Source
	}
	return Number{n.Low * m.Low, n.Mid * m.Mid, n.High * m.High, s}
}

// Plus adds; unknown where one of them is.
func (n Number) Plus(m Number) Number {
	if !n.Known() || !m.Known() {
		return Number{}
	}
	s := n.Source
	if m.Source != "counted" {
		s = m.Source
	}
	return Number{n.Low + m.Low, n.Mid + m.Mid, n.High + m.High, s}
}

// Scale multiplies by a constant.
func (n Number) Scale(f float64) Number {
	if !n.Known() {
		return n
	}
	return Number{n.Low * f, n.Mid * f, n.High * f, n.Source}
}

// Between gives a number that is at least low and at most n: what a filter of unknown selectivity leaves.
func (n Number) Between(low, mid float64, source string) Number {
	if !n.Known() {
		return n
	}
	return Number{n.Low * low, n.Mid * mid, n.High, source}
}

// Pairs gives the number of unordered pairs of n things.
func (n Number) Pairs() Number {
	if !n.Known() {
		return n
	}
	p := func(x float64) float64 { return math.Max(0, x*(x-1)/2) }
	return Number{p(n.Low), p(n.Mid), p(n.High), n.Source}
}

// Stream is what is known of a stream.
type Stream struct {
	Rows Number `json:"rows"`
	// Width is the bytes of one value, by column path, in the mean: what a sequence column's length is known by.
	Width map[string]Number `json:"width,omitempty"`
}

// Work is what an operator has to do, besides moving its rows.
type Work struct {
	Bytes Number `json:"bytes,omitzero"` // read or written
	Cells Number `json:"cells,omitzero"` // of a dynamic-programming matrix
}
