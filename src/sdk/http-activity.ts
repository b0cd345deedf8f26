import { MAX_PAYLOAD_CHARACTERS } from "../core/data-converter.ts";
import {
  CREDENTIAL_HEADERS,
  type DurableHttpRequest,
  HTTP_ACTIVITY,
  type HttpActivityResult,
  MAX_HTTP_TIMEOUT_MS,
} from "../core/durable-http.ts";
import { DurableError, type ErrorCode } from "../core/errors.ts";
import type { ActivityDefinition } from "../engine/registry.ts";
import type { AllowedHosts } from "./allowed-hosts.ts";
import type { TokenSources } from "./token-source.ts";

const MAX_REDIRECTS = 20;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

export interface HttpActivityOptions {
  readonly tokenSources: TokenSources;
  readonly allowedHosts: AllowedHosts;
}

/** A request that cannot have an answer, however often it is sent. */
class HttpCallError extends DurableError {
  override readonly name = "HttpCallError";
  readonly statusCode: number | undefined;
  readonly nonRetriable: boolean;

  constructor(
    code: ErrorCode,
    message: string,
    more: { readonly statusCode?: number; readonly nonRetriable?: boolean; readonly cause?: unknown } = {},
  ) {
    super(code, message, { cause: more.cause });
    this.statusCode = more.statusCode;
    this.nonRetriable = more.nonRetriable ?? false;
  }
}

/** The activity behind `callHttp` (S-180). */
export function httpActivity(options: HttpActivityOptions): ActivityDefinition {
  return {
    name: HTTP_ACTIVITY,
    handler: (input, { signal }) => send(input as DurableHttpRequest, signal, options),
  };
}

/** Where a request goes next, and what it has with it. */
interface Hop {
  readonly url: URL;
  readonly method: string;
  readonly headers: Headers;
  readonly content: string | undefined;
}

async function send(
  request: DurableHttpRequest,
  signal: AbortSignal,
  { tokenSources, allowedHosts }: HttpActivityOptions,
): Promise<HttpActivityResult> {
  const timeoutMs = Math.min(request.timeout ?? MAX_HTTP_TIMEOUT_MS, MAX_HTTP_TIMEOUT_MS);
  const timeout = AbortSignal.timeout(timeoutMs);
  const headers = headersOf(request);
  const url = urlOf(request.uri, undefined);
  allowedHosts.check(url);
  if (request.tokenSource) {
    headers.set("authorization", `Bearer ${await tokenSources.tokenOf(request.tokenSource)}`);
  }
  let hop: Hop = { url, method: request.method, headers, content: request.content };
  for (let redirects = 0; ; redirects++) {
    const response = await answerTo(hop, AbortSignal.any([signal, timeout]), timeoutMs);
    const location = response.headers.get("location");
    if (!REDIRECTS.has(response.status) || location === null) {
      return resultOf(request, hop, response, timeoutMs);
    }
    await response.body?.cancel();
    if (redirects === MAX_REDIRECTS) {
      throw refused(`${request.method} ${request.uri} led to more than ${MAX_REDIRECTS} redirects.`);
    }
    hop = redirected(hop, response.status, urlOf(location, hop.url));
    allowedHosts.check(hop.url);
  }
}

async function answerTo(hop: Hop, signal: AbortSignal, timeoutMs: number): Promise<Response> {
  try {
    return await fetch(hop.url, {
      method: hop.method,
      headers: hop.headers,
      redirect: "manual",
      signal,
      ...(hop.content === undefined ? {} : { body: hop.content }),
    });
  } catch (error) {
    throw failed(hop, error, timeoutMs);
  }
}

