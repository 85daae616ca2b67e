// Package control is what mpiexec and its agent on another host say to each other:
// frames on a stream of bytes, which is the standard input and output of the agent.
// It is pure: values in, bytes out, and back.
//
// A frame has 4 bytes for the length of its payload, a byte for its kind, 4 bytes
// for the number of the host that it comes from or goes to, and the payload. All
// numbers are little-endian; those of the payload have 7 bits a byte, the lowest
// first. Both ends have the same version, so that no field is ever left out; a
// decoder refuses what is too long, cut short, or followed by something.
//
//	frame.go    frames
//	codec.go    fields: one description serves both directions
//	message.go  the messages
//	marker.go   the lines before the first frame
package control
