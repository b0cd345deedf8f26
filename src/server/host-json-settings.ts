import { z } from "zod";
import { isTaskHubName, TASK_HUB_NAMES } from "../core/task-hub-name.ts";

export type HostJsonValue = boolean | number | string | readonly number[] | readonly string[];

/** One property of `extensions.durableTask`. */
export interface HostJsonSetting {
  readonly schema: z.ZodType<HostJsonValue>;
  /** What is allowed, in words. */
  readonly allowed: string;
  /** honored: it changes what this host does. accepted: it is checked, and has no meaning here. */
  readonly effect: "honored" | "accepted";
}

type Effect = HostJsonSetting["effect"];

const flag = (effect: Effect): HostJsonSetting => ({
  schema: z.boolean(),
  allowed: "true or false",
  effect,
});

const wholeNumber = (effect: Effect, least: number): HostJsonSetting => ({
  schema: z.int().min(least),
  allowed: `a whole number, ${least} or more`,
  effect,
});

const text = (effect: Effect): HostJsonSetting => ({
  schema: z.string().min(1),
  allowed: "a text that is not empty",
  effect,
});

/** In any case; the value is the spelling here. */
const oneOf = (effect: Effect, ...values: readonly string[]): HostJsonSetting => ({
  schema: z
    .string()
    .transform((given) => values.find((value) => value.toLowerCase() === given.toLowerCase()) ?? given)
    .pipe(z.enum(values)),
  allowed: values.map((value) => `"${value}"`).join(" or "),
  effect,
});

const timeSpan = (effect: Effect): HostJsonSetting => ({
  schema: z.string().regex(/^(\d+\.)?([01]?\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,7})?$/),
  allowed: 'a time span "hh:mm:ss"',
  effect,
});

/** Every property this host knows, by its path below `extensions.durableTask`. docs/configuration.md explains each. */
export const HOST_JSON_SETTINGS: Readonly<Record<string, HostJsonSetting>> = {
  hubName: {
    schema: z.string().refine(isTaskHubName),
    allowed: TASK_HUB_NAMES,
    effect: "honored",
  },
  "storageProvider.type": text("honored"),
  "storageProvider.path": text("honored"),
  maxConcurrentActivityFunctions: wholeNumber("honored", 1),
  maxConcurrentOrchestratorFunctions: wholeNumber("honored", 1),
  maxConcurrentEntityFunctions: wholeNumber("honored", 1),
  maxEntityOperationBatchSize: wholeNumber("honored", 1),
  rollbackEntityOperationsOnExceptions: flag("honored"),
  maxOrchestrationActions: wholeNumber("honored", 1),
  overridableExistingInstanceStates: oneOf("honored", "NonRunningStates", "AnyState"),
  throwStatusExceptionsOnRaiseEvent: flag("honored"),
  defaultVersion: text("honored"),
  versionMatchStrategy: oneOf("honored", "None", "Strict", "CurrentOrOlder"),
  versionFailureStrategy: oneOf("honored", "Reject", "Fail"),
  nonDeterministicInstances: oneOf("honored", "Block", "Fail"),
  useGracefulShutdown: flag("honored"),
  "httpSettings.useForwardedHost": flag("honored"),
  "httpSettings.defaultAsyncRequestSleepTimeMilliseconds": wholeNumber("honored", 1),
  "httpSettings.allowedHosts": {
    schema: z.array(z.string().min(1)),
    allowed: 'a list of hosts like "example.com", "example.com:8443" or "*.example.com"',
    effect: "honored",
  },

  entityMessageReorderWindowInMinutes: wholeNumber("accepted", 0),
  extendedSessionsEnabled: flag("accepted"),
  extendedSessionIdleTimeoutInSeconds: wholeNumber("accepted", 0),
  storeInputsInOrchestrationHistory: flag("accepted"),
  useAppLease: flag("accepted"),
  "appLeaseOptions.renewInterval": timeSpan("accepted"),
  "appLeaseOptions.acquireInterval": timeSpan("accepted"),
  "appLeaseOptions.leaseInterval": timeSpan("accepted"),
  localRpcEndpointEnabled: flag("accepted"),
  maxGrpcMessageSizeInBytes: wholeNumber("accepted", 1),
  grpcHttpClientTimeout: timeSpan("accepted"),
  "storageProvider.connectionName": text("accepted"),
  "storageProvider.connectionStringName": text("accepted"),
  azureStorageConnectionStringName: text("accepted"),
  "storageProvider.trackingStoreConnectionName": text("accepted"),
  "storageProvider.trackingStoreConnectionStringName": text("accepted"),
  "storageProvider.trackingStoreNamePrefix": text("accepted"),
  "storageProvider.partitionCount": wholeNumber("accepted", 1),
  "storageProvider.controlQueueBatchSize": wholeNumber("accepted", 1),
  "storageProvider.controlQueueBufferThreshold": wholeNumber("accepted", 1),
  "storageProvider.controlQueueVisibilityTimeout": timeSpan("accepted"),
  "storageProvider.workItemQueueVisibilityTimeout": timeSpan("accepted"),
  "storageProvider.maxQueuePollingInterval": timeSpan("accepted"),
  "storageProvider.fetchLargeMessagesAutomatically": flag("accepted"),
  "storageProvider.useLegacyPartitionManagement": flag("accepted"),
  "storageProvider.useTablePartitionManagement": flag("accepted"),
  "storageProvider.allowReplayingTerminalInstances": flag("accepted"),
  "storageProvider.queueClientMessageEncoding": oneOf("accepted", "UTF8", "Base64"),
  "tracing.traceInputsAndOutputs": flag("accepted"),
  "tracing.traceReplayEvents": flag("accepted"),
  "tracing.allowVerboseLinuxTelemetry": flag("accepted"),
  "tracing.distributedTracingEnabled": flag("accepted"),
  "tracing.distributedTracingProtocol": oneOf("accepted", "HttpCorrelationProtocol", "W3CTraceContext"),
  "tracing.version": oneOf("accepted", "None", "V1", "V2"),
  "notifications.eventGrid.topicEndpoint": text("accepted"),
  "notifications.eventGrid.keySettingName": text("accepted"),
  "notifications.eventGrid.publishRetryCount": wholeNumber("accepted", 0),
  "notifications.eventGrid.publishRetryInterval": timeSpan("accepted"),
  "notifications.eventGrid.publishRetryHttpStatus": {
    schema: z.array(z.int()),
    allowed: "a list of HTTP status codes",
    effect: "accepted",
  },
  "notifications.eventGrid.publishEventTypes": {
    schema: z.array(z.string()),
    allowed: "a list of event types",
    effect: "accepted",
  },
};
