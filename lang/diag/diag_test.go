package diag_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"weir/lang/diag"
)

var update = flag.Bool("update", false, "write the golden files anew")

const pairwise = `let proteins = read_fasta("a.fasta")
	|> derive(名 = "数据\n" +	scor, x = 1)
let hits = proteins
  |> filter(
    scor >= cutoff
  )
hits |> print` // no line break at the end

var files = map[string]string{"p/pairwise.flow": pairwise, "other.flow": "\uFEFFlet a = 1\r\nlet b = 2\r\n",
	"long.flow": longLine}

var longLine = "let a = \"" + strings.Repeat("x", 500) + "\" + here + \"" + strings.Repeat("y", 500) + "\""

func sources(file string) []byte {
	src, known := files[file]
	if !known {
		return nil
	}
	return []byte(src)
}

// at gives the span of the nth text in a file.
func at(file, text string, nth int) diag.Span {
	src := files[file]
	offset := 0
	for range nth {
		offset += strings.Index(src[offset:], text) + 1
	}
	offset += strings.Index(src[offset:], text)
	return diag.Span{File: file, Start: place(src, offset), End: place(src, offset+len(text))}
}

func place(src string, offset int) diag.Pos {
	before := strings.TrimPrefix(src[:offset], "\uFEFF")
	line := strings.Count(before, "\n")
	col := len([]rune(before[strings.LastIndex(before, "\n")+1:]))
	return diag.Pos{Offset: offset, Line: line + 1, Col: col + 1}
}

func findings() diag.List {
	const f = "p/pairwise.flow"
	return diag.List{
		{Code: "W2103", Message: "unknown column `scor`", Span: at(f, "scor", 1),
			Label: "after `align` a row has: query, target, score, …",
			Fix: &diag.Fix{Message: "replace with `score`", Edits: []diag.Edit{{Span: at(f, "scor", 1),
				New: "score"}}}},
		{Code: "W2103", Message: "unknown column `scor`", Span: at(f, "scor", 0), Label: "wide & <tabbed>",
			Notes:   []string{"one note", "another: 100%"},
			Related: []diag.Related{{Span: at("other.flow", "b", 0), Label: "declared here"}}},
		{Code: "W3001", Severity: diag.Warning, Message: "over several lines", Span: at(f,
			"filter(\n    scor >= cutoff\n  )", 0), Label: "all of this", Hint: "do less"},
		{Code: "W1001", Message: "at the very end", Span: diag.Span{File: f, Start: place(pairwise, len(pairwise)),
			End: place(pairwise, len(pairwise))}, Label: "here"},
		{Code: "W9999", Severity: diag.Info, Message: "no place at all\x1b[31m\u202e",
			Hint: "nothing, to be done:\nreally"},
		{Code: "W6001", Message: "a file that is not at hand", Span: diag.Span{File: "gone, away.flow",
			Start: diag.Pos{Line: 123, Col: 4}, End: diag.Pos{Line: 123, Col: 5}}, Label: "label"},
		{Code: "W6001", Message: "a whole file", Span: diag.Span{File: "data/x.fasta"}},
		{Code: "W1001", Message: "a very long line", Span: at("long.flow", "here", 0), Label: "here"},
		{Code: "W1001", Message: "the first line", Span: at("other.flow", "let", 0)},
	}
}

// TestRender compares every format with its golden file.
func TestRender(t *testing.T) {
	path := filepath.Join("testdata", "formats.txtar")
	want := map[string]string{}
	if ar, err := txtar.ParseFile(path); err == nil {
		for _, f := range ar.Files {
			want[f.Name] = string(f.Data)
		}
	} else if !*update {
		t.Fatal(err)
	}
	out := &txtar.Archive{Comment: []byte("The same findings in every format, and what each gives without findings.\n")}
	add := func(name string, write func(io.Writer) error) {
		var b bytes.Buffer
		if err := write(&b); err != nil {
			t.Fatal(err)
		}
		got := strings.NewReplacer("\x1b", "ESC", "\u202e", "RLO").Replace(b.String())
		if got != "" && !strings.HasSuffix(got, "\n") {
			t.Errorf("%s does not end its line", name)
		}
		out.Files = append(out.Files, txtar.File{Name: name, Data: []byte(got)})
		if diff := cmp.Diff(want[name], got); diff != "" && !*update {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	for _, format := range diag.Formats {
		add(string(format), func(w io.Writer) error { return diag.Render(w, format, findings(), sources) })
		add(string(format)+" of nothing", func(w io.Writer) error { return diag.Render(w, format, nil, sources) })
	}
	add("text in colour", func(w io.Writer) error { return diag.Text(w, findings()[:3], sources, true) })
	if *update {
		if err := os.WriteFile(path, txtar.Format(out), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestMachineFormats reads the documents again.
func TestMachineFormats(t *testing.T) {
	for _, list := range []diag.List{nil, findings()} {
		for _, format := range []diag.Format{diag.FormatJSON, diag.FormatSARIF, diag.FormatGitLab} {
			var b bytes.Buffer
			if err := diag.Render(&b, format, list, nil); err != nil {
				t.Fatal(err)
			}
			dec := json.NewDecoder(&b)
			var v any
			if err := dec.Decode(&v); err != nil {
				t.Errorf("%s: %v", format, err)
			}
			if _, err := dec.Token(); err != io.EOF {
				t.Errorf("%s: more than one document", format)
			}
		}
		var b bytes.Buffer
		if err := diag.Render(&b, diag.FormatJUnit, list, nil); err != nil {
			t.Fatal(err)
		}
		if err := xml.Unmarshal(b.Bytes(), new(struct{ XMLName xml.Name })); err != nil {
			t.Error(err)
		}
		b.Reset()
		if err := diag.Render(&b, diag.FormatGitHub, list, nil); err != nil {
			t.Fatal(err)
		}
		if got := strings.Count(b.String(), "\n"); got != len(list) {
			t.Errorf("github: %d lines for %d findings", got, len(list))
		}
	}
}

type brokenPipe struct{}

var errBroken = errors.New("broken pipe")

func (brokenPipe) Write([]byte) (int, error) { return 0, errBroken }

func TestRenderErrors(t *testing.T) {
	for _, format := range diag.Formats {
		if err := diag.Render(brokenPipe{}, format, findings(), sources); !errors.Is(err, errBroken) {
			t.Errorf("%s: %v", format, err)
		}
	}
	if err := diag.Render(io.Discard, "yaml", nil, nil); err == nil || !strings.Contains(err.Error(), "sarif") {
		t.Errorf("unknown format: %v", err)
	}
}

func TestSort(t *testing.T) {
	list := findings()
	given := findings()
	if err := diag.Render(io.Discard, diag.FormatText, list, sources); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(given, list); diff != "" {
		t.Error("Render changes its list", diff)
	}
}
