package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/microsoft/durabletask-go/api"
	"google.golang.org/grpc/codes"
)

type scenario struct {
	name  string
	needs string
	run   func(*checks)
}

// The scenarios, as the Go client sees them. The names are those of the table in ../README.md.
var scenarios = []scenario{
	{name: "sequence", run: checkSequence},
	{name: "fanout", run: func(t *checks) { t.completes(t.start("fanout", 20), object{"sum": 2870, "count": 20}) }},
	{name: "timer", run: func(t *checks) { t.completes(t.start("timer", 300), object{"fired": true, "early": false}) }},
	{name: "timer_now", run: func(t *checks) { t.completes(t.start("timer", 0), object{"fired": true, "early": false}) }},
	{name: "payloads", run: checkPayloads},
	{name: "custom_status", run: checkCustomStatus},
	{name: "continue_as_new", run: checkContinueAsNew},
	{name: "events_after_start", run: checkEventsAfterStart},
	{name: "events_before_start", run: checkEventsBeforeStart},
	{name: "event_wins", run: checkEventWins},
	{name: "timeout_wins", run: func(t *checks) { t.completes(t.start("event_or_timeout", 200), "timeout") }},
	{name: "sub_orchestrations", run: checkSubOrchestrations},
	{name: "cross_language", run: checkCrossLanguage},
	{name: "cross_language_back", run: checkCrossLanguageBack},
	{name: "retry", run: func(t *checks) { t.completes(t.start("retry", flaky(t, 2, 3)), 3) }},
	{name: "retry_exhausted", run: func(t *checks) { fails(t, t.start("retry", flaky(t, 3, 2))) }},
	{name: "retry_child", run: func(t *checks) { t.completes(t.start("retry_child", flaky(t, 2, 3)), 3) }},
	{name: "failure", run: func(t *checks) { fails(t, t.start("throw", "böse")) }},
	{name: "failure_of_activity", run: func(t *checks) { fails(t, t.start("fail_through", "böse")) }},
	{name: "failure_caught", run: func(t *checks) {
		t.completes(t.start("fail_caught", "böse"), object{"type": t.caughtType(), "message": "böse"})
	}},
	{name: "unknown_instance", run: checkUnknownInstance},
	{name: "duplicate_id", run: checkDuplicateID},
	{name: "reuse_id_ignore", run: checkReuseIDIgnore},
	{name: "reuse_id_terminate", run: checkReuseIDTerminate},
	{name: "suspend_resume", run: checkSuspendResume},
	{name: "terminate", run: checkTerminate},
	{name: "terminate_recursive", run: checkTerminateRecursive},
	{name: "terminate_alone", run: checkTerminateAlone},
	{name: "purge_by_id", run: checkPurgeByID},
	{name: "event_name_case", needs: "event_name_case", run: checkEventNameCase},
	{name: "carried_events", needs: "carried_events", run: checkCarriedEvents},
	{name: "send_event", needs: "send_event", run: checkSendEvent},
}

func hello(name string) array {
	greetings := array{}
	for step := 1; step <= 3; step++ {
		greetings = append(greetings, fmt.Sprintf("Hello, %s%d!", name, step))
	}
	return greetings
}

func checkSequence(t *checks) {
	state := t.completes(t.start("sequence", "ünï"), hello("ünï"))
	equal(state.Name, t.name("sequence"), "name")
	equal(parse(state.SerializedInput), "ünï", "input")
}

func checkPayloads(t *checks) {
	values := array{
		"", "𝄞 ✓ \"quoted\"\n", 0, false, array{}, object{},
		object{"list": array{1, 2.5, nil, object{"deep": "ß"}}},
		strings.Repeat("0123456789", 30_000),
	}
	for _, value := range values {
		t.completes(t.start("echo_through", value), value)
	}
}

func checkCustomStatus(t *checks) {
	id := t.start("status", nil)
	customStatus := func() any { return parse(t.state(id).SerializedCustomStatus) }
	eventually(customStatus, object{"step": 1}, "custom status")
	t.raise(id, "Next", nil)
	t.completes(id, "done")
	equal(customStatus(), object{"step": 2, "note": "ünï"}, "last custom status")
}

