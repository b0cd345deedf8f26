import { create, type MessageInitShape } from "@bufbuild/protobuf";
import {
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
} from "@grpc/grpc-js";
import { given } from "../../dist/core/given.js";
import type { HistoryEvent } from "../../dist/core/history-event.js";
import { eagerCalls } from "../../dist/grpc/eager-call.js";
import {
  type ActivityResponse,
  CompleteTaskResponseSchema,
  type OrchestratorAction,
  type OrchestratorResponse,
  type WorkItem,
  WorkItemSchema,
} from "../../dist/wire/generated/orchestrator_service_pb.js";
import { encodeHistory } from "../../dist/wire/history-codec.js";
import { defineSidecarService } from "../../dist/wire/sidecar-service.js";

interface Flow {
  readonly id: string;
  readonly past: HistoryEvent[];
  news: HistoryEvent[];
  readonly ended: () => void;
}

type Unary<Request> = (call: ServerUnaryCall<Request, unknown>, answer: sendUnaryData<unknown>) => void;

const DONE = create(CompleteTaskResponseSchema);

/**
 * The smallest server for one worker of an SDK: orchestrations of activities, in memory, with the wire code of Perdure and
 * nothing else. It keeps nothing. How fast it is, the worker says.
 */
export class RawRemoteServer {
  readonly #server = new Server({ "grpc.enable_channelz": 0, interceptors: [eagerCalls] });
  readonly #flows = new Map<string, Flow>();
  #stream: ServerWritableStream<unknown, WorkItem> | undefined;
  #sequence = 0;
  #connected: () => void = () => undefined;
  /** Resolves when the worker is there. */
  readonly connected = new Promise<void>((resolve) => {
    this.#connected = resolve;
  });

  listen(): Promise<string> {
    const service = defineSidecarService();
    const hello: Unary<unknown> = (_call, answer) => answer(null, {});
    this.#server.addService(service, {
      hello,
      getWorkItems: (call: ServerWritableStream<unknown, WorkItem>) => {
        this.#stream = call;
        this.#connected();
      },
      completeOrchestratorTask: this.#turnDone,
      completeActivityTask: this.#activityDone,
    });
    return new Promise((resolve, reject) => {
      this.#server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) =>
        error ? reject(error) : resolve(`127.0.0.1:${port}`),
      );
    });
  }

  close(): void {
    this.#server.forceShutdown();
  }

  /** Resolves when it has ended. */
  run(name: string, input: string): Promise<void> {
    this.#sequence += 1;
    const id = this.#sequence.toString(16).padStart(32, "0");
    return new Promise((ended) => {
      const started: HistoryEvent = {
        type: "ExecutionStarted",
        timestamp: Date.now(),
        name,
        input,
        instanceId: id,
        executionId: id,
      };
      const flow: Flow = { id, past: [], news: [started], ended };
      this.#flows.set(id, flow);
      this.#sendTurn(flow);
    });
  }

  readonly #turnDone: Unary<OrchestratorResponse> = ({ request: { instanceId, actions } }, answer) => {
    answer(null, DONE);
    const flow = this.#flows.get(instanceId);
    if (flow === undefined) return;
    flow.past.push(...flow.news);
    flow.news = [];
    for (const action of actions) this.#act(flow, action);
  };

  readonly #activityDone: Unary<ActivityResponse> = ({ request }, answer) => {
    answer(null, DONE);
    const flow = this.#flows.get(request.instanceId);
    if (flow === undefined) return;
    flow.news.push({
      type: "TaskCompleted",
      timestamp: Date.now(),
      taskScheduledId: request.taskId,
      ...given({ result: request.result }),
    });
    this.#sendTurn(flow);
  };

  #act(flow: Flow, { id, orchestratorActionType: { case: kind, value } }: OrchestratorAction): void {
    if (kind !== "scheduleTask") {
      this.#flows.delete(flow.id);
      return flow.ended();
    }
    const { name, input } = value;
    flow.past.push({
      type: "TaskScheduled",
      timestamp: Date.now(),
      eventId: id,
      name,
      ...given({ input }),
    });
    const orchestrationInstance = { instanceId: flow.id, executionId: flow.id };
    this.#send({
      case: "activityRequest",
      value: { name, input, taskId: id, orchestrationInstance },
    });
  }

  #sendTurn({ id, past, news }: Flow): void {
    news.unshift({ type: "OrchestratorStarted", timestamp: Date.now() });
    this.#send({
      case: "orchestratorRequest",
      value: {
        instanceId: id,
        executionId: id,
        pastEvents: encodeHistory(past, "worker"),
        newEvents: encodeHistory(news, "worker"),
      },
    });
  }

  #send(request: NonNullable<MessageInitShape<typeof WorkItemSchema>["request"]>): void {
    this.#sequence += 1;
    const completionToken = `00000000-0000-0000-0000-000000000000-${this.#sequence}`;
    this.#stream?.write(create(WorkItemSchema, { completionToken, request }));
  }
}
