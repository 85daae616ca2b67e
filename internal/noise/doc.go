// Package noise is the Noise protocol NNpsk0 over X25519, AES-256-GCM and SHA-256
// (Noise_NNpsk0_25519_AESGCM_SHA256, revision 34 of the Noise specification, sections
// 5, 7.4 and 9): two ends that know one key prove it to each other, and agree on fresh
// keys for what they then say. It is pure: bytes in, bytes out.
//
//	handshake.go  the two messages by which the ends agree
//	cipher.go     a key, and the messages that are sealed with it
//
// It stands in the place of package crypto/tls, which brings package net, and with it
// the C library, into every program: such a program is linked dynamically, and the
// runtime no longer finds out that all its goroutines wait for each other. A job has
// one key and no certificates, so that little of TLS would be used.
//
// The caller's first message may be one that was heard before and is sent again; the
// called end knows that it is not when it has opened the first message of the
// [Cipher], and must not act before.
package noise
