import type { Part } from "./part.ts";

export type HostHealth = "healthy" | "unhealthy" | "no answer" | "something else";

export interface HostPart extends Part {
  readonly url: string;
  readonly health: HostHealth;
  /** Of an unhealthy one, why; else why there is no answer. */
  readonly reason: string | undefined;
  readonly taskHub: string | undefined;
  /** The orchestrators it has; `undefined` when it does not tell. */
  readonly orchestrators: readonly string[] | undefined;
}

const BASE_PATH = "/runtime/webhooks/durabletask";
const PATIENCE_MS = 3_000;

/** Whether a host answers at the URL, how it is, and which hub it runs. No key is needed for this, and none is sent. */
export async function lookAtHost(url: string): Promise<HostPart> {
  const root = url.replace(/\/+$/, "").replace(new RegExp(`${BASE_PATH}$`), "");
  const { health, reason } = await healthOf(root);
  const isHost = health === "healthy" || health === "unhealthy";
  const hello = isHost ? await helloOf(root) : {};
  const { taskHub, role } = hello;
  const running =
    taskHub === undefined ? "" : `, task hub ${taskHub}${role === undefined ? "" : ` (${role})`}`;
  return {
    title: "Host",
    url: root,
    health,
    reason,
    taskHub,
    orchestrators: hello.orchestrators,
    rows: [
      ["URL", root],
      ["Answer", `${health}${running}`],
    ],
    facts: { url: root, health, reason, taskHub, role },
    findings: [],
  };
}

async function healthOf(root: string): Promise<Pick<HostPart, "health" | "reason">> {
  const answer = await get(`${root}${BASE_PATH}/health`);
  if (answer instanceof Error) return { health: "no answer", reason: answer.message };
  const status = textAt(answer.body, "status");
  if (answer.status === 200 && status === "healthy") return { health: "healthy", reason: undefined };
  if (answer.status === 503 && status === "unhealthy") {
    return { health: "unhealthy", reason: textAt(answer.body, "reason") };
  }
  return { health: "something else", reason: `it answers ${answer.status}` };
}

interface Hello {
  readonly taskHub?: string | undefined;
  readonly role?: string | undefined;
  readonly orchestrators?: readonly string[];
}

/** What the host tells of itself; a proxy before it may have something else there. */
async function helloOf(root: string): Promise<Hello> {
  const answer = await get(`${root}/`);
  if (answer instanceof Error || textAt(answer.body, "perdure") === undefined) return {};
  const { orchestrators } = answer.body as { readonly orchestrators?: unknown };
  return {
    taskHub: textAt(answer.body, "taskHub"),
    role: textAt(answer.body, "role"),
    ...(Array.isArray(orchestrators) ? { orchestrators: orchestrators.map(String) } : {}),
  };
}

interface Answer {
  readonly status: number;
  /** `undefined` when it is no JSON. */
  readonly body: unknown;
}

async function get(url: string): Promise<Answer | Error> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS) });
    return { status: response.status, body: jsonOf(await response.text()) };
  } catch (error) {
    const cause = error instanceof Error ? (error.cause ?? error) : error;
    return cause instanceof Error ? cause : new Error(String(cause));
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // Then it is not a host that answers.
  }
}

function textAt(body: unknown, name: string): string | undefined {
  const value =
    typeof body === "object" && body !== null ? new Map(Object.entries(body)).get(name) : undefined;
  return typeof value === "string" ? value : undefined;
}
