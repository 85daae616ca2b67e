package mpi_test

var programs = map[string]func(){}
