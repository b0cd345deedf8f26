export {
  type CallHttpOptions,
  DurableHttpResponse,
  type HttpRetryOptions,
  type TokenSourceDescriptor,
} from "../core/durable-http.ts";
export { EntityId, type EntityName } from "../core/entity-id.ts";
export {
  DurableError,
  type ErrorCode,
  isDurableError,
  LockingRulesViolationError,
  NonDeterminismError,
  TaskFailedError,
} from "../core/errors.ts";
export type { FailureDetails } from "../core/failure-details.ts";
export type { ProjectedEvent } from "../core/history-projection.ts";
export type {
  ContinueAsNewOptions,
  SubOrchestrationOptions,
} from "../core/orchestration-context.ts";
export type { RuntimeStatus } from "../core/orchestration-status.ts";
export type { RetryPolicy } from "../core/retry-policy.ts";
export type { Task, TimerTask } from "../core/task.ts";
export type { WaitingExplanation, WaitingReason } from "../core/waiting-reason.ts";
export type {
  CleanEntityOptions,
  CleanEntityResult,
  EntityPageRequest,
  EntityQuery,
} from "../engine/entity-client.ts";
export type { InstanceQuery, ListOptions, StatusPage } from "../engine/instance-query.ts";
export type { Logger } from "../engine/logger.ts";
export type { OnConflict, StartOptions } from "../engine/new-instance.ts";
export type { OrchestrationStatus, StatusOptions } from "../engine/orchestration-status-view.ts";
export type { EngineSettings } from "../engine/settings.ts";
export type {
  PurgeResult,
  RaiseEventOptions,
  RestartOptions,
  WaitOptions,
} from "../engine/task-hub-client.ts";
export type {
  ManagementPayload as HttpManagementPayload,
  ManagementUrlOptions,
} from "../http/management-urls.ts";
export type { HeadersLike, RequestLike } from "../http/request-origin.ts";
export { openStorage } from "../providers/open/index.ts";
export type { ActivityContext } from "./activity-context.ts";
export {
  type ActivityHandler,
  type ActivityOptions,
  App,
  app,
  type EntityHandler,
  type OrchestrationOptions,
} from "./app.ts";
export { type ClientEntities, EntityStateResponse, type EntityStatus } from "./client-entities.ts";
export type { DurableOrchestrationContext } from "./df-context.ts";
export type { CompletedStatus, DurableClient, StatusFilter, TypedStartOptions } from "./durable-client.ts";
export { DurableEntity } from "./durable-entity.ts";
export { DurableLock, LockState } from "./durable-lock.ts";
export type {
  DurableEntityContext,
  EntityContext,
  EntitySignalOptions,
  EntityStartOptions,
} from "./entity-context.ts";
export type { EntityClass, EntityOperations, EntityReference } from "./entity-references.ts";
export type { WaitForCompletionOptions } from "./http-answers.ts";
export { getClient } from "./open-hubs.ts";
export type { EventWaitOptions, Log, OrchestratorContext } from "./orchestrator-context.ts";
export type { ActivityReference, EventReference, InstanceId, OrchestratorReference } from "./references.ts";
export { RetryOptions } from "./retry-options.ts";
export { OrchestrationRuntimeStatus } from "./runtime-status.ts";
export type { Schema } from "./schema.ts";
export { DEFAULT_TASK_HUB_NAME, TaskHub, type TaskHubOptions } from "./task-hub.ts";
export { BearerTokenSource, ManagedIdentityTokenSource, type TokenSource } from "./token-source.ts";
export type { WebhookOptions } from "./webhook.ts";
