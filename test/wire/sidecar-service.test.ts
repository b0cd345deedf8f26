import { create } from "@bufbuild/protobuf";
import {
  credentials,
  Server,
  ServerCredentials,
  type ServerWritableStream,
  type sendUnaryData,
} from "@grpc/grpc-js";
import type { TaskHubSidecarServiceClient } from "@microsoft/durabletask-js/dist/proto/orchestrator_service_grpc_pb.js";
import grpc from "@microsoft/durabletask-js/dist/proto/orchestrator_service_grpc_pb.js";
import type { WorkItem as WorkItemOfSdk } from "@microsoft/durabletask-js/dist/proto/orchestrator_service_pb.js";
import sdk from "@microsoft/durabletask-js/dist/proto/orchestrator_service_pb.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type CreateInstanceRequest,
  type CreateInstanceResponse,
  CreateInstanceResponseSchema,
  type GetWorkItemsRequest,
  OrchestrationIdReuseAction,
  OrchestrationStatus,
  type WorkItem,
  WorkItemSchema,
} from "../../src/wire/generated/orchestrator_service_pb.ts";
import { defineSidecarService } from "../../src/wire/sidecar-service.ts";

interface Rpc {
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
}

const service = defineSidecarService();

const shapesOf = (rpcs: object): readonly Rpc[] =>
  Object.values(rpcs as Readonly<Record<string, Rpc>>)
    .map(({ path, requestStream, responseStream }) => ({ path, requestStream, responseStream }))
    .toSorted((a, b) => a.path.localeCompare(b.path));

test("the service has the RPCs that a published SDK calls", () => {
  expect(shapesOf(service)).toHaveLength(29);
  expect(shapesOf(service)).toEqual(shapesOf(grpc.TaskHubSidecarServiceService));
});

test("the reuse policy of older SDKs is understood", () => {
  // orchestrationIdReusePolicy (6) { replaceableStatus (1): [1, 3], action (2): 1 }
  const bytes = Uint8Array.of(0x32, 6, 0x0a, 2, 1, 3, 0x10, 1);

  expect(service.startInstance.requestDeserialize(bytes).orchestrationIdReusePolicy).toMatchObject({
    replaceableStatus: [OrchestrationStatus.COMPLETED, OrchestrationStatus.FAILED],
    action: OrchestrationIdReuseAction.IGNORE,
  });
});

describe("the client of a published SDK, and a server with this service,", () => {
  const server = new Server();
  let client: TaskHubSidecarServiceClient;

  beforeAll(async () => {
    server.addService(service, {
      startInstance: (
        { request }: { readonly request: CreateInstanceRequest },
        answer: sendUnaryData<CreateInstanceResponse>,
      ) => {
        answer(null, create(CreateInstanceResponseSchema, { instanceId: `${request.instanceId}!` }));
      },
      getWorkItems: (call: ServerWritableStream<GetWorkItemsRequest, WorkItem>) => {
        for (let left = call.request.maxConcurrentActivityWorkItems; left > 0; left--) {
          call.write(create(WorkItemSchema, { completionToken: String(left) }));
        }
        call.end();
      },
    });
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      );
    });
    client = new grpc.TaskHubSidecarServiceClient(`127.0.0.1:${port}`, credentials.createInsecure());
  });

  afterAll(() => {
    client.close();
    server.forceShutdown();
  });

  test("understand each other's messages", async () => {
    const request = new sdk.CreateInstanceRequest();
    request.setInstanceid("grüße");

    const instanceId = await new Promise<string>((resolve, reject) => {
      client.startInstance(request, (error, response) =>
        error ? reject(error) : resolve(response.getInstanceid()),
      );
    });

    expect(instanceId).toBe("grüße!");
  });

  test("understand each other's streams", async () => {
    const request = new sdk.GetWorkItemsRequest();
    request.setMaxconcurrentactivityworkitems(3);

    const tokens: string[] = [];
    for await (const item of client.getWorkItems(request)) {
      tokens.push((item as WorkItemOfSdk).getCompletiontoken());
    }

    expect(tokens).toEqual(["3", "2", "1"]);
  });
});
