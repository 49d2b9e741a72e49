package explain

import (
	"html/template"
	"io"
)

// HTML writes the plan as one page that needs nothing else: no script, no font, no request. Every text from the plan is
// escaped.
func HTML(w io.Writer, m *Model) error { return page.Execute(w, m) }

var page = template.Must(template.New("plan").Funcs(template.FuncMap{
	"short": short, "tasks": Tasks,
	"at": func(ops []*Op, i int) string { return ops[i].Title() },
}).Parse(`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Plan of {{.File}}</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; max-width: 70em; margin: 2em auto; padding: 0 1em; color: #222; background: #fff }
section { border: 1px solid #bbb; border-radius: 6px; margin: 1em 0; padding: .5em 1em }
h2 { font-size: 1em; margin: .3em 0 }
code { font-family: ui-monospace, monospace; overflow-wrap: anywhere }
.from { color: #555; font-size: .9em }
.set { color: #05631d }
.columns, .numbers { color: #555; font-size: .9em; margin-left: 1em }
td { vertical-align: top; padding: .1em .6em .1em 0 }
@media (prefers-color-scheme: dark) { body { color: #ddd; background: #181818 } .from, .columns, .numbers { color: #aaa } .set { color: #7ccf93 } }
</style>
</head>
<body>
<h1>Plan of {{.File}}</h1>
<p>Target {{.Target}}, parallelism {{.Parallelism}}, plan <code title="{{.Hash}}">{{short .Hash}}</code></p>
{{- if .Params}}
<table>
{{- range .Params}}
<tr><td>{{.Name}}</td><td><code>{{.Value}}</code>{{if .Given}} (-p){{end}}</td></tr>
{{- end}}
</table>
{{- end}}
{{- range $s := .Stages}}
<section id="stage-{{.ID}}">
<h2>Stage {{.ID}}: {{tasks .Tasks}}{{range .After}}, after <a href="#stage-{{.}}">stage {{.}}</a>{{end}}{{if .Work}}, {{.Work}}{{end}}</h2>
{{- range .Ops}}
<div>
{{- range .From}}
<div class="from">← {{.Text}} from {{if .Side}}{{.Name}}.{{.Side}} in {{end}}<a href="#stage-{{.Stage}}">stage {{.Stage}}</a></div>
{{- end}}
{{- if .Feeds}}
<div class="from">{{range .Feeds}}↳ {{at $s.Ops .Op}}{{if .Side}} .{{.Side}}{{end}} {{end}}</div>
{{- end}}
<code>{{.Call}}</code>{{range .Set}} <code class="set">{{.}}</code>{{end}}
{{- if .Columns}}<div class="columns">→ {{.Columns}}</div>{{end}}
{{- if .Numbers}}<div class="numbers">{{range $i, $n := .Numbers}}{{if $i}}, {{end}}{{$n}}{{end}}</div>{{end}}
</div>
{{- end}}
</section>
{{- end}}
{{- if .Rules}}
<h2>Rules</h2>
<table>
{{- range .Rules}}
<tr><td>{{if .Fired}}✓{{else}}✗{{end}}</td><td>{{.Name}}</td><td>{{.Node}}</td><td>{{if not .Fired}}declined: {{end}}{{.Why}}</td></tr>
{{- end}}
</table>
{{- end}}
{{- if .Risks}}
<h2>Risks</h2>
<ul>
{{- range .Risks}}
<li>{{.}}</li>
{{- end}}
</ul>
{{- end}}
</body>
</html>
`))
