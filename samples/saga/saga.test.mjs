import assert from "node:assert/strict";
import test from "node:test";
import { app } from "perdure";
import { inTurn, TestHub } from "perdure/testing";
import "./index.mjs";

async function bookTrip(hub) {
  const id = await hub.client.startNew("bookTrip", { input: { city: "Lisbon" } });
  return (await hub.run(id)).output;
}

test("a cancellation is tried again until it succeeds", async () => {
  const hub = await TestHub.start({ app });
  const busy = Array.from({ length: 20 }, () => new Error("the desk is closed"));
  hub.fake("bookCar", new Error("There is no car left."));
  hub.fake("cancel", inTurn(...busy, "canceled"));

  const { status, undone } = await bookTrip(hub);

  assert.equal(status, "canceled");
  assert.deepEqual(undone, ["canceled", "canceled"]);
  assert.equal(hub.calls("bookCar").length, 3);
  assert.equal(hub.calls("cancel").length, 22);
  assert.equal(hub.now - hub.calls("bookFlight")[0].at, 3_000 + 20 * 5_000);
  await hub.stop();
});

test("a crash books the hotel twice and loses nothing", async () => {
  const hub = await TestHub.start({ app });
  hub.crashNext({ activity: "bookHotel" });

  const { booked } = await bookTrip(hub);

  assert.deepEqual(booked, ["flight in Lisbon", "hotel in Lisbon", "car in Lisbon"]);
  assert.deepEqual(
    hub.calls("bookHotel").map(({ state }) => state),
    ["lost", "completed"],
  );
  await hub.stop();
});
