/** How long a partition is ours. */
export interface Tenure {
  /** Why it is over, and nothing in memory counts any more. */
  over: Error | undefined;
}
