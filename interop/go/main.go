// Perdure driven by the published Go SDK of Durable Task, as a worker and as a client.
package main

import (
	"fmt"
	"os"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

func main() {
	os.Exit(run(os.Args[1:]))
}

func run(arguments []string) int {
	port := os.Getenv("PERDURE_GRPC_PORT")
	if port == "" {
		port = "4001"
	}
	address := "127.0.0.1:" + port
	switch {
	case len(arguments) == 1 && arguments[0] == "worker":
		return runWorker(address)
	case len(arguments) >= 1 && len(arguments) <= 3 && arguments[0] == "client":
		prefix := "go"
		if len(arguments) > 1 {
			prefix = arguments[1]
		}
		other := prefix
		if len(arguments) > 2 {
			other = arguments[2]
		}
		return runClient(address, prefix, other)
	default:
		fmt.Fprintln(os.Stderr, "usage: interop worker | client [prefix] [other prefix]")
		return 2
	}
}

func connect(address string, options ...grpc.DialOption) (*grpc.ClientConn, error) {
	options = append(options, grpc.WithTransportCredentials(insecure.NewCredentials()))
	return grpc.Dial(address, options...)
}

// silent drops what the SDK logs, but for errors.
type silent struct{}

func (silent) Debug(...any)          {}
func (silent) Debugf(string, ...any) {}
func (silent) Info(...any)           {}
func (silent) Infof(string, ...any)  {}
func (silent) Warn(...any)           {}
func (silent) Warnf(string, ...any)  {}
func (silent) Error(values ...any)   { fmt.Fprintln(os.Stderr, values...) }
func (silent) Errorf(format string, values ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", values...)
}
