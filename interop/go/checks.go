package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strconv"
	"time"

	"github.com/microsoft/durabletask-go/api"
	"github.com/microsoft/durabletask-go/client"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const (
	waitTime     = 20 * time.Second
	scenarioTime = 60 * time.Second
	pollTime     = 25 * time.Millisecond
)

// traits says what the SDK of a worker has besides the basics.
type traits struct {
	hidesErrorType bool
	errorType      string
	extras         []string
}

var workers = map[string]traits{
	"js":   {errorType: "InteropError", extras: []string{"event_name_case", "carried_events", "send_event"}},
	"py":   {errorType: "functions.InteropError", extras: []string{"event_name_case", "carried_events", "send_event"}},
	"java": {errorType: "perdure.interop.InteropError", extras: []string{"send_event"}},
	"go":   {hidesErrorType: true, extras: []string{"event_name_case", "carried_events"}},
}

var (
	started int
	runID   = strconv.FormatInt(time.Now().UnixMilli(), 36) + strconv.FormatInt(int64(os.Getpid()), 36)
)

// checks is what the scenarios are written with: ids, waits that end, and exact comparisons. What does not hold
// panics with a failure.
type checks struct {
	ctx      context.Context
	client   *client.TaskHubGrpcClient
	prefix   string
	other    string
	scenario string
}

type failure struct{ reason string }

func fail(format string, values ...any) {
	panic(failure{fmt.Sprintf(format, values...)})
}

func must(err error) {
	if err != nil {
		fail("%v", err)
	}
}

type object = map[string]any
type array = []any

func (t *checks) name(name string) string      { return t.prefix + "_" + name }
func (t *checks) otherName(name string) string { return t.other + "_" + name }

// caughtType is how an orchestrator of the worker sees the type of an activity's InteropError.
func (t *checks) caughtType() any {
	if workers[t.prefix].hidesErrorType {
		return nil
	}
	return workers[t.prefix].errorType
}

func (t *checks) newID() api.InstanceID {
	started++
	return api.InstanceID(fmt.Sprintf("go-%s-%s-%s-%d", t.prefix, runID, t.scenario, started))
}

func (t *checks) start(name string, input any) api.InstanceID {
	id := t.newID()
	must(t.startAs(id, t.name(name), api.WithInput(input)))
	return id
}

func (t *checks) startAs(id api.InstanceID, name string, options ...api.NewOrchestrationOptions) error {
	got, err := t.client.ScheduleNewOrchestration(t.ctx, name, append(options, api.WithInstanceID(id))...)
	if err == nil {
		equal(string(got), string(id), "the id in the reply")
	}
	return err
}

func (t *checks) started(id api.InstanceID) {
	ctx, cancel := context.WithTimeout(t.ctx, waitTime)
	defer cancel()
	_, err := t.client.WaitForOrchestrationStart(ctx, id)
	must(err)
}

func (t *checks) ended(id api.InstanceID) *api.OrchestrationMetadata {
	ctx, cancel := context.WithTimeout(t.ctx, waitTime)
	defer cancel()
	state, err := t.client.WaitForOrchestrationCompletion(ctx, id)
	must(err)
	return state
}

func (t *checks) state(id api.InstanceID) *api.OrchestrationMetadata {
	state, err := t.client.FetchOrchestrationMetadata(t.ctx, id)
	must(err)
	return state
}

func (t *checks) exists(id api.InstanceID) bool {
	_, err := t.client.FetchOrchestrationMetadata(t.ctx, id)
	if errors.Is(err, api.ErrInstanceNotFound) {
		return false
	}
	must(err)
	return true
}

func (t *checks) raise(id api.InstanceID, event string, data any) {
	must(t.client.RaiseEvent(t.ctx, id, event, api.WithEventPayload(data)))
}

func (t *checks) completes(id api.InstanceID, output any) *api.OrchestrationMetadata {
	state := t.ended(id)
	hasStatus(state, api.RUNTIME_STATUS_COMPLETED)
	equal(parse(state.SerializedOutput), output, "output")
	return state
}

func hasStatus(state *api.OrchestrationMetadata, wanted api.OrchestrationStatus) {
	if state.RuntimeStatus != wanted {
		fail("status is %v, not %v", state.RuntimeStatus, wanted)
	}
}

// parse gives nil for no JSON at all.
func parse(text string) any {
	if text == "" {
		return nil
	}
	var value any
	must(json.Unmarshal([]byte(text), &value))
	return value
}

// equal compares as JSON does.
func equal(actual, expected any, what string) {
	if !reflect.DeepEqual(normal(actual), normal(expected)) {
		fail("%s is %s, not %s", what, shorten(actual), shorten(expected))
	}
}

func normal(value any) any {
	text, err := json.Marshal(value)
	must(err)
	return parse(string(text))
}

func shorten(value any) string {
	text := fmt.Sprintf("%v", value)
	if len(text) > 300 {
		return text[:300] + "…"
	}
	return text
}

// eventually asks until the answer is the expected one.
func eventually(ask func() any, expected any, what string) {
	deadline := time.Now().Add(waitTime)
	for {
		actual := ask()
		if reflect.DeepEqual(normal(actual), normal(expected)) {
			return
		}
		if time.Now().After(deadline) {
			equal(actual, expected, what)
		}
		time.Sleep(pollTime)
	}
}

func rejected(err error, code codes.Code, what string) {
	if err == nil {
		fail("%s was not refused", what)
	}
	// The SDK wraps what the server said.
	for inner := err; inner != nil; inner = errors.Unwrap(inner) {
		if answer, ok := inner.(interface{ GRPCStatus() *status.Status }); ok {
			equal(answer.GRPCStatus().Code().String(), code.String(), "gRPC status of "+what)
			return
		}
	}
	fail("%s was refused without a gRPC status: %v", what, err)
}
