package project

import (
	"errors"
	"math"
	"strconv"
	"strings"
)

// units of a size, as the language has them.
var units = []struct {
	name  string
	bytes float64
}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40}, {"kB", 1e3}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12}, {"B", 1}}

// ParseSize reads a size such as 512MiB or 2GB, in bytes. The error reads on after the name of what is wrong.
func ParseSize(s string) (int64, error) {
	for _, u := range units {
		if number, ok := strings.CutSuffix(s, u.name); ok {
			x, err := strconv.ParseFloat(number, 64)
			if err != nil || !(x > 0) || x*u.bytes > math.MaxInt64/2 {
				return 0, errors.New("is not a size: " + s)
			}
			return int64(x * u.bytes), nil
		}
	}
	return 0, errors.New("wants a unit: " + s)
}
