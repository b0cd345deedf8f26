package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/microsoft/durabletask-go/client"
	"github.com/microsoft/durabletask-go/task"
)

// runWorker registers everything, and says READY when the stream of work items is open.
func runWorker(address string) int {
	functions := contract()
	registry := task.NewTaskRegistry()
	for name, orchestrator := range functions.orchestrators {
		if err := registry.AddOrchestratorN(name, orchestrator); err != nil {
			return complain(err)
		}
	}
	for name, activity := range functions.activities {
		if err := registry.AddActivityN(name, activity); err != nil {
			return complain(err)
		}
	}

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	connection, err := connect(address, withFilters(functions))
	if err != nil {
		return complain(err)
	}
	defer connection.Close()
	if err := client.NewTaskHubGrpcClient(connection, silent{}).StartWorkItemListener(ctx, registry); err != nil {
		return complain(err)
	}
	fmt.Println("READY")

	ended := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		close(ended)
	}()
	select {
	case <-ended:
	case <-ctx.Done():
	}
	return 0
}

func complain(err error) int {
	fmt.Fprintln(os.Stderr, err)
	return 1
}
