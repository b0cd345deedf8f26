import { app, RetryOptions } from "perdure";

// Up to three attempts, one second apart at first and twice as long each time.
const retry = new RetryOptions(1_000, 3);
retry.backoffCoefficient = 2;

const attempts = new Map();

function book(what) {
  return (trip) => {
    if (trip.soldOut === what) throw new Error(`There is no ${what} left in ${trip.city}.`);
    const attempt = (attempts.get(`${trip.id}:${what}`) ?? 0) + 1;
    attempts.set(`${trip.id}:${what}`, attempt);
    if (trip.flaky === what && attempt < 3) throw new Error(`The ${what} desk does not answer.`);
    return `${what} in ${trip.city}`;
  };
}

app.activity("bookFlight", book("flight"));
app.activity("bookHotel", book("hotel"));
app.activity("bookCar", book("car"));
app.activity("cancel", (booking) => `canceled: ${booking}`);

app.orchestration("bookTrip", function* (context) {
  const trip = { ...context.df.getInput(), id: context.df.instanceId };
  const booked = [];
  try {
    for (const step of ["bookFlight", "bookHotel", "bookCar"]) {
      booked.push(yield context.df.callActivityWithRetry(step, retry, trip));
    }
    return { status: "booked", booked };
  } catch (error) {
    // What was done is undone, in reverse. Cancellations are tried again until they succeed, a hundred times at most.
    const undone = [];
    for (const booking of booked.toReversed()) {
      undone.push(yield context.df.callActivityWithRetry("cancel", new RetryOptions(5_000, 100), booking));
    }
    return { status: "canceled", reason: error.cause?.message ?? error.message, undone };
  }
});
