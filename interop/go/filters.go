package main

import (
	"context"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
)

// The protocol has work item filters and this SDK does not, so a plain worker of it is handed the functions of every
// language in the hub. This adds them to the request for work; the SDK itself stays as it is.

const (
	fieldWorkItemFilters protowire.Number = 11
	fieldOrchestrations  protowire.Number = 1
	fieldActivities      protowire.Number = 2
	fieldName            protowire.Number = 1
)

func withFilters(functions functions) grpc.DialOption {
	var filters []byte
	for name := range functions.orchestrators {
		filters = appendFilter(filters, fieldOrchestrations, name)
	}
	for name := range functions.activities {
		filters = appendFilter(filters, fieldActivities, name)
	}
	field := protowire.AppendTag(nil, fieldWorkItemFilters, protowire.BytesType)
	field = protowire.AppendBytes(field, filters)

	return grpc.WithStreamInterceptor(func(
		ctx context.Context, description *grpc.StreamDesc, connection *grpc.ClientConn, method string,
		next grpc.Streamer, options ...grpc.CallOption,
	) (grpc.ClientStream, error) {
		stream, err := next(ctx, description, connection, method, options...)
		if err != nil || !strings.HasSuffix(method, "/GetWorkItems") {
			return stream, err
		}
		return filteredStream{stream, field}, nil
	})
}

func appendFilter(filters []byte, kind protowire.Number, name string) []byte {
	entry := protowire.AppendTag(nil, fieldName, protowire.BytesType)
	entry = protowire.AppendString(entry, name)
	filters = protowire.AppendTag(filters, kind, protowire.BytesType)
	return protowire.AppendBytes(filters, entry)
}

type filteredStream struct {
	grpc.ClientStream
	field []byte
}

func (stream filteredStream) SendMsg(message any) error {
	if request, ok := message.(proto.Message); ok {
		request.ProtoReflect().SetUnknown(stream.field)
	}
	return stream.ClientStream.SendMsg(message)
}
