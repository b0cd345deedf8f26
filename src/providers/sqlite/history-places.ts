/*
 * SQL for where the chunks of a run lie in the history: at run * 2^24 + seq. A run has fewer than 2^24 chunks, and there
 * are fewer than 2^39 runs.
 */

const SEQ_BITS = 24;
const LAST_SEQ = 2 ** SEQ_BITS - 1;

export const placeOf = (run: string, seq: string): string => `(${run} << ${SEQ_BITS} | ${seq})`;

export const SEQ_OF_PLACE = `(place & ${LAST_SEQ})`;

/** Whether a place is one of that run's. */
export const isOfRun = (place: string, run: string, fromSeq = "0"): string =>
  `${place} between ${placeOf(run, fromSeq)} and ${placeOf(run, String(LAST_SEQ))}`;
