//go:build !unix

package segment

import "math"

func fileLimit() int64 { return math.MaxInt64 }

func addressLimit() string { return "" }
