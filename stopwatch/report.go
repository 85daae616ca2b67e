package stopwatch

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/ringo-mpi/ringo/internal/csvline"
	"github.com/ringo-mpi/ringo/internal/sysinfo"
)

// Benchmark writes the table of the timers, the table of the machine and the
// #csv lines, in one call of out.Write. If the machine cannot be described, the
// rest is written all the same and the error returned.
func (w *Watch) Benchmark(out io.Writer) error {
	var b bytes.Buffer
	_ = w.WriteTable(&b) // a bytes.Buffer does not fail
	b.WriteByte('\n')
	machineErr := w.WriteMachine(&b)
	if machineErr == nil {
		b.WriteByte('\n')
	}
	_ = w.WriteCSV(&b)
	_, err := out.Write(b.Bytes())
	return errors.Join(err, machineErr)
}

// WriteTable writes the timers as a table. Times have four digits; the #csv
// lines have them all.
func (w *Watch) WriteTable(out io.Writer) error {
	t := newTable()
	t.AppendHeader(table.Row{"Timer", "Status", "Time", "Sum", "Count", "Min", "Max", "Mean", "Start", "Tags", "Message"})
	for i := 3; i <= 8; i++ {
		t.columns = append(t.columns, table.ColumnConfig{Number: i, Align: text.AlignRight})
	}
	for _, x := range w.Timers() {
		start := ""
		if !x.Start.IsZero() {
			start = x.Start.Format(time.DateTime)
		}
		t.AppendRow(table.Row{x.Name, string(x.Status), short(x.Last), short(x.Sum), x.Count, short(x.Min), short(x.Max), short(x.Mean()), start, tagText(x.Tags), oneLine(x.Message)})
	}
	return t.write(out)
}

// WriteMachine writes the attributes of the machine as a table, the same that
// ringo sysinfo prints.
func (w *Watch) WriteMachine(out io.Writer) error {
	node, err := sysinfo.Local()
	if err != nil {
		return fmt.Errorf("stopwatch: %w", err)
	}
	t := newTable()
	t.AppendHeader(table.Row{"Attribute", "Value"})
	for _, a := range node.Attributes() {
		switch {
		case a.Name == "uname.node" && w.Node != "":
			a.Value = w.Node
		case a.Name == "user" && w.User != "":
			a.Value = w.User
		}
		t.AppendRow(table.Row{a.Name, a.Value})
	}
	return t.write(out)
}

// WriteCSV writes one #csv line with the names of the columns and one for
// every timer; nothing if there is no timer.
func (w *Watch) WriteCSV(out io.Writer) error {
	timers := w.Timers()
	if len(timers) == 0 {
		return nil
	}
	u := sysinfo.LocalUname()
	node, user := cmp.Or(w.Node, u.Node), cmp.Or(w.User, sysinfo.UserName())
	var b strings.Builder
	b.WriteString(csvline.Header(csvline.Columns) + "\n")
	for _, t := range timers {
		start := ""
		if !t.Start.IsZero() {
			start = t.Start.UTC().Format(csvTime)
		}
		b.WriteString(csvline.Line([]string{
			t.Name, string(t.Status), seconds(t.Last), seconds(t.Sum), start, tagText(t.Tags), t.Message,
			node, user, u.System, u.Version,
			strconv.FormatInt(t.Count, 10), seconds(t.Min), seconds(t.Max), seconds(t.Mean()),
		}) + "\n")
	}
	_, err := io.WriteString(out, b.String())
	return err
}

const csvTime = "2006-01-02T15:04:05.000000000Z07:00"

// seconds writes a duration in seconds with nine decimals, exactly.
func seconds(d time.Duration) string {
	return fmt.Sprintf("%d.%09d", d/time.Second, d%time.Second)
}

// short writes a duration with four digits and its unit, as in 12.35ms.
func short(d time.Duration) string {
	unit := time.Duration(1)
	for d/unit >= 10000 {
		unit *= 10
	}
	return d.Round(unit).String()
}

func tagText(tags []Tag) string {
	converted := make([]csvline.Tag, len(tags))
	for i, t := range tags {
		converted[i] = csvline.Tag(t)
	}
	return csvline.FormatTags(converted)
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// textTable is a table in plain characters, with the header as it is given.
type textTable struct {
	table.Writer
	columns []table.ColumnConfig
}

func newTable() *textTable {
	t := &textTable{Writer: table.NewWriter()}
	style := table.StyleDefault
	style.Format.Header = text.FormatDefault
	t.SetStyle(style)
	return t
}

func (t *textTable) write(out io.Writer) error {
	t.SetColumnConfigs(t.columns)
	_, err := io.WriteString(out, t.Render()+"\n")
	return err
}
