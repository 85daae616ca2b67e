// Package stopwatch measures how long parts of a program take. A [Watch] holds
// named timers; at the end it prints them as a table for people and as #csv
// lines for programs such as ringo logs:
//
//	w := stopwatch.New()
//	w.Tag("n", "1000")
//	span := w.Start("assemble")
//	…
//	span.Stop()
//	err := w.Time("solve", solve)
//	w.Benchmark(os.Stdout)
//
// # Measurements
//
// A timer may be started again and again, also while it is still running, from
// any goroutine: every start with its stop is one measurement, and a timer
// keeps the number of measurements, their sum, the shortest, the longest and
// the last. So timers may be nested, in each other and in themselves; a
// recursive function that times itself counts its inner time once for every
// level. Times come from the monotonic clock with its full resolution,
// nanoseconds on Linux; setting the computer's clock does not disturb them.
//
// [Watch.Start] returns the [Span] that is being measured. Stop it by
// [Span.Stop] where several goroutines use the same name: [Watch.Stop] ends
// whichever measurement of that name was started last.
//
// # Status
//
// A timer is running while it has an unfinished measurement. It is failed once
// one of its measurements ended in failure ([Span.Fail], [Watch.Time] with an
// error), and ok otherwise.
//
// # Lines
//
// The #csv lines name their columns in the first line:
//
//	timer             name
//	status            ok, failed or running
//	time              the last measurement, in seconds with nine decimals
//	sum               all measurements together, in seconds
//	start             when the last measurement started, RFC 3339 in UTC
//	tag               tags as k=v;k=v
//	msg               message
//	uname.node        name of the computer
//	user              who ran the program
//	uname.system      operating system
//	platform.version  its version
//	count             number of measurements
//	min, max, mean    shortest, longest and average measurement, in seconds
//
// The first eleven are the columns of cloudmesh's StopWatch in its order. A
// running timer counts its unfinished measurements as if they ended now.
//
// # Several runs, several ranks
//
// [Watch.Save] keeps the timers in a file, [Watch.Resume] takes them up in a
// later run of the program. Every rank of a job has a Watch of its own; package
// stopwatch/crossrank compares a timer over the ranks.
//
// ringo sweep passes the parameters of the run to the program in the variable
// RINGO_TAGS; New makes them tags of the Watch.
package stopwatch
