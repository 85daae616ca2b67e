// Package futex lets a process sleep on a 32-bit word of shared memory until
// another process changes the word and wakes it.
//
// On Linux it is the futex system call, across processes (not
// FUTEX_PRIVATE_FLAG). Elsewhere a sleeper looks at the word in growing
// intervals of up to a millisecond.
//
// Used by the packages below internal/embedded only.
package futex
