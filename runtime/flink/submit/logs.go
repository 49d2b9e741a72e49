package submit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// logFiles are those of Flink's processes; what workers say is in taskmanager.log, and in jobmanager.log what those say that list splits.
var logFiles = []string{"jobmanager.log", "jobmanager.err", "jobmanager.out", "taskmanager.log", "taskmanager.err", "taskmanager.out", "prelaunch.err"}

// container is a container of a run that goes on.
type container struct {
	ID   string `json:"containerId"`
	Node string `json:"nodeHttpAddress"` // with http://
}

// Logs writes what the containers of a run have said: those that run, from their node managers; those of a run that has ended, from where YARN has
// gathered them.
func (c *Cluster) Logs(ctx context.Context, r *Record, w io.Writer) error {
	a, err := c.find(ctx, r)
	switch {
	case errors.Is(err, errNoApplication) && r.Application == "":
		return problem(codeLost, "the run was never submitted: there are no logs", "", nil)
	case err != nil && !errors.Is(err, errNoApplication):
		return c.unreachable(err)
	case err == nil && !a.ended():
		return c.liveLogs(ctx, a, w)
	}
	owner := ""
	if a != nil {
		owner = a.User
	}
	return c.gatheredLogs(ctx, r.Application, owner, w)
}

func (c *Cluster) liveLogs(ctx context.Context, a *application, w io.Writer) error {
	attempts, err := c.yarn.attempts(ctx, a.ID)
	if err != nil {
		return c.unreachable(err)
	}
	master := ""
	var all []container
	for _, t := range attempts {
		if t.Container == "" {
			continue
		}
		master = t.Container // the last attempt's
		var out struct {
			Containers []container `json:"container"`
		}
		path := "/ws/v1/cluster/apps/" + url.PathEscape(a.ID) + "/appattempts/" + url.PathEscape(t.Attempt) + "/containers"
		if err := c.yarn.get(ctx, path, &out); err != nil || len(out.Containers) == 0 {
			out.Containers = []container{{t.Container, t.Node}}
		}
		all = append(all, out.Containers...)
	}
	slices.SortFunc(all, func(a, b container) int { return strings.Compare(a.ID, b.ID) })
	all = slices.Compact(all)
	for _, k := range all {
		what := "task manager"
		if k.ID == master {
			what = "application master"
		}
		if err := c.containerLogs(ctx, k, what, w); err != nil {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			c.events.note("the logs of %s cannot be read: %v", k.ID, err)
		}
	}
	if len(all) == 0 {
		c.events.note("the run has no containers yet")
	}
	return nil
}

func (c *Cluster) containerLogs(ctx context.Context, k container, what string, w io.Writer) error {
	node := k.Node
	if !strings.Contains(node, "://") {
		node = "http://" + node
	}
	base := strings.TrimRight(node, "/") + "/ws/v1/node/containers/" + url.PathEscape(k.ID) + "/logs"
	for _, name := range logFiles {
		text, err := c.text(ctx, base+"/"+name)
		var status *statusError
		if errors.As(err, &status) { // no such file
			continue
		}
		if err != nil {
			return err
		}
		defer func() { _ = text.Close() }() // read only
		head := fmt.Sprintf("==> %s, %s at %s: %s <==\n", k.ID, what, strings.TrimPrefix(strings.TrimPrefix(k.Node, "http://"), "https://"), name)
		if err := copyLog(w, head, text); err != nil {
			return err
		}
	}
	return nil
}

// copyLog writes a log behind its head, and nothing where it is empty. A node manager frames it with lines of its own.
func copyLog(w io.Writer, head string, from io.Reader) error {
	data, err := io.ReadAll(io.LimitReader(from, maxAnswer))
	if err != nil {
		return err
	}
	text := string(data)
	if i := strings.Index(text, "LogContents:\n"); i >= 0 && strings.HasPrefix(strings.TrimLeft(text, "* \t\n"), "Container:") {
		text = text[i+len("LogContents:\n"):]
		if i := strings.LastIndex(text, "\nEnd of LogType:"); i >= 0 {
			text = text[:i]
		}
	}
	if strings.TrimSpace(text) == "" {
		return nil
	}
	_, err = io.WriteString(w, head+strings.TrimRight(text, "\n")+"\n\n")
	return err
}

func (c *Cluster) text(ctx context.Context, address string) (io.ReadCloser, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "text/plain")
	answer, err := c.client.Do(request)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK {
		return nil, errors.Join(&statusError{answer.StatusCode, answer.Status}, answer.Body.Close())
	}
	return answer.Body, nil
}

// gatherPatience is for how long after its end YARN may gather the logs of an application.
const gatherPatience = 30 * time.Second

// gatheredLogs lets Hadoop's own program read the logs that node managers have gathered: their format is a matter of the cluster's configuration.
func (c *Cluster) gatheredLogs(ctx context.Context, application, owner string, w io.Writer) error {
	for end := time.Now().Add(gatherPatience); time.Now().Before(end); {
		a, err := c.yarn.application(ctx, application)
		if err != nil || a.LogState != "NOT_START" && a.LogState != "RUNNING" && a.LogState != "RUNNING_WITH_FAILURE" {
			break
		}
		if err := sleep(ctx, operationPoll); err != nil {
			return err
		}
	}
	env, err := c.environment(ctx)
	if err != nil {
		return err
	}
	java := "java"
	if home := os.Getenv("JAVA_HOME"); home != "" {
		java = filepath.Join(home, "bin", "java")
	}
	classpath := c.confDir
	for _, e := range env {
		if v, ok := strings.CutPrefix(e, "HADOOP_CLASSPATH="); ok {
			classpath = c.confDir + string(os.PathListSeparator) + v
		}
	}
	args := []string{"-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", classpath, "org.apache.hadoop.yarn.client.cli.LogsCLI", "-applicationId", application,
		"-log_files_pattern", `(jobmanager|taskmanager)\..*|prelaunch\.err`}
	if owner != "" {
		args = append(args, "-appOwner", owner)
	}
	cmd := exec.CommandContext(ctx, java, args...)
	cmd.Env = env
	var complaints strings.Builder
	counted := &counter{w: w}
	cmd.Stdout, cmd.Stderr = counted, &complaints
	err = cmd.Run()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil || counted.n == 0 {
		lines := strings.Split(strings.TrimSpace(complaints.String()), "\n")
		return problem(codeLost, "the logs of "+application+" are not to be had: "+why(lines),
			"YARN keeps them where yarn.log-aggregation-enable is true, for as long as yarn.log-aggregation.retain-seconds says", nil)
	}
	return nil
}

type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}
