package diag

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Suggest gives the candidate that word most likely means: the nearest by Damerau–Levenshtein distance (adjacent
// transpositions count 1), differences of case counting 0, if it is no farther than max(1, len(word)/3) and no other
// is as near. ok is false where none is.
func Suggest(word string, candidates []string) (best string, ok bool) {
	limit := max(1, utf8.RuneCountInString(word)/3)
	least, ties := limit+1, 0
	for _, c := range candidates {
		if c == word {
			continue
		}
		switch d := distance(strings.ToLower(word), strings.ToLower(c), limit); {
		case d < least:
			best, least, ties = c, d, 0
		case d == least && c != best:
			ties++
		}
	}
	return best, least <= limit && ties == 0
}

// Alternatives lists names for a label where there is no suggestion: at most six, each in backquotes, then `…` where
// there are more. It keeps the order given.
func Alternatives(names []string) string {
	var b strings.Builder
	for i, n := range names {
		if i == 6 {
			b.WriteString(", …")
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "`%s`", n)
	}
	return b.String()
}

// distance is the restricted Damerau–Levenshtein distance (optimal string alignment) in code points, or limit+1 where
// it is larger than limit.
func distance(a, b string, limit int) int {
	x, y := []rune(a), []rune(b)
	if len(x)-len(y) > limit || len(y)-len(x) > limit {
		return limit + 1
	}
	before, prev, cur := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(x); i++ {
		cur[0] = i
		least := i
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				cur[j] = min(cur[j], before[j-2]+1)
			}
			least = min(least, cur[j])
		}
		if least > limit {
			return limit + 1
		}
		before, prev, cur = prev, cur, before
	}
	return min(prev[len(y)], limit+1)
}
