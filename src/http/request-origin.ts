/**
 * What is looked at of a request. A `Request` has it, so has the `HttpRequest` of Azure Functions, and so has the
 * `IncomingMessage` of Node.js, whose `url` is a path: there the header `Host` tells the rest.
 */
export interface RequestLike {
  readonly url?: string | undefined;
  readonly headers: HeadersLike;
  /** Of an IncomingMessage: an encrypted one means https. */
  readonly socket?: object | null | undefined;
}

export type HeadersLike =
  | { get(name: string): string | null | undefined }
  | { readonly [name: string]: string | readonly string[] | undefined };

/**
 * Scheme and authority under which a request was made, or what a trusted proxy says they were (P-3, P-4). `undefined`
 * when the request does not tell.
 */
export function originOf(request: RequestLike, useForwardedHost: boolean): string | undefined {
  const { url = "", headers } = request;
  const host = headerOf(headers, "X-Forwarded-Host");
  const protocol = headerOf(headers, "X-Forwarded-Proto");
  if (useForwardedHost && host && protocol) return `${protocol}://${host}`;
  if (/^https?:/i.test(url) && URL.canParse(url)) return new URL(url).origin;
  const authority = headerOf(headers, "Host");
  return authority ? `${isEncrypted(request) ? "https" : "http"}://${authority}` : undefined;
}

function headerOf(headers: HeadersLike, name: string): string | undefined {
  if (hasGet(headers)) return headers.get(name) ?? undefined;
  const found = Object.entries(headers).find(([each]) => each.toLowerCase() === name.toLowerCase());
  const value = found?.[1];
  return typeof value === "string" ? value : value?.at(0);
}

function hasGet(headers: HeadersLike): headers is { get(name: string): string | null | undefined } {
  return typeof headers.get === "function";
}

function isEncrypted({ socket }: RequestLike): boolean {
  return Boolean(socket && "encrypted" in socket && socket.encrypted);
}
