/** Where a call stands in a distributed trace: the headers of the W3C Trace Context, passed on as they came. */
export interface TraceContext {
  readonly traceParent: string;
  readonly spanId?: string;
  readonly traceState?: string;
}
