package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/microsoft/durabletask-go/client"
)

// runClient runs every scenario that this SDK's client and the worker behind the prefix both have.
func runClient(address, prefix, other string) int {
	connection, err := connect(address)
	if err != nil {
		return complain(err)
	}
	defer connection.Close()
	hub := client.NewTaskHubGrpcClient(connection, silent{})

	passed, failed := 0, 0
	for _, scenario := range scenarios {
		if scenario.needs != "" && !slices.Contains(workers[prefix].extras, scenario.needs) {
			continue
		}
		ctx, cancel := context.WithTimeout(context.Background(), scenarioTime)
		reason := reasonOfFailure(scenario, &checks{ctx, hub, prefix, other, scenario.name})
		cancel()
		if reason == "" {
			fmt.Println("PASS " + scenario.name)
			passed++
		} else {
			fmt.Printf("FAIL %s: %s\n", scenario.name, strings.Join(strings.Fields(reason), " "))
			failed++
		}
	}
	fmt.Printf("DONE %d passed, %d failed\n", passed, failed)
	if failed > 0 {
		return 1
	}
	return 0
}

func reasonOfFailure(scenario scenario, t *checks) (reason string) {
	defer func() {
		switch problem := recover().(type) {
		case nil:
		case failure:
			reason = problem.reason
		default:
			panic(problem)
		}
	}()
	scenario.run(t)
	return ""
}
