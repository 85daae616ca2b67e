package cli

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"
)

// Formats are the values of --format.
var Formats = []string{"table", "json", "csv", "markdown"}

// FormatFlag adds --format to a command.
func FormatFlag(cmd *cobra.Command, format *string) {
	cmd.Flags().StringVarP(format, "format", "f", "table", "print as "+strings.Join(Formats, ", "))
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(Formats, cobra.ShellCompDirectiveNoFileComp))
}

// CheckFormat refuses a value of --format that is none of Formats.
func CheckFormat(format string) error {
	if !slices.Contains(Formats, format) {
		return Usagef("--format %q is none of %s", format, strings.Join(Formats, ", "))
	}
	return nil
}

// Table is a table of plain values. A cell is a string, a bool, an integer, a
// float64 or nil (nothing known).
type Table struct {
	Columns []string
	Rows    [][]any
}

// Write writes the table to out in one of the Formats. JSON is a list with an
// object for every row, its keys in the order of the columns.
func (t *Table) Write(out io.Writer, format string) error {
	var b bytes.Buffer
	switch format {
	case "json":
		if err := t.json(&b); err != nil {
			return err
		}
	case "csv":
		w := csv.NewWriter(&b)
		_ = w.Write(t.Columns) // a bytes.Buffer does not fail
		for _, row := range t.Rows {
			_ = w.Write(texts(row))
		}
		w.Flush()
	case "markdown":
		b.WriteString(t.pretty().RenderMarkdown() + "\n")
	default:
		b.WriteString(t.pretty().Render() + "\n")
	}
	_, err := out.Write(b.Bytes())
	return err
}

func (t *Table) json(b *bytes.Buffer) error {
	b.WriteString("[")
	for i, row := range t.Rows {
		if i > 0 {
			b.WriteString(",")
		}
		b.WriteString("\n  {")
		for j, cell := range row {
			if j > 0 {
				b.WriteString(", ")
			}
			key, err := json.Marshal(t.Columns[j])
			if err != nil {
				return err
			}
			value, err := json.Marshal(cell)
			if err != nil { // a float that JSON does not have: NaN or infinite
				value = []byte("null")
			}
			fmt.Fprintf(b, "%s: %s", key, value)
		}
		b.WriteString("}")
	}
	if len(t.Rows) > 0 {
		b.WriteString("\n")
	}
	b.WriteString("]\n")
	return nil
}

func (t *Table) pretty() table.Writer {
	w := table.NewWriter()
	style := table.StyleDefault
	style.Format.Header = text.FormatDefault
	w.SetStyle(style)
	header := make(table.Row, len(t.Columns))
	for i, c := range t.Columns {
		header[i] = c
	}
	w.AppendHeader(header)
	numeric := make([]bool, len(t.Columns))
	for _, row := range t.Rows {
		line := make(table.Row, len(row))
		for i, s := range texts(row) {
			line[i] = strings.Map(printable, s)
			switch row[i].(type) {
			case nil, string, bool:
			default:
				numeric[i] = true
			}
		}
		w.AppendRow(line)
	}
	var columns []table.ColumnConfig
	for i, n := range numeric {
		if n {
			columns = append(columns, table.ColumnConfig{Number: i + 1, Align: text.AlignRight, AlignHeader: text.AlignLeft})
		}
	}
	w.SetColumnConfigs(columns)
	return w
}

// printable replaces control characters, which would disturb the lines of a table.
func printable(r rune) rune {
	if r < ' ' && r != '\n' || r == 0x7f {
		return ' '
	}
	return r
}

func texts(row []any) []string {
	out := make([]string, len(row))
	for i, cell := range row {
		if cell != nil {
			out[i] = fmt.Sprint(cell)
		}
	}
	return out
}
