import { app } from "perdure";

const SLICE = 50_000;

// Real work, cut into slices that are each done once, whatever happens to the process.
app.activity("countPrimes", ({ from, to }) => {
  let count = 0;
  for (let n = Math.max(from, 2); n < to; n++) if (isPrime(n)) count++;
  return count;
});

app.orchestration("primesBelow", function* (context) {
  const limit = context.df.getInput() ?? 200_000;
  let primes = 0;
  for (let from = 0; from < limit; from += SLICE) {
    context.df.setCustomStatus({ percent: Math.round((100 * from) / limit) });
    primes += yield context.df.callActivity("countPrimes", { from, to: Math.min(from + SLICE, limit) });
    yield context.df.createTimer(new Date(context.df.currentUtcDateTime.getTime() + 500));
  }
  context.df.setCustomStatus({ percent: 100 });
  return { limit, primes };
});

function isPrime(n) {
  for (let divisor = 2; divisor * divisor <= n; divisor++) if (n % divisor === 0) return false;
  return true;
}
