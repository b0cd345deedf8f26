import {
  type Metadata,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
  status,
} from "@grpc/grpc-js";
import type { Logger } from "../engine/logger.ts";
import { RpcError } from "./rpc-error.ts";
import { statusOf } from "./unary-handler.ts";

/** Refuses callers without a key before anything but their headers is read. */
export function keyCheck(isAllowed: (token: string) => Promise<boolean>, logger: Logger): ServerInterceptor {
  return ({ path }, call) => {
    const onReceiveMetadata = (metadata: Metadata, goOn: (metadata: Metadata) => void): void => {
      isAllowed(tokenOf(metadata)).then(
        (allowed) => (allowed ? goOn(metadata) : refuse(call, unauthenticated(), path, logger)),
        (error: unknown) => refuse(call, error, path, logger),
      );
    };
    return new ServerInterceptingCall(call, { start: (next) => next({ onReceiveMetadata }) });
  };
}

function refuse(call: ServerInterceptingCallInterface, error: unknown, path: string, logger: Logger): void {
  const { code, details } = statusOf(error, path, logger);
  call.sendStatus({ code, details });
}

const unauthenticated = (): RpcError =>
  new RpcError(
    status.UNAUTHENTICATED,
    "The key is missing or wrong. Send it as 'authorization: Bearer <key>' or in the header x-functions-key.",
  );

function tokenOf(metadata: Metadata): string {
  const [bearer] = metadata.get("authorization");
  const [key] = metadata.get("x-functions-key");
  return /^bearer (.+)$/i.exec(String(bearer ?? ""))?.[1] ?? String(key ?? "");
}
