import { percentile } from "../statistics.ts";
import type { Metrics } from "../workload.ts";
import { DAYS, PREFIX } from "./million.ts";

const TOKEN = "x-ms-continuation-token";
const DAY_MS = 24 * 60 * 60 * 1_000;
const PAGES = 500;
/** So that what is measured is compiled code. */
const WARM_UP_PAGES = 100;
const LARGEST_PAGE = 1_000;

/** What people filter by. Each matches more than half of the instances. */
export function filters(now: number): Readonly<Record<string, string>> {
  const from = new Date(now - (DAYS - 5) * DAY_MS).toISOString();
  const to = new Date(now - DAY_MS).toISOString();
  return {
    status: "runtimeStatus=Completed",
    created: `createdTimeFrom=${from}&createdTimeTo=${to}`,
    prefix: `instanceIdPrefix=${PREFIX}`,
  };
}

/** How long pages of 100 take over HTTP: the first one, and those so many instances deep. */
export async function measurePages(
  instancesUrl: string,
  name: string,
  filter: string,
  depth: number,
): Promise<Metrics> {
  const url = `${instancesUrl}?${filter}`;
  for (let page = 0; page < WARM_UP_PAGES; page++) await fetchPage(`${url}&top=100`, "");
  const first: number[] = [];
  for (let page = 0; page < PAGES; page++) first.push((await fetchPage(`${url}&top=100`, "")).ms);
  let token = "";
  for (let seen = 0; seen < depth; seen += LARGEST_PAGE) {
    token = (await fetchPage(`${url}&top=${LARGEST_PAGE}`, token)).token;
    if (token === "") throw new Error(`There are fewer than ${depth} instances with ${filter}.`);
  }
  const deep: number[] = [];
  for (let page = 0; page < PAGES; page++) {
    const next = await fetchPage(`${url}&top=100`, token);
    deep.push(next.ms);
    token = next.token;
  }
  return {
    [`${name}, first page, p99 ms`]: percentile(first, 99),
    [`${name}, first page, p50 ms`]: percentile(first, 50),
    [`${name}, deep, p99 ms`]: percentile(deep, 99),
    [`${name}, deep, p50 ms`]: percentile(deep, 50),
  };
}

async function fetchPage(
  url: string,
  token: string,
): Promise<{ readonly ms: number; readonly token: string }> {
  const began = performance.now();
  const response = await fetch(url, { headers: { [TOKEN]: token } });
  await response.arrayBuffer();
  if (response.status !== 200) throw new Error(`${url} was answered with ${response.status}.`);
  return { ms: performance.now() - began, token: response.headers.get(TOKEN) ?? "" };
}
