import {
  type DurableHttpRequest,
  DurableHttpResponse,
  type HttpActivityResult,
  pollRequest,
  pollTime,
} from "./durable-http.ts";
import { Task, type TaskScope, type TimerTask } from "./task.ts";

export interface HttpPort extends TaskScope {
  readonly currentTime: number;
  /** How long to wait between two polls when the answer does not say. */
  readonly pollMs: number;
  send(request: DurableHttpRequest): Task<unknown>;
  wait(fireAt: number): TimerTask;
}

/** An HTTP request, and as many polls as it takes to get an answer that is not 202, with durable timers between (S-182). */
export class HttpCall extends Task<DurableHttpResponse> {
  readonly #port: HttpPort;
  #request: DurableHttpRequest;

  constructor(port: HttpPort, request: DurableHttpRequest, first: Task<unknown>) {
    super(port);
    this.#port = port;
    this.#request = request;
    first.listen(this);
  }

  childSettled(child: Task<unknown>): void {
    if (child.isFaulted) return this.fail(child.error);
    const answer = child.value() as HttpActivityResult;
    const { statusCode, headers, content } = answer;
    const poll =
      statusCode === 202 && this.#request.asynchronousPatternEnabled
        ? pollRequest(this.#request, answer)
        : undefined;
    if (poll === undefined) return this.complete(new DurableHttpResponse(statusCode, content, headers));
    this.#request = poll;
    this.#failIfThrows(() => {
      const wait = this.#port.wait(pollTime(headers, this.#port.currentTime, this.#port.pollMs));
      wait.listen({ childSettled: () => this.#failIfThrows(() => this.#port.send(poll).listen(this)) });
    });
  }

  /** A wait or a poll may be one action too many. */
  #failIfThrows(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.fail(error);
    }
  }
}
