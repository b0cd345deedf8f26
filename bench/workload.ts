/** Which program is measured: Perdure, or the smallest program of the same shape on the same driver. */
export type Side = "perdure" | "raw";

export interface WorkloadRequest {
  readonly n: number;
  /** An empty folder for the database. */
  readonly folder: string;
}

/** Figures by name. A name ends in its unit. */
export type Metrics = Readonly<Record<string, number>>;

export interface Workload {
  readonly title: string;
  readonly defaultN: number;
  /** What a higher figure of the first metric means. */
  readonly better: "higher" | "lower";
  /** How often it runs when nothing is said; absent: as often as all. One that has its own is not part of `all`. */
  readonly rounds?: number;
  /** Options of Node.js for the processes of both sides. */
  readonly execArgv?: readonly string[];
  readonly perdure: (request: WorkloadRequest) => Promise<Metrics>;
  /** Absent where there is nothing to compare with. */
  readonly raw?: (request: WorkloadRequest) => Promise<Metrics>;
}
