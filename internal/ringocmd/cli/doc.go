// Package cli is what the sub-commands of ringo share: how an error becomes an
// exit status, and tables in the formats that --format knows.
//
// A command returns an error from RunE; the root command prints it as one line
// and ends with status 1, or with status 2 if it was made by [Usagef] or
// [Args]: the command line or a file it names is wrong, nothing was done.
package cli
