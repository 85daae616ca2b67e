// Package confile reads configuration files in TOML and YAML into one form: a
// flat list of keys with their values and the line each key stands in, so that
// whoever uses the values can name file, line and key when one of them is wrong.
//
// It knows nothing of what the keys mean. Package params maps them onto the
// parameters of a program, ringo sweep onto the dimensions of a sweep.
package confile
