module github.com/ringo-mpi/ringo

go 1.26
