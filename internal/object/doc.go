// Package object turns Go values into the messages that carry them, and back.
// It is pure: encoding, decoding and checking of bytes, no I/O, and no state
// except what is known of types.
//
//   - codec.go: what a codec is; cbor.go, gob.go: the two that there are;
//     basic.go: the short way of basic values.
//   - plan.go, extract.go, implant.go: the memory of numeric slices and long byte
//     slices goes beside the encoding, as parts. plan.go says where in a type
//     they can be, extract.go takes them out of a value, implant.go puts them
//     back.
//   - frame.go, incoming.go: the messages of an object, on the way out and on the
//     way in; framed.go: those of a collective, of one length.
//   - clone.go: a copy by way of the encoding.
//
// Package mpi sends and receives the messages, and has the public names.
package object
