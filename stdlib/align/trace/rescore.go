package trace

import "weir/stdlib/align/scoring"

// SetScores replaces the values of the scheme's matrix, for the alignments that follow, by scores in the scheme's integer units, by query code and
// target code. What an alignment of them adds up to must fit an int32. What counts as similar is still the matrix's to say.
func (a *Aligner) SetScores(scores *[scoring.MaxCodes][scoring.MaxCodes]int32) { a.scores = *scores }
