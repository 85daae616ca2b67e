//go:build !linux

package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "campaign: it looks for processes that are left in /proc, which only Linux has")
	os.Exit(2)
}
