import { DurableError } from "../core/errors.ts";
import type { HttpHub } from "../http/api-request.ts";
import { checkStatusResponse } from "../http/check-status-response.ts";
import { completionResponse } from "../http/completion-response.ts";
import {
  type ManagementPayload,
  type ManagementUrlOptions,
  managementPayload,
  managementUrls,
} from "../http/management-urls.ts";
import type { RequestLike } from "../http/request-origin.ts";
import { jsonResponse } from "../http/responses.ts";
import { statusPayload } from "../http/status-payload.ts";
import type { Webhook } from "./webhook.ts";

/** The names of durable-functions v3. */
export interface WaitForCompletionOptions {
  /** How long to wait, in milliseconds. Default 10,000. */
  readonly timeoutInMilliseconds?: number;
  /** Not above the timeout, and otherwise without effect: the wait does not poll. In milliseconds, default 1,000. */
  readonly retryIntervalInMilliseconds?: number;
  /**
   * Whether a Failed instance is answered with 500 rather than 200 (P-20). Default true. `true` that is written out also
   * goes into the `statusQueryGetUri` of an instance that has not ended (P-6).
   */
  readonly returnInternalServerErrorOnFailure?: boolean;
}

/** Answers to HTTP requests about instances of one hub, in the forms of the management API. */
export class HttpAnswers {
  readonly #hub: HttpHub;
  readonly #webhook: Webhook;

  constructor(hub: HttpHub, webhook: Webhook) {
    this.#hub = hub;
    this.#webhook = webhook;
  }

  managementPayload(instanceId: string, options?: ManagementUrlOptions): ManagementPayload {
    return managementPayload(this.#base(undefined), instanceId, options);
  }

  checkStatus(
    request: RequestLike | undefined,
    instanceId: string,
    options?: ManagementUrlOptions,
  ): Response {
    return checkStatusResponse(managementUrls(this.#base(request), instanceId, options));
  }

  async completionOrCheckStatus(
    request: RequestLike | undefined,
    instanceId: string,
    options: WaitForCompletionOptions = {},
  ): Promise<Response> {
    const timeoutMs = timeoutOf(options);
    const running = this.checkStatus(request, instanceId, options); // Before the wait: a missing URL is told at once.
    const failedStatus = (options.returnInternalServerErrorOnFailure ?? true) ? 500 : 200;
    return completionResponse(
      { hub: this.#hub, instanceId, timeoutMs },
      {
        running: () => running,
        ended: (record) =>
          jsonResponse(
            record.status === "Failed" ? failedStatus : 200,
            statusPayload(record, { showInput: true }),
          ),
      },
    );
  }

  #base(request: RequestLike | undefined) {
    return this.#webhook.baseFor(this.#hub.client.taskHubName, request);
  }
}

function timeoutOf(options: WaitForCompletionOptions): number {
  const { timeoutInMilliseconds: timeout = 10_000, retryIntervalInMilliseconds: interval = 1_000 } = options;
  if (interval <= timeout) return timeout;
  throw new DurableError(
    "INVALID_ARGUMENT",
    `timeoutInMilliseconds (${timeout} ms) must not be shorter than retryIntervalInMilliseconds (${interval} ms).`,
  );
}
