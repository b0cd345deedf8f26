import type { MiddlewareHandler } from "hono";
import { cors } from "hono/cors";

/** Which web pages of other origins a browser lets use the API. */
export interface CrossOrigin {
  /** As browsers send them, `https://portal.example`; `*` is every origin. */
  readonly origins: "*" | readonly string[];
  /** Whether a browser may send cookies and the like. Not with `*`: browsers refuse that. */
  readonly credentials: boolean;
}

const METHODS = ["GET", "POST", "DELETE"];
const REQUEST_HEADERS = ["content-type", "x-functions-key", "x-ms-continuation-token"];
const RESPONSE_HEADERS = ["Location", "Retry-After", "x-ms-continuation-token"];

/** Answers preflight requests, which carry no key, and marks every other answer for the browser. */
export function crossOrigin({ origins, credentials }: CrossOrigin): MiddlewareHandler {
  return cors({
    origin: origins === "*" ? origins : [...origins],
    credentials,
    allowMethods: METHODS,
    allowHeaders: REQUEST_HEADERS,
    exposeHeaders: RESPONSE_HEADERS,
  });
}

/**
 * Whether a request comes from a web page that has no business here. Browsers send some requests of any page without asking
 * first, so that a host that wants no key has to look who sends them.
 */
export function isOfStrangePage(
  request: Request,
  ownOrigin: string,
  allowed: CrossOrigin | undefined,
): boolean {
  const origin = request.headers.get("Origin");
  if (origin === null || origin === ownOrigin || allowed?.origins === "*") return false;
  return !allowed?.origins.includes(origin);
}
