import type { CompletionFilter, QueryStore } from "perdure/storage";
import { percentile } from "../statistics.ts";
import type { Metrics } from "../workload.ts";
import { DAYS, PREFIX } from "./million.ts";

const TOKEN = "x-ms-continuation-token";
const DAY_MS = 24 * 60 * 60 * 1_000;
const PAGE = 100;
const PAGES = 500;
/** So that what is measured is compiled code. */
const WARM_UP_PAGES = 100;
const LARGEST_PAGE = 1_000;

/** Asks for the page after a token, the first one when it is empty; the answer is the next token, empty at the end. */
export type Listing = (size: number, token: string) => Promise<string>;

/** What people filter by, over HTTP. Each matches more than half of the instances. */
export function listingsOverHttp(instancesUrl: string, now: number): Readonly<Record<string, Listing>> {
  const from = new Date(now - (DAYS - 5) * DAY_MS).toISOString();
  const to = new Date(now - DAY_MS).toISOString();
  const by = (filter: string): Listing => {
    return (size, token) => fetchPage(`${instancesUrl}?${filter}&top=${size}`, token);
  };
  return {
    status: by("runtimeStatus=Completed"),
    created: by(`createdTimeFrom=${from}&createdTimeTo=${to}`),
    prefix: by(`instanceIdPrefix=${PREFIX}`),
  };
}

/** What SDKs of other languages ask for when they export histories. Every filter matches more than half of the instances. */
export function listingsByCompletion(query: QueryStore): Readonly<Record<string, Listing>> {
  const by = (filter: CompletionFilter): Listing => {
    return async (size, token) => {
      const page = await query.listByCompletion(filter, {
        size,
        ...(token === "" ? {} : { continuationToken: token }),
      });
      return page.continuationToken ?? "";
    };
  };
  return { "by completion": by({}), "completed, by completion": by({ statuses: ["Completed"] }) };
}

/** How long pages of 100 take: the first one, and those so many instances deep. */
export async function measurePages(name: string, listing: Listing, depth: number): Promise<Metrics> {
  for (let page = 0; page < WARM_UP_PAGES; page++) await listing(PAGE, "");
  const first: number[] = [];
  for (let page = 0; page < PAGES; page++) first.push((await timedPage(listing, "")).ms);
  let token = "";
  for (let seen = 0; seen < depth; seen += LARGEST_PAGE) {
    token = await listing(LARGEST_PAGE, token);
    if (token === "") throw new Error(`There are fewer than ${depth} instances in the list by ${name}.`);
  }
  const deep: number[] = [];
  for (let page = 0; page < PAGES; page++) {
    const next = await timedPage(listing, token);
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

async function timedPage(
  listing: Listing,
  after: string,
): Promise<{ readonly ms: number; readonly token: string }> {
  const began = performance.now();
  const token = await listing(PAGE, after);
  return { ms: performance.now() - began, token };
}

async function fetchPage(url: string, token: string): Promise<string> {
  const response = await fetch(url, { headers: { [TOKEN]: token } });
  await response.arrayBuffer();
  if (response.status !== 200) throw new Error(`${url} was answered with ${response.status}.`);
  return response.headers.get(TOKEN) ?? "";
}
