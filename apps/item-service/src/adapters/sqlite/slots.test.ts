import { describe, expect, it } from "vitest";
import { createSlots } from "./slots.ts";

describe("createSlots", () => {
  it("runs so many at once, and the others in order as those end", async () => {
    const slots = createSlots(2);
    const started: number[] = [];
    const gates = [0, 1, 2, 3].map(() => Promise.withResolvers<void>());
    const runs = gates.map(({ promise }, number) =>
      slots.run(async () => {
        started.push(number);
        await promise;
        return number;
      }),
    );
    await new Promise(setImmediate);
    expect(started).toEqual([0, 1]);
    expect(slots.isFree).toBe(false);
    gates[1]?.resolve();
    expect(await runs[1]).toBe(1);
    await new Promise(setImmediate);
    expect(started).toEqual([0, 1, 2]);
    for (const { resolve } of gates) {
      resolve();
    }
    expect(await Promise.all(runs)).toEqual([0, 1, 2, 3]);
    expect(started).toEqual([0, 1, 2, 3]);
    expect(slots.isFree).toBe(true);
  });

  it("makes room if the work throws", async () => {
    const slots = createSlots(1);
    const fault = new Error("no");
    await expect(slots.run(() => Promise.reject(fault))).rejects.toBe(fault);
    expect(await slots.run(async () => 7)).toBe(7);
  });

  it("lets one that waits give up, without its work and without harm to the next", async () => {
    const slots = createSlots(1);
    const { promise, resolve } = Promise.withResolvers<void>();
    const holder = slots.run(() => promise);
    const controller = new AbortController();
    const reason = new Error("nobody waits any more");
    let hasRun = false;
    const quitter = slots.run(async () => {
      hasRun = true;
    }, controller.signal);
    const patient = slots.run(async () => 7);
    controller.abort(reason);
    await expect(quitter).rejects.toBe(reason);
    resolve();
    await holder;
    expect(await patient).toBe(7);
    expect(hasRun).toBe(false);
    expect(slots.isFree).toBe(true);
  });

  it("starts nothing for a signal that has aborted", async () => {
    const slots = createSlots(1);
    const reason = new Error("nobody waits any more");
    const run = slots.run(async () => 7, AbortSignal.abort(reason));
    await expect(run).rejects.toBe(reason);
    expect(slots.isFree).toBe(true);
  });
});
