import {
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
} from "@grpc/grpc-js";

type Call = ServerInterceptingCallInterface;

/**
 * A call that takes a message for sent once HTTP/2 has it, not when the socket does.
 *
 * Otherwise the library writes an answer and its status, and the items of a stream, one by one, each in a turn of the event
 * loop of its own. So they go out together. What is not read yet is bounded elsewhere: a unary call has one answer, and a
 * worker so many items at a time.
 */
class EagerCall extends ServerInterceptingCall {
  readonly #call: Call;

  constructor(call: Call) {
    super(call);
    this.#call = call;
  }

  override start(...args: Parameters<Call["start"]>): void {
    this.#call.start(...args);
  }

  override sendMetadata(...args: Parameters<Call["sendMetadata"]>): void {
    this.#call.sendMetadata(...args);
  }

  override sendMessage(message: unknown, sent: () => void): void {
    this.#call.sendMessage(message, () => undefined);
    sent();
  }

  override sendStatus(...args: Parameters<Call["sendStatus"]>): void {
    this.#call.sendStatus(...args);
  }
}

/** Makes the calls of all RPCs eager but one: a long history goes on as its reader reads. */
export const eagerCalls: ServerInterceptor = ({ path }, call) =>
  path.endsWith("/StreamInstanceHistory") ? new ServerInterceptingCall(call) : new EagerCall(call);