/** Codes of failures that stand behind "fetch failed", and of time that is up. */
function failed(hop: Hop, error: unknown, timeoutMs: number): HttpCallError {
  const what = `${hop.method} ${withoutQuery(hop.url)}`;
  if (error instanceof Error && error.name === "TimeoutError") {
    return new HttpCallError("HTTP_CALL_FAILED", `${what} had no answer within ${timeoutMs} ms.`, {
      cause: error,
    });
  }
  const cause: unknown = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new HttpCallError("HTTP_CALL_FAILED", `${what} had no answer: ${reason}`, { cause });
}

async function resultOf(
  request: DurableHttpRequest,
  hop: Hop,
  response: Response,
  timeoutMs: number,
): Promise<HttpActivityResult> {
  const content = await contentOf(hop, response, timeoutMs);
  const { status: statusCode } = response;
  if (isFailure(request, statusCode)) {
    const what = `${request.method} ${withoutQuery(hop.url)} was answered with ${statusCode}.`;
    throw new HttpCallError("HTTP_CALL_FAILED", what, { statusCode });
  }
  const location = statusCode === 202 ? response.headers.get("location") : null;
  const next = location === null ? undefined : urlOf(location, hop.url);
  const first = new URL(request.uri);
  return {
    statusCode,
    headers: Object.fromEntries(response.headers),
    content,
    ...(next ? { next: { uri: next.href, isSameOrigin: next.origin === first.origin } } : {}),
  };
}

/** Only with retry options is an answer a failure: those that are listed, or all but 2xx (S-184). */
function isFailure({ retryOptions }: DurableHttpRequest, statusCode: number): boolean {
  if (retryOptions === undefined) return false;
  const { statusCodesToRetry: listed } = retryOptions;
  return listed.length === 0 ? statusCode < 200 || statusCode > 299 : listed.includes(statusCode);
}

async function contentOf(hop: Hop, response: Response, timeoutMs: number): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  try {
    for await (const chunk of response.body ?? []) {
      text += decoder.decode(chunk as Uint8Array, { stream: true });
      if (text.length > MAX_PAYLOAD_CHARACTERS) break;
    }
  } catch (error) {
    throw failed(hop, error, timeoutMs);
  }
  if (text.length > MAX_PAYLOAD_CHARACTERS) {
    throw new HttpCallError(
      "PAYLOAD_TOO_LARGE",
      `The answer of ${withoutQuery(hop.url)} has more than ${MAX_PAYLOAD_CHARACTERS} characters; fetch it in an activity and keep it elsewhere.`,
      { nonRetriable: true },
    );
  }
  return text + decoder.decode();
}

/** The rules of browsers: 303, and 301 or 302 after a POST, ask with GET. Nothing secret goes to another origin. */
function redirected(hop: Hop, status: number, url: URL): Hop {
  const becomesGet = (status === 303 && hop.method !== "HEAD") || (status < 303 && hop.method === "POST");
  const headers = new Headers(hop.headers);
  if (url.origin !== hop.url.origin) for (const name of CREDENTIAL_HEADERS) headers.delete(name);
  if (!becomesGet) return { ...hop, url, headers };
  for (const name of ["content-type", "content-length", "content-encoding"]) headers.delete(name);
  return { url, method: "GET", headers, content: undefined };
}

function headersOf({ headers }: DurableHttpRequest): Headers {
  const made = new Headers();
  for (const [name, value] of Object.entries(headers)) {
    for (const each of Array.isArray(value) ? (value as readonly string[]) : [value as string]) {
      made.append(name, each);
    }
  }
  return made;
}

function urlOf(text: string, base: URL | undefined): URL {
  const url = URL.canParse(text, base?.href) ? new URL(text, base) : undefined;
  if (url && (url.protocol === "http:" || url.protocol === "https:")) return url;
  throw refused(`"${text}" is not an http or https URL.`);
}

/** A query may hold a key. */
function withoutQuery({ origin, pathname }: URL): string {
  return `${origin}${pathname}`;
}

function refused(message: string): HttpCallError {
  return new HttpCallError("HTTP_CALL_REFUSED", message, { nonRetriable: true });
}
