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

export function managementUrls(base: UrlBase, instanceId: string): ManagementUrls {
  const instance = `${base.origin}${base.basePath}/instances/${encodeURIComponent(instanceId)}`;
  const query = queryOf(base);
  return {
    id: instanceId,
    statusQueryGetUri: `${instance}?${query}`,
    sendEventPostUri: `${instance}/raiseEvent/{eventName}?${query}`,
    terminatePostUri: `${instance}/terminate?reason={text}&${query}`,
    purgeHistoryDeleteUri: `${instance}?${query}`,
    restartPostUri: `${instance}/restart?${query}`,
    suspendPostUri: `${instance}/suspend?reason={text}&${query}`,
    resumePostUri: `${instance}/resume?reason={text}&${query}`,
  };
}

/** Scheme and authority of the request, or what a trusted proxy says they were (P-3, P-4). */
export function originOf(request: Request, useForwardedHost: boolean): string {
  const host = request.headers.get("X-Forwarded-Host");
  const protocol = request.headers.get("X-Forwarded-Proto");
  return useForwardedHost && host && protocol ? `${protocol}://${host}` : new URL(request.url).origin;
}

function queryOf({ taskHub, connection, code }: UrlBase): string {
  const query = `taskHub=${encodeURIComponent(taskHub)}&connection=${encodeURIComponent(connection)}`;
  return code === undefined ? query : `${query}&code=${encodeURIComponent(code)}`;
}
