import type { TokenSourceDescriptor } from "../core/durable-http.ts";
import { DurableError } from "../core/errors.ts";

/** Gives the bearer token of HTTP calls, whenever one is sent. It may keep tokens as long as they are good. */
export interface TokenSource {
  getToken(descriptor: TokenSourceDescriptor): string | PromiseLike<string>;
}

/** A token source made of a token, or of a function that gives one. */
export class BearerTokenSource implements TokenSource {
  readonly #token: string | ((descriptor: TokenSourceDescriptor) => string | PromiseLike<string>);

  constructor(token: string | ((descriptor: TokenSourceDescriptor) => string | PromiseLike<string>)) {
    this.#token = token;
  }

  getToken(descriptor: TokenSourceDescriptor): string | PromiseLike<string> {
    return typeof this.#token === "string" ? this.#token : this.#token(descriptor);
  }
}

/** `ManagedIdentityTokenSource` of durable-functions: asks for a token of the source "AzureManagedIdentity". */
export class ManagedIdentityTokenSource implements TokenSourceDescriptor {
  readonly kind = "AzureManagedIdentity";
  readonly resource: string;
  readonly options?: unknown;

  constructor(resource: string, options?: unknown) {
    this.resource = resource;
    if (options !== undefined) this.options = options;
  }
}

/** The token sources of an app, by name. */
export class TokenSources {
  readonly #sources = new Map<string, TokenSource>();

  /** @throws {DurableError} DUPLICATE_FUNCTION, INVALID_FUNCTION */
  add(name: string, source: TokenSource): void {
    if (typeof name !== "string" || name === "") {
      throw new DurableError("INVALID_FUNCTION", "A token source needs a name that is not empty.");
    }
    if (typeof (source as { readonly getToken?: unknown } | undefined)?.getToken !== "function") {
      throw new DurableError("INVALID_FUNCTION", `The token source '${name}' has no method getToken.`);
    }
    if (this.#sources.has(name)) {
      throw new DurableError("DUPLICATE_FUNCTION", `There are two token sources '${name}'. Rename one.`);
    }
    this.#sources.set(name, source);
  }

  /** @throws {DurableError} TOKEN_SOURCE_NOT_FOUND, HTTP_CALL_FAILED when it gives no token */
  async tokenOf(descriptor: TokenSourceDescriptor): Promise<string> {
    const source = this.#sources.get(descriptor.kind);
    if (source === undefined) {
      throw new DurableError(
        "TOKEN_SOURCE_NOT_FOUND",
        `The app has no token source '${descriptor.kind}'. Register it: app.tokenSource("${descriptor.kind}", source).`,
      );
    }
    const token: unknown = await source.getToken(descriptor);
    if (typeof token === "string" && token !== "") return token;
    throw new DurableError("HTTP_CALL_FAILED", `The token source '${descriptor.kind}' gave no token.`);
  }
}
