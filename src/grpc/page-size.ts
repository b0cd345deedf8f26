import { status } from "@grpc/grpc-js";
import { RpcError } from "./rpc-error.ts";

const DEFAULT_PAGE = 100;
const MAX_PAGE = 1_000;

/** How many a caller has asked for in this field of its message, or the default. @throws {RpcError} INVALID_ARGUMENT */
export function pageSizeOf(field: string, wish = 0): number {
  if (wish > MAX_PAGE) {
    throw new RpcError(status.INVALID_ARGUMENT, `${field} is at most ${MAX_PAGE}, not ${wish}.`);
  }
  return wish > 0 ? wish : DEFAULT_PAGE;
}
