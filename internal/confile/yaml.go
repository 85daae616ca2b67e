package confile

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

func parseYAML(path string, data []byte) (entries []Entry, err error) {
	if line, bad := tooDeep(data); bad {
		return nil, &Error{File: path, Line: line, Msg: "nested too deeply"}
	}
	file, err := parser.ParseBytes(data, 0)
	if err != nil {
		return nil, yamlError(path, err)
	}
	r := yamlReader{path: path}
	seen := false
	for _, doc := range file.Docs {
		if doc == nil || doc.Body == nil || doc.Body.Type() == ast.CommentType {
			continue
		}
		if seen {
			return nil, &Error{File: path, Line: lineOf(doc.Body), Msg: "more than one YAML document: want one"}
		}
		seen = true
		if err := r.table(nil, doc.Body); err != nil {
			return nil, err
		}
	}
	sortByLine(r.entries)
	return r.entries, nil
}

type yamlReader struct {
	path    string
	entries []Entry
}

func (r *yamlReader) table(prefix []string, n ast.Node) error {
	values, ok := mapping(n)
	if !ok {
		return &Error{File: r.path, Line: lineOf(n), Msg: "want lines of the form key: value"}
	}
	for _, kv := range values {
		key, err := r.key(kv)
		if err != nil {
			return err
		}
		path := append(slices.Clone(prefix), key)
		if _, ok := mapping(kv.Value); ok {
			if err := r.table(path, kv.Value); err != nil {
				return err
			}
			continue
		}
		e := Entry{Path: path, Line: lineOf(kv.Key)}
		if e.Value, err = r.value(e, kv.Value); err != nil {
			return err
		}
		r.entries = append(r.entries, e)
	}
	return nil
}

func (r *yamlReader) key(kv *ast.MappingValueNode) (string, error) {
	if s, ok := kv.Key.(ast.ScalarNode); ok && kv.Key.Type() != ast.MergeKeyType {
		if k := fmt.Sprint(s.GetValue()); k != "" {
			return k, nil
		}
	}
	return "", &Error{File: r.path, Line: lineOf(kv.Key), Msg: fmt.Sprintf("%s cannot be a key here", oneLine(kv.Key.String()))}
}

func (r *yamlReader) value(at Entry, n ast.Node) (any, error) {
	switch n := n.(type) {
	case nil, *ast.NullNode:
		return nil, nil
	case *ast.BoolNode:
		return n.Value, nil
	case *ast.IntegerNode:
		switch v := n.Value.(type) {
		case int64:
			return v, nil
		case uint64:
			if v <= math.MaxInt64 {
				return int64(v), nil
			}
			return v, nil
		}
		return nil, r.errorf(at, "%s is outside the range of integers", oneLine(n.String()))
	case *ast.FloatNode:
		return n.Value, nil
	case *ast.InfinityNode:
		return n.Value, nil
	case *ast.NanNode:
		return math.NaN(), nil
	case *ast.StringNode:
		return n.Value, nil
	case *ast.LiteralNode:
		return n.Value.Value, nil
	case *ast.SequenceNode:
		out := make([]any, len(n.Values))
		for i, x := range n.Values {
			v, err := r.value(at, x)
			if err != nil {
				return nil, err
			}
			out[i] = v
		}
		return out, nil
	}
	if values, ok := mapping(n); ok {
		out := make(map[string]any, len(values))
		for _, kv := range values {
			k, err := r.key(kv)
			if err != nil {
				return nil, err
			}
			if out[k], err = r.value(at, kv.Value); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	return nil, r.errorf(at, "anchors, aliases and tags are not understood here: write the value out")
}

func (r *yamlReader) errorf(at Entry, format string, args ...any) error {
	return &Error{File: r.path, Line: at.Line, Key: at.Key(), Msg: fmt.Sprintf(format, args...)}
}

func mapping(n ast.Node) ([]*ast.MappingValueNode, bool) {
	switch n := n.(type) {
	case *ast.MappingNode:
		return n.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}, true
	}
	return nil, false
}

// tooDeep refuses flow collections nested beyond what a person writes: the
// parser below is recursive and slow on them.
func tooDeep(data []byte) (line int, bad bool) {
	depth := 0
	line = 1
	for _, c := range data {
		switch c {
		case '\n':
			line++
		case '[', '{':
			if depth++; depth > 100 {
				return line, true
			}
		case ']', '}':
			depth = max(depth-1, 0)
		}
	}
	return 0, false
}

func yamlError(path string, err error) error {
	e := &Error{File: path, Msg: "not valid YAML: " + oneLine(err.Error())}
	var ye yaml.Error
	if errors.As(err, &ye) {
		e.Msg = "not valid YAML: " + oneLine(ye.GetMessage())
		if t := ye.GetToken(); t != nil && t.Position != nil {
			e.Line = t.Position.Line
		}
	}
	return e
}

func lineOf(n ast.Node) int {
	if n == nil || n.GetToken() == nil || n.GetToken().Position == nil {
		return 0
	}
	return n.GetToken().Position.Line
}

func sortByLine(entries []Entry) {
	slices.SortStableFunc(entries, func(a, b Entry) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), slices.Compare(a.Path, b.Path))
	})
}

// oneLine makes a foreign message fit for a one-line error.
func oneLine(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > 200 {
		s = string(r[:197]) + "..."
	}
	return s
}
