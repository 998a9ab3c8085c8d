import { describe, expect, it } from "vitest";
import { createTurns, type Turn } from "./turns.ts";

/** Takes turns and tells which of them are let in, in that order. */
function watchTurns(max: number): { readonly take: (name: string) => Turn; readonly in: string[] } {
  const takeTurn = createTurns(max);
  const letIn: string[] = [];
  const take = (name: string): Turn => {
    const turn = takeTurn();
    void turn.ready.then(() => letIn.push(name));
    return turn;
  };
  return { take, in: letIn };
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("createTurns", () => {
  it("lets in as many as may be, and the others in their order", async () => {
    const turns = watchTurns(2);
    const [first, second] = ["a", "b", "c", "d"].map(turns.take);
    await settle();
    expect(turns.in).toEqual(["a", "b"]);
    second?.end();
    await settle();
    expect(turns.in).toEqual(["a", "b", "c"]);
    first?.end();
    await settle();
    expect(turns.in).toEqual(["a", "b", "c", "d"]);
  });

  it("passes over who has left the line", async () => {
    const turns = watchTurns(1);
    const [first, second] = ["a", "b", "c"].map(turns.take);
    expect([first?.leave(), second?.leave(), second?.leave()]).toEqual([false, true, false]);
    first?.end();
    await settle();
    expect(turns.in).toEqual(["a", "c"]);
  });

  it("has as many places as before when all have ended", async () => {
    const turns = watchTurns(1);
    const [first, second] = ["a", "b"].map(turns.take);
    first?.end();
    second?.end();
    ["c", "d"].map(turns.take);
    await settle();
    expect(turns.in).toEqual(["a", "b", "c"]);
  });
});
