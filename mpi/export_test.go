package mpi

// What the external tests need to see.
var RunOn = runOn

// ElementError says why T cannot be an element.
func ElementError[T any]() error { return elementOf[T]().err }

// DescribeElement looks the description of T up and returns its type's name.
func DescribeElement[T any]() string { return elementOf[T]().typ.Name }
