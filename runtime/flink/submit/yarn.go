package submit

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// maxAnswer bounds what is read of an answer of YARN or Flink.
const maxAnswer = 64 << 20

// requestTimeout bounds one request.
const requestTimeout = 30 * time.Second

// statusError is an answer that is none of success.
type statusError struct {
	code    int
	message string
}

func (e *statusError) Error() string { return e.message }

// call makes a request with JSON in and out, where in and out are not nil.
func call(ctx context.Context, client *http.Client, method, address string, in, out any) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	var body io.Reader
	if in != nil {
		data, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(data)
	}
	request, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return err
	}
	request.Header.Set("Accept", "application/json")
	if in != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	data, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err := errors.Join(err, answer.Body.Close()); err != nil {
		return err
	}
	if answer.StatusCode >= 300 {
		return &statusError{answer.StatusCode, complaint(answer.Status, data)}
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(data, out); err != nil {
		return fmt.Errorf("%s does not answer as YARN and Flink do: %w", address, err)
	}
	return nil
}

// complaint finds what a server says in the forms that YARN and Flink say it in; of a stack trace the first line.
func complaint(status string, data []byte) string {
	var flink struct {
		Errors []string `json:"errors"`
	}
	var yarn struct {
		Remote struct {
			Message string `json:"message"`
		} `json:"RemoteException"`
	}
	text := ""
	if json.Unmarshal(data, &flink) == nil {
		for _, e := range flink.Errors {
			if text == "" || strings.HasPrefix(text, "Internal server error") {
				text = reason(e)
			}
		}
	}
	if json.Unmarshal(data, &yarn) == nil && yarn.Remote.Message != "" {
		text = yarn.Remote.Message
	}
	if text == "" {
		text = status
	}
	return text
}

// reason is the innermost cause of a stack trace of Java, without the class of its exception where that says nothing.
func reason(trace string) string {
	out := ""
	for i, line := range strings.Split(trace, "\n") {
		line = strings.TrimSpace(line)
		cause, ok := strings.CutPrefix(line, "Caused by: ")
		if i == 0 || ok {
			if !ok {
				cause = line
			}
			if class, message, found := strings.Cut(cause, ": "); found && strings.Contains(class, ".") && !strings.Contains(class, " ") {
				cause = message
			}
			out = cause
		}
	}
	return out
}

// yarn speaks with a resource manager.
type yarn struct {
	client  *http.Client
	bases   []string // of all resource managers; the first is asked first
	user    string   // of requests that change something
	current int
}

func (y *yarn) get(ctx context.Context, path string, out any) error {
	return y.do(ctx, http.MethodGet, path, nil, out)
}

// do asks one resource manager after the other: one that stands by sends elsewhere, or does not answer as an active one does.
func (y *yarn) do(ctx context.Context, method, path string, in, out any) error {
	if len(y.bases) == 0 {
		return errors.New("yarn-site.xml names no resource manager")
	}
	var failed []error
	for range y.bases {
		base := strings.TrimRight(y.bases[y.current], "/")
		err := call(ctx, y.client, method, base+path, in, out)
		var status *statusError
		if err == nil || errors.As(err, &status) && status.code < 500 {
			return err
		}
		failed = append(failed, err)
		y.current = (y.current + 1) % len(y.bases)
	}
	return errors.Join(failed...)
}

// application is what YARN knows of an application.
type application struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	User        string `json:"user"`
	Queue       string `json:"queue"`
	State       string `json:"state"`       // NEW, …, ACCEPTED, RUNNING, FINISHED, FAILED, KILLED
	FinalStatus string `json:"finalStatus"` // UNDEFINED, SUCCEEDED, FAILED, KILLED
	Diagnostics string `json:"diagnostics"`
	Tags        string `json:"applicationTags"`
	Started     int64  `json:"startedTime"` // milliseconds
	Finished    int64  `json:"finishedTime"`
	RPC         string `json:"amRPCAddress"` // Flink's own REST address
	AMLogs      string `json:"amContainerLogs"`
	Containers  int    `json:"runningContainers"`
	MemoryMB    int64  `json:"allocatedMB"`
	Cores       int    `json:"allocatedVCores"`
	LogState    string `json:"logAggregationStatus"`
}

// ended reports that nothing of the application runs any more.
func (a *application) ended() bool {
	return slices.Contains([]string{"FINISHED", "FAILED", "KILLED"}, a.State)
}

// errNoApplication: YARN has forgotten the application, or never knew it.
var errNoApplication = errors.New("YARN does not know the application")

func (y *yarn) application(ctx context.Context, id string) (*application, error) {
	var out struct {
		App application `json:"app"`
	}
	err := y.get(ctx, "/ws/v1/cluster/apps/"+url.PathEscape(id), &out)
	var status *statusError
	if errors.As(err, &status) && status.code == http.StatusNotFound {
		return nil, fmt.Errorf("%w: %s", errNoApplication, id)
	}
	return &out.App, err
}

