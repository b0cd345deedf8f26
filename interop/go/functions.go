package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/microsoft/durabletask-go/task"
)

const (
	prefix        = "go_"
	retryInterval = 50 * time.Millisecond
	forever       = time.Duration(-1)
)

// functions is the contract in ../README.md.
type functions struct {
	orchestrators map[string]task.Orchestrator
	activities    map[string]task.Activity
}

// InteropError is what the functions of the contract fail with.
type InteropError struct{ message string }

func (e InteropError) Error() string { return e.message }

func named(name string) string { return prefix + name }

func contract() functions {
	all := functions{map[string]task.Orchestrator{}, map[string]task.Activity{}}
	attempts := &attempts{of: map[string]int{}}
	for name, activity := range map[string]task.Activity{
		"echo":   activity(func(value json.RawMessage) (any, error) { return value, nil }),
		"greet":  activity(func(name string) (any, error) { return "Hello, " + name + "!", nil }),
		"square": activity(func(number int) (any, error) { return number * number, nil }),
		"flaky":  activity(attempts.flaky),
		"fail":   activity(func(message string) (any, error) { return nil, InteropError{message} }),
	} {
		all.activities[named(name)] = activity
	}
	for name, orchestrator := range map[string]task.Orchestrator{
		"sequence":         orchestrator(sequence),
		"fanout":           orchestrator(fanout),
		"timer":            orchestrator(timer),
		"events":           events,
		"event_or_timeout": orchestrator(eventOrTimeout),
		"echo_through":     orchestrator(echoThrough),
		"hold":             hold,
		"status":           customStatus,
		"continue":         orchestrator(continueAsNew),
		"collect":          orchestrator(collect),
		"parent":           orchestrator(parent),
		"child":            orchestrator(child),
		"tree":             orchestrator(tree),
		"relay":            orchestrator(relay),
		"retry":            orchestrator(retry),
		"retry_child":      orchestrator(retryChild),
		"flaky_child":      orchestrator(flakyChild),
		"throw":            orchestrator(throw),
		"fail_through":     orchestrator(failThrough),
		"fail_caught":      orchestrator(failCaught),
	} {
		all.orchestrators[named(name)] = orchestrator
	}
	return all
}

func activity[I any](run func(I) (any, error)) task.Activity {
	return func(ctx task.ActivityContext) (any, error) {
		var input I
		if err := ctx.GetInput(&input); err != nil {
			return nil, err
		}
		return run(input)
	}
}

func orchestrator[I any](run func(*task.OrchestrationContext, I) (any, error)) task.Orchestrator {
	return func(ctx *task.OrchestrationContext) (any, error) {
		var input I
		if err := ctx.GetInput(&input); err != nil {
			return nil, err
		}
		return run(ctx, input)
	}
}

// await turns a task into its result.
func await[O any](awaited task.Task) (O, error) {
	var output O
	err := awaited.Await(&output)
	return output, err
}

// awaitAny is await without a type that the error would need.
func awaitAny[O any](awaited task.Task) (any, error) {
	output, err := await[O](awaited)
	if err != nil {
		return nil, err
	}
	return output, nil
}

type attempts struct {
	lock sync.Mutex
	of   map[string]int
}

type flakyInput struct {
	Key      string `json:"key"`
	Failures int    `json:"failures"`
}

type retryInput struct {
	flakyInput
	Attempts int `json:"attempts"`
}

func (a *attempts) flaky(input flakyInput) (any, error) {
	a.lock.Lock()
	defer a.lock.Unlock()
	a.of[input.Key]++
	attempt := a.of[input.Key]
	if attempt <= input.Failures {
		return nil, InteropError{fmt.Sprintf("attempt %d of %s fails", attempt, input.Key)}
	}
	return attempt, nil
}

func callSquare(ctx *task.OrchestrationContext, number int) task.Task {
	return ctx.CallActivity(named("square"), task.WithActivityInput(number))
}

