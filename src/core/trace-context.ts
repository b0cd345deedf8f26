/** The W3C trace context that work is done in. */
export interface TraceContext {
  readonly traceParent: string;
  readonly spanId?: string;
  readonly traceState?: string;
}
