/** Below which path the management API is, unless somebody asks below its older one (H-1). */
export const BASE_PATH = "/runtime/webhooks/durabletask";

/** The name of a host's one connection in management URLs (P-5). */
export const CONNECTION = "Storage";

/** What the URLs of a hub's instances have in common. */
export interface UrlBase {
  /** Scheme and authority as the caller knows them, without a slash at the end. */
  readonly origin: string;
  readonly basePath: string;
  readonly taskHub: string;
  readonly connection: string;
  /** The system key, where the host wants one. */
  readonly code: string | undefined;
}

/** The body of a check-status response, in the order of H-40. */
export interface ManagementUrls {
  readonly id: string;
  readonly statusQueryGetUri: string;
  readonly sendEventPostUri: string;
  readonly terminatePostUri: string;
  readonly purgeHistoryDeleteUri: string;
  readonly restartPostUri: string;
  readonly suspendPostUri: string;
  readonly resumePostUri: string;
}

export interface ManagementUrlOptions {
  /**
   * Whether the status of a failed instance is to be answered with 500: the `statusQueryGetUri` asks for it (P-6).
   * Default false.
   */
  readonly returnInternalServerErrorOnFailure?: boolean;
}

export function managementUrls(
  base: UrlBase,
  instanceId: string,
  options: ManagementUrlOptions = {},
): ManagementUrls {
  const instance = instanceUrl(base, instanceId);
  const query = queryOf(base);
  const onFailure = options.returnInternalServerErrorOnFailure
    ? "&returnInternalServerErrorOnFailure=true"
    : "";
  return {
    id: instanceId,
    statusQueryGetUri: `${instance}?${query}${onFailure}`,
    sendEventPostUri: `${instance}/raiseEvent/{eventName}?${query}`,
    terminatePostUri: `${instance}/terminate?reason={text}&${query}`,
    purgeHistoryDeleteUri: `${instance}?${query}`,
    restartPostUri: `${instance}/restart?${query}`,
    suspendPostUri: `${instance}/suspend?reason={text}&${query}`,
    resumePostUri: `${instance}/resume?reason={text}&${query}`,
  };
}

/** Where a purge in the background tells how far it is. */
export function purgeJobUrl(base: UrlBase, purgeId: string): string {
  return `${base.origin}${base.basePath}/purges/${encodeURIComponent(purgeId)}?${queryOf(base)}`;
}

/** Management URLs with the one that a check-status response leaves out (3.1, H-41). */
export interface ManagementPayload extends ManagementUrls {
  readonly rewindPostUri: string;
}

export function managementPayload(
  base: UrlBase,
  instanceId: string,
  options: ManagementUrlOptions = {},
): ManagementPayload {
  return {
    ...managementUrls(base, instanceId, options),
    rewindPostUri: `${instanceUrl(base, instanceId)}/rewind?reason={text}&${queryOf(base)}`,
  };
}

/** What the client of durable-functions is given to reach a hub (P-21): templates, and the hub's own address. */
export interface BindingData {
  readonly taskHubName: string;
  readonly connectionName: string;
  readonly creationUrls: {
    readonly createNewInstancePostUri: string;
    readonly createAndWaitOnNewInstancePostUri: string;
  };
  /** The id in them is the literal `INSTANCEID`. */
  readonly managementUrls: ManagementPayload;
  readonly baseUrl: string;
  readonly requiredQueryStringParameters: string;
  /** Where calls go that need no key; absent when every call takes the public way. */
  readonly rpcBaseUrl?: string;
}

export function bindingData(base: UrlBase, rpcBaseUrl?: string): BindingData {
  const { origin, basePath, taskHub, connection, code } = base;
  const baseUrl = origin + basePath;
  const key = code === undefined ? "" : `code=${encodeURIComponent(code)}`;
  const start = `${baseUrl}/orchestrators/{functionName}[/{instanceId}]`;
  const wait = "timeout={timeoutInSeconds}&pollingInterval={intervalInSeconds}";
  return {
    taskHubName: taskHub,
    connectionName: connection,
    creationUrls: {
      createNewInstancePostUri: key === "" ? start : `${start}?${key}`,
      createAndWaitOnNewInstancePostUri: key === "" ? `${start}?${wait}` : `${start}?${wait}&${key}`,
    },
    managementUrls: managementPayload(base, "INSTANCEID"),
    baseUrl,
    requiredQueryStringParameters: key,
    ...(rpcBaseUrl === undefined ? {} : { rpcBaseUrl }),
  };
}

/** Percent-encoded (P-1). */
function instanceUrl({ origin, basePath }: UrlBase, instanceId: string): string {
  return `${origin}${basePath}/instances/${encodeURIComponent(instanceId)}`;
}

function queryOf({ taskHub, connection, code }: UrlBase): string {
  const query = `taskHub=${encodeURIComponent(taskHub)}&connection=${encodeURIComponent(connection)}`;
  return code === undefined ? query : `${query}&code=${encodeURIComponent(code)}`;
}
