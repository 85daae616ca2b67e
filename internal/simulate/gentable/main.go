// Command gentable writes the table of algorithms for many hosts,
// internal/embedded/coll/many_table.go:
//
//	go generate ./internal/embedded/coll
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"

	"github.com/ringo-mpi/ringo/internal/simulate"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := generate(ctx, os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "gentable: %v\n", err)
		os.Exit(1)
	}
}

func generate(ctx context.Context, args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("usage: gentable FILE")
	}
	grid, net := simulate.DefaultGrid(), simulate.Default()
	rows, err := grid.Rows(ctx, net)
	if err != nil {
		return err
	}
	return os.WriteFile(args[0], []byte(simulate.Source(rows, net)), 0o666)
}
