import {
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
} from "@grpc/grpc-js";

type Call = ServerInterceptingCallInterface;

const EAGER_BYTES = 1024 * 1024;

/**
 * A call that takes a message for sent once HTTP/2 has it, not when the other end has made room for it.
 *
 * Otherwise the library writes an answer and its status, and the items of a stream, one by one, each in a turn of the event
 * loop of its own. So they go out together. When more than 1 MiB of a stream waits for its reader, its messages have been
 * sent when they are.
 */
class EagerCall extends ServerInterceptingCall {
  readonly #call: Call;
  #waitingBytes = 0;

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
    const bytes = message instanceof Uint8Array ? message.length : 0;
    this.#waitingBytes += bytes;
    const isEager = this.#waitingBytes <= EAGER_BYTES;
    this.#call.sendMessage(message, () => {
      this.#waitingBytes -= bytes;
      if (!isEager) sent();
    });
    if (isEager) sent();
  }

  override sendStatus(...args: Parameters<Call["sendStatus"]>): void {
    this.#call.sendStatus(...args);
  }
}

/** Makes the calls of all RPCs eager but one: a long history goes on as its reader reads. */
export const eagerCalls: ServerInterceptor = ({ path }, call) =>
  path.endsWith("/StreamInstanceHistory") ? new ServerInterceptingCall(call) : new EagerCall(call);
