package cli

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/ringo-mpi/ringo/internal/launch"
)

// checkPattern reports a '%' that stands for nothing.
func checkPattern(pattern string) error {
	for i := 0; i < len(pattern); i++ {
		if pattern[i] != '%' {
			continue
		}
		i++
		if i == len(pattern) {
			return fmt.Errorf("it ends with a %%; write %%%% for the character itself")
		}
		if !strings.ContainsRune("rghpt%", rune(pattern[i])) {
			return fmt.Errorf("%%%c is not one of %%r %%h %%g %%p %%t", pattern[i])
		}
	}
	return nil
}

// expand appends a pattern as MPICH's launcher reads it: %r rank, %g number of
// the job, %p number of the host, %h name of the host, %t seconds since the
// start.
func expand(dst []byte, pattern string, rank int, on located, start time.Time) []byte {
	for i := 0; i < len(pattern); i++ {
		if pattern[i] != '%' || i+1 == len(pattern) {
			dst = append(dst, pattern[i])
			continue
		}
		i++
		switch pattern[i] {
		case 'r':
			dst = strconv.AppendInt(dst, int64(rank), 10)
		case 'g':
			dst = append(dst, '0')
		case 'p':
			dst = strconv.AppendInt(dst, int64(on.number), 10)
		case 'h':
			dst = append(dst, on.name...)
		case 't':
			dst = strconv.AppendInt(dst, int64(time.Since(start)/time.Second), 10)
		default:
			dst = append(dst, pattern[i])
		}
	}
	return dst
}

// labels returns the function that writes what stands in front of a line, nil
// if nothing does.
func (c *config) labels(host func(rank int) located, start time.Time) func([]byte, int, launch.Stream) []byte {
	if c.label == labelNone && !c.timestamp {
		return nil
	}
	return func(dst []byte, rank int, s launch.Stream) []byte {
		if c.timestamp { // as the C function ctime writes it
			dst = time.Now().AppendFormat(dst, "Mon Jan _2 15:04:05 2006")
		}
		switch c.label {
		case labelRank:
			if c.timestamp {
				dst = append(dst, ' ')
			}
			dst = append(dst, '[')
			dst = strconv.AppendInt(dst, int64(rank), 10)
			dst = append(dst, "] "...)
		case labelTag:
			dst = append(dst, "[1,"...)
			dst = strconv.AppendInt(dst, int64(rank), 10)
			dst = append(dst, "]<"...)
			dst = append(dst, s.String()...)
			dst = append(dst, ">:"...)
		case labelPattern:
			dst = expand(dst, c.pattern, rank, host(rank), start)
		default:
			dst = append(dst, '<')
			dst = append(dst, s.String()...)
			dst = append(dst, ">:"...)
		}
		return dst
	}
}

// files returns the function that names the files of a rank's output, nil if
// there are none.
func (c *config) files(host func(rank int) located, ranks int, start time.Time) func(rank int) (stdout, stderr string) {
	switch {
	case c.outputDir != "":
		job := "/1"
		if c.outputNoJob {
			job = ""
		}
		digits := len(strconv.Itoa(ranks - 1))
		return func(rank int) (string, string) {
			dir := fmt.Sprintf("%s%s/rank.%0*d/", c.outputDir, job, digits, rank)
			return dir + "stdout", dir + "stderr"
		}
	case c.outfile != "" || c.errfile != "":
		return func(rank int) (string, string) {
			return string(expand(nil, c.outfile, rank, host(rank), start)), string(expand(nil, c.errfile, rank, host(rank), start))
		}
	}
	return nil
}
