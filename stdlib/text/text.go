// Package text has the functions over strings.
package text

import "weir/runtime/op"

// Functions lists the functions of the package.
var Functions = []*op.Function{Length}
