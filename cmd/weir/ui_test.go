package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

const uiFlow = `
type Event = { at: timestamp, key: int, amount: int }

let events = read_jsonl("-", as: Event)
events |> event_time(at) |> window(tumbling(50ms)) |> aggregate(by: key, n = count()) |> write_jsonl("totals/")
events.rejected |> write_jsonl("rejected/")
`

// chromium gives the browser's name. Where WEIR_TEST_CHROMIUM is set there must be one.
func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			return found
		}
	}
	if os.Getenv("WEIR_TEST_CHROMIUM") != "" {
		t.Fatal("WEIR_TEST_CHROMIUM is set, and there is no chromium")
	}
	t.Skip("there is no chromium; with WEIR_TEST_CHROMIUM=1 that is a failure")
	return ""
}

// TestPage: the page of a run that goes on, as a browser shows it, has the plan's graph, rates, checkpoints and rejected rows.
func TestPage(t *testing.T) {
	browser := chromium(t)
	dir := t.TempDir()
	flow := filepath.Join(dir, "ui.flow")
	if err := os.WriteFile(flow, []byte(uiFlow), 0o666); err != nil {
		t.Fatal(err)
	}
	in, feed, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd, _ := weir(t, "run", "-q", flow, "--ui", "127.0.0.1:0", "--checkpoint", filepath.Join(dir, "state"), "--every", "100ms")
	r := &running{cmd: cmd, begun: make(chan struct{}), ended: make(chan struct{})}
	cmd.Stderr, cmd.Stdin = r, in
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() }) // where the test has failed it still goes on
	go func() {
		r.err = cmd.Wait()
		close(r.ended)
	}()
	_ = in.Close()
	enough := make(chan struct{})
	fed := make(chan error, 1)
	go func() { // rows go on to come
		begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		for i := 0; ; i++ {
			select {
			case <-enough:
				fed <- feed.Close()
				return
			case <-time.After(time.Millisecond):
			}
			row := fmt.Sprintf("{\"at\":%q,\"key\":%d,\"amount\":1}\n", begin.Add(time.Duration(i)*time.Millisecond).Format(time.RFC3339Nano), i%10)
			if i%100 == 7 {
				row = "{\"at\":\"never\"}\n"
			}
			if _, err := feed.WriteString(row); err != nil {
				fed <- err
				return
			}
		}
	}()
	<-r.begun
	address := regexp.MustCompile(`http://\S+`).FindString(r.String())
	wanted := []string{`data-ready="yes"`, `read_jsonl</span>`, `aggregate</span>`, `from stage 0`, `<td>rejected</td><td class="n bad">`, `/s</td>`, `checkpoints: <b>`, `watermark lag`}
	for deadline := time.Now().Add(3 * time.Minute); ; {
		page, err := exec.Command(browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--user-data-dir="+filepath.Join(dir, "profile"),
			"--virtual-time-budget=60000", "--dump-dom", address).Output()
		_, body, _ := strings.Cut(string(page), "<body")
		body, _, _ = strings.Cut(body, "<script>")
		var lacks []string
		for _, w := range wanted {
			if !strings.Contains(body, w) {
				lacks = append(lacks, w)
			}
		}
		if len(lacks) == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the page lacks %q (%v):\n%s", lacks, err, body)
		}
	}
	close(enough)
	if err := <-fed; err != nil {
		t.Fatal(err)
	}
	if <-r.ended; r.err != nil {
		t.Fatal(r.err, r)
	}
}
