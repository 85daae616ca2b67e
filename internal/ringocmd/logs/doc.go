// Package logs is ringo logs: it collects the #csv lines of many logs (package
// csvline) into one table, averages them, works out speed-up and efficiency,
// and writes the result as a table, CSV, JSON, Markdown or a plot.
//
//   - collect.go finds the files and makes the table of all lines;
//   - group.go averages lines that have the same values in some columns;
//   - plot.go draws one column over another.
package logs
