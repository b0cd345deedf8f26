import { DurableError } from "../core/errors.ts";
import { BASE_PATH, CONNECTION, type UrlBase } from "../http/management-urls.ts";
import { originOf, type RequestLike } from "../http/request-origin.ts";
import { parseWebhookUrl, WEBHOOK_URLS, type WebhookUrl } from "../http/webhook-url.ts";

export interface WebhookOptions {
  /**
   * Where callers reach the management API of this hub: `https://flows.example.org/runtime/webhooks/durabletask`, with
   * `?code=` and a key where the API wants one. Without a path the usual one is meant. A host that serves the API tells
   * the hub by itself.
   */
  readonly webhookUrl?: string;
  /** Whether to believe `X-Forwarded-Host` and `X-Forwarded-Proto` of a request (P-4). Default false. */
  readonly useForwardedHost?: boolean;
}

/** Where the management API of a hub is, as far as this process knows. */
export class Webhook {
  readonly #useForwardedHost: boolean;
  #url: WebhookUrl | undefined;
  #code: () => string | undefined = () => this.#url?.code;

  /** @throws {DurableError} INVALID_CONFIGURATION */
  constructor({ webhookUrl, useForwardedHost = false }: WebhookOptions) {
    this.#useForwardedHost = useForwardedHost;
    if (webhookUrl !== undefined) this.isAt(webhookUrl);
  }

  /**
   * From now on the API is there. `code` is asked for each URL, for a host whose keys change; default: the one in the URL.
   *
   * @throws {DurableError} INVALID_CONFIGURATION
   */
  isAt(webhookUrl: string, code?: () => string | undefined): void {
    const url = parseWebhookUrl(webhookUrl);
    if (url === undefined) throw wrongUrl(webhookUrl);
    this.#url = url;
    if (code) this.#code = code;
  }

  /**
   * What the URLs of a hub begin with: the origin of the request where there is one, else of the webhook (P-3).
   *
   * @throws {DurableError} WEBHOOK_URL_UNKNOWN when neither is known (P-7).
   */
  baseFor(taskHub: string, request: RequestLike | undefined): UrlBase {
    const origin = (request && originOf(request, this.#useForwardedHost)) ?? this.#url?.origin;
    if (origin === undefined) throw unknownWebhook(taskHub);
    const basePath = this.#url?.basePath ?? BASE_PATH;
    return { origin, basePath, taskHub, connection: CONNECTION, code: this.#code() };
  }
}

function wrongUrl(text: string): DurableError {
  return new DurableError("INVALID_CONFIGURATION", `webhookUrl is "${text}"; allowed: ${WEBHOOK_URLS}.`);
}

function unknownWebhook(taskHub: string): DurableError {
  return new DurableError(
    "WEBHOOK_URL_UNKNOWN",
    `It is not known where the management API of task hub '${taskHub}' is. Open the hub with the option webhookUrl, ` +
      "run it in a host (`perdure start`, or startServer), or pass the request that is being answered.",
  );
}