func checkContinueAsNew(t *checks) {
	state := t.completes(t.start("continue", object{"left": 5, "total": 0}), 55)
	equal(parse(state.SerializedInput), object{"left": 0, "total": 55}, "input of the last generation")
}

func checkEventsAfterStart(t *checks) {
	id := t.start("events", nil)
	t.started(id)
	t.raise(id, "Second", object{"n": 2})
	t.raise(id, "First", array{1})
	t.completes(id, array{array{1}, object{"n": 2}})
}

func checkEventsBeforeStart(t *checks) {
	id := t.newID()
	must(t.startAs(id, t.name("events"), api.WithStartTime(time.Now().Add(time.Second))))
	t.raise(id, "Second", "two")
	t.raise(id, "First", "one")
	hasStatus(t.state(id), api.RUNTIME_STATUS_PENDING)
	t.completes(id, array{"one", "two"})
}

func checkEventWins(t *checks) {
	id := t.start("event_or_timeout", 15_000)
	t.raise(id, "Go", "now")
	t.completes(id, "event now")
}

func checkSubOrchestrations(t *checks) {
	id := t.start("parent", 4)
	t.completes(id, array{2, 5, 10, 17})
	child := t.state(id + "-child-3")
	equal(child.Name, t.name("child"), "name of the child")
	equal(parse(child.SerializedOutput), 10, "output of the child")
}

func checkCrossLanguage(t *checks) {
	id := t.start("relay", object{
		"activity": t.otherName("greet"), "activityInput": "you",
		"orchestrator": t.otherName("sequence"), "orchestratorInput": "x",
	})
	t.completes(id, object{"activity": "Hello, you!", "orchestrator": hello("x")})
}

func checkCrossLanguageBack(t *checks) {
	id := t.newID()
	must(t.startAs(id, t.otherName("relay"), api.WithInput(object{
		"activity": t.name("square"), "activityInput": 7,
		"orchestrator": t.name("fail_caught"), "orchestratorInput": "boom",
	})))
	caught := object{"type": t.caughtType(), "message": "boom"}
	t.completes(id, object{"activity": 49, "orchestrator": caught})
}

func flaky(t *checks, failures, attempts int) object {
	return object{"key": string(t.newID()), "failures": failures, "attempts": attempts}
}

// fails sees the status alone: this SDK's client drops the failure details that the server sends.
func fails(t *checks, id api.InstanceID) {
	hasStatus(t.ended(id), api.RUNTIME_STATUS_FAILED)
}

func checkUnknownInstance(t *checks) {
	equal(t.exists(t.newID()), false, "an unknown instance")
	rejected(t.client.RaiseEvent(t.ctx, t.newID(), "Go"), codes.NotFound, "an event")
}

func checkDuplicateID(t *checks) {
	id := t.start("hold", nil)
	err := t.startAs(id, t.name("hold"))
	rejected(err, codes.AlreadyExists, "a second start")
	t.raise(id, "Release", 1)
	t.completes(id, 1)
	must(t.startAs(id, t.name("sequence"), api.WithInput("again")))
	t.completes(id, hello("again"))
}

func reuse(action api.CreateOrchestrationAction) api.NewOrchestrationOptions {
	return api.WithOrchestrationIdReusePolicy(&api.OrchestrationIdReusePolicy{
		OperationStatus: []api.OrchestrationStatus{api.RUNTIME_STATUS_RUNNING, api.RUNTIME_STATUS_PENDING},
		Action:          action,
	})
}

func checkReuseIDIgnore(t *checks) {
	id := t.start("hold", nil)
	must(t.startAs(id, t.name("sequence"), api.WithInput("x"), reuse(api.REUSE_ID_ACTION_IGNORE)))
	t.raise(id, "Release", "the first one")
	t.completes(id, "the first one")
}