// applications gives those with a tag.
func (y *yarn) applications(ctx context.Context, tag string) ([]application, error) {
	var out struct {
		Apps struct {
			App []application `json:"app"`
		} `json:"apps"`
	}
	err := y.get(ctx, "/ws/v1/cluster/apps?applicationTags="+url.QueryEscape(tag), &out)
	return out.Apps.App, err
}

// kill ends an application without asking Flink.
func (y *yarn) kill(ctx context.Context, id string) error {
	return y.do(ctx, http.MethodPut, "/ws/v1/cluster/apps/"+url.PathEscape(id)+"/state?user.name="+url.QueryEscape(y.user), map[string]string{"state": "KILLED"}, nil)
}

// attempt is one start of an application master.
type attempt struct {
	Started   int64  `json:"startTime"`
	Container string `json:"containerId"`
	Node      string `json:"nodeHttpAddress"`
	Logs      string `json:"logsLink"`
	Attempt   string `json:"appAttemptId"`
}

func (y *yarn) attempts(ctx context.Context, id string) ([]attempt, error) {
	var out struct {
		Attempts struct {
			Attempt []attempt `json:"appAttempt"`
		} `json:"appAttempts"`
	}
	err := y.get(ctx, "/ws/v1/cluster/apps/"+url.PathEscape(id)+"/appattempts", &out)
	return out.Attempts.Attempt, err
}

// node is a node manager.
type node struct {
	ID        string `json:"id"`
	State     string `json:"state"`
	Web       string `json:"nodeHTTPAddress"`
	Host      string `json:"nodeHostName"`
	UsedMB    int64  `json:"usedMemoryMB"`
	FreeMB    int64  `json:"availMemoryMB"`
	UsedCores int    `json:"usedVirtualCores"`
	FreeCores int    `json:"availableVirtualCores"`
	Count     int    `json:"numContainers"`
}

func (y *yarn) nodes(ctx context.Context) ([]node, error) {
	var out struct {
		Nodes struct {
			Node []node `json:"node"`
		} `json:"nodes"`
	}
	err := y.get(ctx, "/ws/v1/cluster/nodes", &out)
	slices.SortFunc(out.Nodes.Node, func(a, b node) int { return strings.Compare(a.ID, b.ID) })
	return out.Nodes.Node, err
}

// info is what a resource manager says of itself.
type info struct {
	State   string `json:"state"`
	HA      string `json:"haState"`
	Version string `json:"hadoopVersion"`
}

func (y *yarn) info(ctx context.Context) (info, error) {
	var out struct {
		Info info `json:"clusterInfo"`
	}
	err := y.get(ctx, "/ws/v1/cluster/info", &out)
	if err == nil && out.Info.State == "" {
		err = errors.New("what answers is no resource manager")
	}
	return out.Info, err
}

// queue is a queue that applications may be submitted to.
type queue struct {
	Name  string // the last part
	Path  string
	State string
}

// queues gives the leaf queues of the capacity and the fair scheduler; nil of others.
func (y *yarn) queues(ctx context.Context) ([]queue, error) {
	var out struct {
		Scheduler struct {
			Info json.RawMessage `json:"schedulerInfo"`
		} `json:"scheduler"`
	}
	if err := y.get(ctx, "/ws/v1/cluster/scheduler", &out); err != nil {
		return nil, err
	}
	var found []queue
	leaves(out.Scheduler.Info, "", &found, 0)
	return found, nil
}

func leaves(data json.RawMessage, parent string, found *[]queue, depth int) {
	var q struct {
		Name   string `json:"queueName"`
		Path   string `json:"queuePath"`
		State  string `json:"state"`
		Queues *struct {
			Queue []json.RawMessage `json:"queue"`
		} `json:"queues"`
		Root  json.RawMessage `json:"rootQueue"` // of the fair scheduler
		Child *struct {
			Queue []json.RawMessage `json:"queue"`
		} `json:"childQueues"`
	}
	if len(data) == 0 || depth > 30 || json.Unmarshal(data, &q) != nil {
		return
	}
	if q.Root != nil {
		leaves(q.Root, "", found, depth+1)
		return
	}
	path := q.Path
	if path == "" {
		if path = q.Name; parent != "" && !strings.HasPrefix(path, parent) {
			path = parent + "." + q.Name
		}
	}
	var below []json.RawMessage
	if q.Queues != nil {
		below = q.Queues.Queue
	} else if q.Child != nil {
		below = q.Child.Queue
	}
	if len(below) == 0 && q.Name != "" {
		name := path[strings.LastIndexByte(path, '.')+1:]
		*found = append(*found, queue{name, path, q.State})
	}
	for _, b := range below {
		leaves(b, path, found, depth+1)
	}
}
