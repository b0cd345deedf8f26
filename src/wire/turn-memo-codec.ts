import { toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, base64Decode, base64Encode, WireType } from "@bufbuild/protobuf/wire";
import {
  type OrchestrationTraceContext,
  OrchestrationTraceContextSchema,
  OrchestratorRequestSchema,
} from "./generated/orchestrator_service_pb.ts";

const NO_BYTES = new Uint8Array();
const { orchestrationTraceContext: CONTEXT } = OrchestratorRequestSchema.field;

/** What a worker wants to have back with its next turn, as a text that means nothing to anyone but workers. */
export function decodeTurnMemo(context: OrchestrationTraceContext | undefined): string | undefined {
  return context && base64Encode(toBinary(OrchestrationTraceContextSchema, context));
}

/** As bytes of a request for a turn. */
export function encodeTurnMemo(memo: string | undefined): Uint8Array {
  if (memo === undefined) return NO_BYTES;
  return new BinaryWriter().tag(CONTEXT.number, WireType.LengthDelimited).bytes(base64Decode(memo)).finish();
}