func checkReuseIDTerminate(t *checks) {
	id := t.start("hold", nil)
	t.started(id)
	must(t.startAs(id, t.name("sequence"), api.WithInput("x"), reuse(api.REUSE_ID_ACTION_TERMINATE)))
	t.completes(id, hello("x"))
}

func checkSuspendResume(t *checks) {
	id := t.start("hold", nil)
	t.started(id)
	must(t.client.SuspendOrchestration(t.ctx, id, "wait"))
	eventually(func() any { return t.state(id).RuntimeStatus }, api.RUNTIME_STATUS_SUSPENDED, "status")
	t.raise(id, "Release", "freed")
	time.Sleep(300 * time.Millisecond)
	hasStatus(t.state(id), api.RUNTIME_STATUS_SUSPENDED)
	must(t.client.ResumeOrchestration(t.ctx, id, "go on"))
	t.completes(id, "freed")
}

func checkTerminate(t *checks) {
	id := t.start("hold", nil)
	t.started(id)
	must(t.client.TerminateOrchestration(t.ctx, id, api.WithOutput(object{"why": "enough"})))
	state := t.ended(id)
	hasStatus(state, api.RUNTIME_STATUS_TERMINATED)
	equal(parse(state.SerializedOutput), object{"why": "enough"}, "output")
}

func runs(t *checks, id api.InstanceID) func() any {
	return func() any { return t.exists(id) && t.state(id).RuntimeStatus == api.RUNTIME_STATUS_RUNNING }
}

func checkTerminateRecursive(t *checks) {
	id := t.start("tree", object{"depth": 2})
	t.started(id)
	eventually(runs(t, id+"-sub-sub"), true, "the grandchild runs")
	must(t.client.TerminateOrchestration(t.ctx, id, api.WithRecursiveTerminate(true)))
	for _, each := range []api.InstanceID{id, id + "-sub", id + "-sub-sub"} {
		hasStatus(t.ended(each), api.RUNTIME_STATUS_TERMINATED)
	}
}

func checkTerminateAlone(t *checks) {
	id := t.start("tree", object{"depth": 1})
	eventually(runs(t, id+"-sub"), true, "the child runs")
	must(t.client.TerminateOrchestration(t.ctx, id, api.WithRecursiveTerminate(false)))
	hasStatus(t.ended(id), api.RUNTIME_STATUS_TERMINATED)
	time.Sleep(200 * time.Millisecond)
	hasStatus(t.state(id+"-sub"), api.RUNTIME_STATUS_RUNNING)
	must(t.client.TerminateOrchestration(t.ctx, id+"-sub"))
	hasStatus(t.ended(id+"-sub"), api.RUNTIME_STATUS_TERMINATED)
}

func checkPurgeByID(t *checks) {
	id := t.start("sequence", "p")
	t.ended(id)
	must(t.client.PurgeOrchestrationState(t.ctx, id))
	equal(t.exists(id), false, "the instance")
	isNotFound(t.client.PurgeOrchestrationState(t.ctx, id), "a second purge")
	live := t.start("hold", nil)
	isNotFound(t.client.PurgeOrchestrationState(t.ctx, live), "a purge of a live instance")
	must(t.client.TerminateOrchestration(t.ctx, live))
}

// isNotFound is what the SDK makes of a count of 0.
func isNotFound(err error, what string) {
	if !errors.Is(err, api.ErrInstanceNotFound) {
		fail("%s gives %v, not %v", what, err, api.ErrInstanceNotFound)
	}
}

func checkEventNameCase(t *checks) {
	id := t.start("hold", nil)
	t.started(id)
	t.raise(id, "rELEASE", "any case")
	t.completes(id, "any case")
}

func checkCarriedEvents(t *checks) {
	id := t.start("collect", object{"left": 5, "seen": array{}})
	for item := 1; item <= 5; item++ {
		t.raise(id, "Item", item)
	}
	t.completes(id, array{1, 2, 3, 4, 5})
}

func checkSendEvent(t *checks) {
	to := t.start("hold", nil)
	data := object{"from": "sender"}
	t.completes(t.start("send", object{"to": string(to), "name": "Release", "data": data}), "sent")
	t.completes(to, data)
}
