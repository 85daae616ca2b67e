// Package counting is a wrapper around any engine that counts its calls and
// changes nothing. The conformance suite runs through it to show that engines
// can be wrapped; a wrapper that does something is written like it.
package counting
