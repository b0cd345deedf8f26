import { CommandError, EXIT } from "../command-error.ts";

export interface HttpTarget {
  /** Of the host, with or without the base path of the management API. */
  readonly url: string;
  readonly key: string | undefined;
  readonly taskHubName: string | undefined;
}

export interface Call {
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly body?: string | ReadableStream<Uint8Array>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** Statuses that are an answer, not an error. */
  readonly accept?: readonly number[];
}

const BASE_PATH = "/runtime/webhooks/durabletask";
const TOKEN = "x-ms-continuation-token";

/** Calls the management API of a host. */
export class HttpCalls {
  readonly #target: HttpTarget;
  readonly #base: string;

  constructor(target: HttpTarget) {
    const url = target.url.replace(/\/+$/, "");
    this.#target = target;
    this.#base = url.endsWith(BASE_PATH) ? url : url + BASE_PATH;
  }

  /** `undefined`: the host's own. */
  get taskHubName(): string | undefined {
    return this.#target.taskHubName;
  }

  /** @throws {CommandError} for an answer that is an error, unless it is accepted */
  async call(
    method: string,
    path: string,
    { query = {}, body, headers = {}, accept = [], signal }: Call = {},
  ): Promise<Response> {
    const url = new URL(`${this.#base}/${path}`);
    const { key, taskHubName } = this.#target;
    for (const [name, value] of Object.entries({ taskHub: taskHubName, ...query })) {
      if (value !== undefined) url.searchParams.set(name, value);
    }
    const response = await fetch(url, {
      method,
      headers: {
        ...headers,
        ...(key === undefined ? {} : { "x-functions-key": key }),
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
      },
      ...(body === undefined ? {} : { body, duplex: "half" }),
      ...(signal === undefined ? {} : { signal }),
    }).catch((cause: unknown) => {
      throw new CommandError(`No host answers at ${url.origin}: ${reasonOf(cause)}`);
    });
    if (response.ok || accept.includes(response.status)) return response;
    throw await refusal(response, url);
  }
}

/** The header that asks for the page after one. */
export function askingForPage(continuationToken: string | undefined): Readonly<Record<string, string>> {
  return continuationToken === undefined ? {} : { [TOKEN]: continuationToken };
}

/** What asks for the page after this one, if there is one. */
export function nextPage(response: Response): { readonly continuationToken?: string } {
  const continuationToken = response.headers.get(TOKEN) ?? "";
  return continuationToken === "" ? {} : { continuationToken };
}

export async function* bytesOf({ body }: Response): AsyncGenerator<Uint8Array> {
  if (body !== null) yield* body;
}

async function refusal(response: Response, url: URL): Promise<Error> {
  const text = await response.text();
  const message = messageOf(text) ?? (text || response.statusText);
  if (response.status === 401)
    return new CommandError(`${url.origin} wants a key: pass it with --key. ${message}`);
  if (response.status === 404) return new CommandError(message || "There is no such thing.", EXIT.notFound);
  if (response.status === 409) return new CommandError(message, EXIT.conflict);
  return new CommandError(`${url.origin} answers ${response.status}: ${message}`);
}

function messageOf(text: string): string | undefined {
  try {
    const { Message, ExceptionMessage } = JSON.parse(text) as Readonly<Record<string, string | undefined>>;
    return ExceptionMessage ?? Message;
  } catch {
    return undefined; // Then the text itself is what there is to say.
  }
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  return cause instanceof Error ? cause.message : String(cause);
}
