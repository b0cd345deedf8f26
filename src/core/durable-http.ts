import { checkPayload, toJsonText } from "./data-converter.ts";
import { DurableError } from "./errors.ts";
import { checkRetryPolicy, type RetryPolicy } from "./retry-policy.ts";

/** The activity that sends requests; in a history it is a task like any other (S-180). */
export const HTTP_ACTIVITY = "BuiltIn::HttpActivity";

/** The longest time one request may take, in milliseconds (S-185). */
export const MAX_HTTP_TIMEOUT_MS = 240_000;

export type HttpHeaders = Readonly<Record<string, string | readonly string[]>>;

/** Where the bearer token of a request comes from. The token itself is never in a history. */
export interface TokenSourceDescriptor {
  /** The name it is registered under. */
  readonly kind: string;
  /** What the token is for. */
  readonly resource?: string;
  readonly options?: unknown;
}

/** A retry policy, and to which answers it applies (S-184). */
export interface HttpRetryOptions extends RetryPolicy {
  /** Default: every status but 2xx. */
  readonly statusCodesToRetry?: readonly number[];
}

/** What `callHttp` takes. */
export interface CallHttpOptions {
  readonly url: string;
  /** Default GET. */
  readonly method?: string;
  readonly headers?: HttpHeaders;
  /** Text is sent as it is; any other value as JSON (S-186). */
  readonly body?: unknown;
  /** A name of a token source, or more about the token that is wanted. */
  readonly tokenSource?: string | TokenSourceDescriptor;
  /** Whether an answer 202 is followed until there is another one (S-182). Default true. */
  readonly enablePolling?: boolean;
  readonly retryOptions?: HttpRetryOptions;
  /** How long one request may take, in milliseconds: above 0. Default, and the most there is: 240,000 (S-185). */
  readonly timeoutMs?: number;
}

/** The input of the activity (S-181). */
export interface DurableHttpRequest {
  readonly method: string;
  readonly uri: string;
  readonly headers: HttpHeaders;
  readonly content?: string;
  readonly tokenSource?: TokenSourceDescriptor;
  readonly asynchronousPatternEnabled: boolean;
  readonly retryOptions?: { readonly statusCodesToRetry: readonly number[] };
  /** In milliseconds. */
  readonly timeout?: number;
}

interface HttpAnswer {
  readonly statusCode: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly content: string;
}

/** What `callHttp` gives. */
export class DurableHttpResponse implements HttpAnswer {
  readonly statusCode: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly content: string;

  constructor(statusCode: number, content: string, headers: Readonly<Record<string, string>> = {}) {
    this.statusCode = statusCode;
    this.content = content;
    this.headers = headers;
  }

  /** The value of a header, whose name is compared without regard to case; `undefined` when there is none. */
  getHeader(name: string): string | undefined {
    return this.headers[name.toLowerCase()];
  }
}

/** What the activity answers: with a Location, also where that is from where the request has ended up. */
export interface HttpActivityResult extends HttpAnswer {
  readonly next?: { readonly uri: string; readonly isSameOrigin: boolean };
}

/** What must not go to another origin. Names in lower case. */
export const CREDENTIAL_HEADERS: ReadonlySet<string> = new Set([
  "authorization",
  "cookie",
  "proxy-authorization",
  "x-functions-key",
]);

