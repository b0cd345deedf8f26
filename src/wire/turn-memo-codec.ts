import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { base64Decode, base64Encode } from "@bufbuild/protobuf/wire";
import {
  type OrchestrationTraceContext,
  OrchestrationTraceContextSchema,
} from "./generated/orchestrator_service_pb.ts";

/** What a worker wants to have back with its next turn, as a text that means nothing to anyone but workers. */
export function decodeTurnMemo(context: OrchestrationTraceContext | undefined): string | undefined {
  return context && base64Encode(toBinary(OrchestrationTraceContextSchema, context));
}

export function encodeTurnMemo(memo: string | undefined): OrchestrationTraceContext | undefined {
  return memo === undefined ? undefined : fromBinary(OrchestrationTraceContextSchema, base64Decode(memo));
}