func sequence(ctx *task.OrchestrationContext, name string) (any, error) {
	var greetings []string
	for step := 1; step <= 3; step++ {
		input := task.WithActivityInput(fmt.Sprintf("%s%d", name, step))
		greeting, err := await[string](ctx.CallActivity(named("greet"), input))
		if err != nil {
			return nil, err
		}
		greetings = append(greetings, greeting)
	}
	return greetings, nil
}

func fanout(ctx *task.OrchestrationContext, count int) (any, error) {
	var tasks []task.Task
	for number := 1; number <= count; number++ {
		tasks = append(tasks, callSquare(ctx, number))
	}
	sum := 0
	for _, each := range tasks {
		square, err := await[int](each)
		if err != nil {
			return nil, err
		}
		sum += square
	}
	return map[string]int{"sum": sum, "count": len(tasks)}, nil
}

func timer(ctx *task.OrchestrationContext, delayMs int) (any, error) {
	before := ctx.CurrentTimeUtc
	delay := time.Duration(delayMs) * time.Millisecond
	if err := ctx.CreateTimer(delay).Await(nil); err != nil {
		return nil, err
	}
	return map[string]bool{"fired": true, "early": ctx.CurrentTimeUtc.Sub(before) < delay}, nil
}

func events(ctx *task.OrchestrationContext) (any, error) {
	first, err := await[json.RawMessage](ctx.WaitForSingleEvent("First", forever))
	if err != nil {
		return nil, err
	}
	second, err := await[json.RawMessage](ctx.WaitForSingleEvent("Second", forever))
	return []json.RawMessage{first, second}, err
}

func eventOrTimeout(ctx *task.OrchestrationContext, delayMs int) (any, error) {
	event, err := await[string](ctx.WaitForSingleEvent("Go", time.Duration(delayMs)*time.Millisecond))
	if errors.Is(err, task.ErrTaskCanceled) {
		return "timeout", nil
	}
	return "event " + event, err
}

func echoThrough(ctx *task.OrchestrationContext, value json.RawMessage) (any, error) {
	return awaitAny[json.RawMessage](ctx.CallActivity(named("echo"), task.WithActivityInput(value)))
}

func hold(ctx *task.OrchestrationContext) (any, error) {
	// This SDK takes the custom status as text; JSON it has to be all the same.
	ctx.SetCustomStatus(`"holding"`)
	return awaitAny[json.RawMessage](ctx.WaitForSingleEvent("Release", forever))
}

func customStatus(ctx *task.OrchestrationContext) (any, error) {
	ctx.SetCustomStatus(`{"step":1}`)
	if err := ctx.WaitForSingleEvent("Next", forever).Await(nil); err != nil {
		return nil, err
	}
	ctx.SetCustomStatus(`{"step":2,"note":"ünï"}`)
	return "done", nil
}

type continueInput struct {
	Left  int `json:"left"`
	Total int `json:"total"`
}

func continueAsNew(ctx *task.OrchestrationContext, input continueInput) (any, error) {
	if input.Left == 0 {
		return input.Total, nil
	}
	square, err := await[int](callSquare(ctx, input.Left))
	if err != nil {
		return nil, err
	}
	ctx.ContinueAsNew(continueInput{input.Left - 1, input.Total + square})
	return nil, nil
}

type collectInput struct {
	Left int               `json:"left"`
	Seen []json.RawMessage `json:"seen"`
}

func collect(ctx *task.OrchestrationContext, input collectInput) (any, error) {
	if input.Left == 0 {
		return input.Seen, nil
	}
	item, err := await[json.RawMessage](ctx.WaitForSingleEvent("Item", forever))
	if err != nil {
		return nil, err
	}
	ctx.ContinueAsNew(collectInput{input.Left - 1, append(input.Seen, item)}, task.WithKeepUnprocessedEvents())
	return nil, nil
}