/** @throws {DurableError} INVALID_ARGUMENT, INVALID_RETRY_OPTIONS, INPUT_NOT_SERIALIZABLE, PAYLOAD_TOO_LARGE */
export function httpRequest(options: CallHttpOptions): DurableHttpRequest {
  if (typeof options !== "object" || options === null) throw wrong("callHttp takes an object with a url.");
  const { url, method = "GET", timeoutMs, tokenSource, retryOptions, enablePolling = true } = options;
  if (typeof url !== "string" || !/^https?:\/\/[^\s/?#]/i.test(url)) {
    throw wrong(`callHttp needs an absolute http or https URL, not ${String(url)}.`);
  }
  if (typeof method !== "string" || !/^[a-z]+$/i.test(method)) {
    throw wrong(`callHttp needs an HTTP method, not ${String(method)}.`);
  }
  if (timeoutMs !== undefined && !(typeof timeoutMs === "number" && timeoutMs > 0)) {
    throw wrong(`timeoutMs must be a span of time above 0, not ${String(timeoutMs)}.`);
  }
  if (retryOptions) checkRetryPolicy(retryOptions);
  const body = bodyOf(options.body, headersOf(options.headers));
  if (body.content !== undefined && /^(get|head)$/i.test(method)) {
    throw wrong(`A ${method.toUpperCase()} request has no body.`);
  }
  return {
    method: method.toUpperCase(),
    uri: url,
    ...body,
    ...(tokenSource === undefined ? {} : { tokenSource: descriptorOf(tokenSource) }),
    asynchronousPatternEnabled: enablePolling,
    ...(retryOptions ? { retryOptions: { statusCodesToRetry: retryOptions.statusCodesToRetry ?? [] } } : {}),
    ...(timeoutMs === undefined ? {} : { timeout: timeoutMs }),
  };
}

/** The request that asks how far the work behind a 202 is; `undefined` when that is not said (S-182, S-183). */
export function pollRequest(
  { headers, tokenSource, timeout }: DurableHttpRequest,
  { next }: HttpActivityResult,
): DurableHttpRequest | undefined {
  if (next === undefined) return undefined;
  const isKept = (name: string): boolean =>
    name !== "x-functions-key" &&
    !name.startsWith("content-") &&
    (next.isSameOrigin || !CREDENTIAL_HEADERS.has(name));
  return {
    method: "GET",
    uri: next.uri,
    headers: Object.fromEntries(Object.entries(headers).filter(([name]) => isKept(name.toLowerCase()))),
    ...(tokenSource === undefined || !next.isSameOrigin ? {} : { tokenSource }),
    asynchronousPatternEnabled: true,
    ...(timeout === undefined ? {} : { timeout }),
  };
}

/** When to ask again: as Retry-After says, in seconds or as a date, else after the given time (S-182). */
export function pollTime(headers: HttpAnswer["headers"], now: number, defaultMs: number): number {
  const text = headers["retry-after"]?.trim() ?? "";
  if (/^\d+$/.test(text)) return now + Math.min(Number(text) * 1_000, LONGEST_WAIT_MS);
  const date = text === "" ? Number.NaN : Date.parse(text);
  return Number.isNaN(date) ? now + defaultMs : Math.min(Math.max(date, now), now + LONGEST_WAIT_MS);
}

const LONGEST_WAIT_MS = 365 * 24 * 60 * 60 * 1_000;

function headersOf(headers: unknown): HttpHeaders {
  if (headers === undefined) return {};
  if (typeof headers !== "object" || headers === null) throw wrong("headers must be an object.");
  for (const [name, value] of Object.entries(headers)) {
    if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name)) throw wrong(`"${name}" is no name of a header.`);
    const values: readonly unknown[] = Array.isArray(value) ? value : [value];
    if (!values.every((each) => typeof each === "string" && !/[\r\n\0]/.test(each))) {
      throw wrong(`The header ${name} must be a text of one line, or a list of such texts.`);
    }
  }
  return headers as HttpHeaders;
}

function bodyOf(body: unknown, headers: HttpHeaders): Pick<DurableHttpRequest, "headers" | "content"> {
  const given = Object.entries(headers).find(([name]) => name.toLowerCase() === "content-type")?.[1];
  if (/^multipart\//i.test(String(given ?? ""))) {
    throw wrong("callHttp cannot send multipart content (S-186): send it from an activity.");
  }
  if (body === undefined || body === null) return { headers };
  const isText = typeof body === "string";
  const what = "The body of callHttp";
  const content = isText ? checkPayload(body, what) : (toJsonText(body, what) ?? "");
  const type = { "content-type": isText ? "text/plain" : "application/json" };
  return { headers: given === undefined ? { ...headers, ...type } : headers, content };
}

function descriptorOf(source: string | TokenSourceDescriptor): TokenSourceDescriptor {
  if (typeof source === "string" && source !== "") return { kind: source };
  if (typeof source === "object" && source !== null && typeof source.kind === "string") {
    const { kind, resource, options } = source;
    return {
      kind,
      ...(resource === undefined ? {} : { resource }),
      ...(options === undefined ? {} : { options }),
    };
  }
  throw wrong("tokenSource is the name of a token source, or an object with a kind.");
}

function wrong(message: string): DurableError {
  return new DurableError("INVALID_ARGUMENT", message);
}
