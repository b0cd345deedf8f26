import type { MessageInitShape } from "@bufbuild/protobuf";
import { given } from "../core/given.ts";
import type { TraceContext } from "../core/trace-context.ts";
import type {
  TraceContextSchema,
  TraceContext as WireTraceContext,
} from "./generated/orchestrator_service_pb.ts";

export function encodeTraceContext(
  trace: TraceContext | undefined,
): MessageInitShape<typeof TraceContextSchema> | undefined {
  if (trace === undefined) return undefined;
  return { traceParent: trace.traceParent, spanID: trace.spanId ?? "", traceState: trace.traceState };
}

/** A context without a parent is none. */
export function decodeTraceContext(trace: WireTraceContext | undefined): TraceContext | undefined {
  if (trace === undefined || trace.traceParent === "") return undefined;
  const { traceParent, spanID, traceState } = trace;
  return { traceParent, ...given({ spanId: spanID === "" ? undefined : spanID, traceState }) };
}