func parent(ctx *task.OrchestrationContext, count int) (any, error) {
	var tasks []task.Task
	for number := 1; number <= count; number++ {
		input := task.WithSubOrchestratorInput(number)
		if number%2 == 1 {
			id := task.WithSubOrchestrationInstanceID(fmt.Sprintf("%s-child-%d", ctx.ID, number))
			tasks = append(tasks, ctx.CallSubOrchestrator(named("child"), input, id))
		} else {
			tasks = append(tasks, ctx.CallSubOrchestrator(named("child"), input))
		}
	}
	var results []int
	for _, each := range tasks {
		result, err := await[int](each)
		if err != nil {
			return nil, err
		}
		results = append(results, result)
	}
	return results, nil
}

func child(ctx *task.OrchestrationContext, number int) (any, error) {
	square, err := await[int](callSquare(ctx, number))
	return square + 1, err
}

type treeInput struct {
	Depth int `json:"depth"`
}

func tree(ctx *task.OrchestrationContext, input treeInput) (any, error) {
	if input.Depth == 0 {
		return awaitAny[json.RawMessage](ctx.WaitForSingleEvent("Never", forever))
	}
	return awaitAny[json.RawMessage](ctx.CallSubOrchestrator(
		named("tree"),
		task.WithSubOrchestratorInput(treeInput{input.Depth - 1}),
		task.WithSubOrchestrationInstanceID(fmt.Sprintf("%s-sub", ctx.ID)),
	))
}

type relayInput struct {
	Activity          string          `json:"activity"`
	ActivityInput     json.RawMessage `json:"activityInput"`
	Orchestrator      string          `json:"orchestrator"`
	OrchestratorInput json.RawMessage `json:"orchestratorInput"`
}

func relay(ctx *task.OrchestrationContext, input relayInput) (any, error) {
	activityInput := task.WithRawActivityInput(string(input.ActivityInput))
	result, err := await[json.RawMessage](ctx.CallActivity(input.Activity, activityInput))
	if err != nil {
		return nil, err
	}
	childInput := task.WithRawSubOrchestratorInput(string(input.OrchestratorInput))
	output, err := await[json.RawMessage](ctx.CallSubOrchestrator(input.Orchestrator, childInput))
	return map[string]json.RawMessage{"activity": result, "orchestrator": output}, err
}

func policy(attempts int) *task.RetryPolicy {
	return &task.RetryPolicy{MaxAttempts: attempts, InitialRetryInterval: retryInterval}
}

func retry(ctx *task.OrchestrationContext, input retryInput) (any, error) {
	return awaitAny[int](ctx.CallActivity(
		named("flaky"),
		task.WithActivityInput(input.flakyInput),
		task.WithActivityRetryPolicy(policy(input.Attempts)),
	))
}

func retryChild(ctx *task.OrchestrationContext, input retryInput) (any, error) {
	return awaitAny[int](ctx.CallSubOrchestrator(
		named("flaky_child"),
		task.WithSubOrchestratorInput(input.flakyInput),
		task.WithSubOrchestrationRetryPolicy(policy(input.Attempts)),
	))
}

func flakyChild(ctx *task.OrchestrationContext, input flakyInput) (any, error) {
	return awaitAny[int](ctx.CallActivity(named("flaky"), task.WithActivityInput(input)))
}

func throw(_ *task.OrchestrationContext, message string) (any, error) {
	return nil, InteropError{message}
}

func failThrough(ctx *task.OrchestrationContext, message string) (any, error) {
	return awaitAny[json.RawMessage](ctx.CallActivity(named("fail"), task.WithActivityInput(message)))
}

func failCaught(ctx *task.OrchestrationContext, message string) (any, error) {
	err := ctx.CallActivity(named("fail"), task.WithActivityInput(message)).Await(nil)
	if err == nil {
		return nil, nil
	}
	// This SDK keeps nothing of the failure but its message, behind words of its own.
	kept := strings.TrimPrefix(err.Error(), "task failed with an error: ")
	return map[string]any{"type": nil, "message": kept}, nil
}
