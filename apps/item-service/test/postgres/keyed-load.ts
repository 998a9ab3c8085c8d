import { ExternalServiceError, TimeoutError } from "@grpc-kit/grpc-status/errors";
import { expect } from "vitest";
import { makeItem } from "../../src/adapters/contract/item-database.contract.ts";
import type { ItemStore } from "../../src/application/item-store.ts";
import { query } from "./databases.ts";

/** Calls that go on and on, each of which is sent again, with its key, until it succeeds. */
export interface KeyedLoad {
  /** Waits until each of the workers has had this many calls more that ended so. */
  more(ended: "answered" | "failed", count?: number): Promise<void>;
  /** The longest that a call has taken, in milliseconds. */
  longestMs(): number;
  /** Ends it after the calls that run, and checks that each request has made one item, which was answered. */
  finish(): Promise<void>;
}

interface Worker {
  answered: number;
  failed: number;
  readonly answers: Map<string, string>;
}

/** Starts workers that create items, one after the other. */
export function startKeyedLoad(store: ItemStore, url: string, workerCount = 20): KeyedLoad {
  const workers = Array.from(
    { length: workerCount },
    (): Worker => ({ answered: 0, failed: 0, answers: new Map() }),
  );
  let isOver = false;
  let longestMs = 0;

  /** Another item each time, as the use case makes it. */
  const attempt = async (name: string): Promise<string> => {
    const item = makeItem({ name });
    const start = performance.now();
    try {
      const idempotency = { caller: "test", key: name, fingerprint: name };
      return (await store.items.insert(item, { idempotency })).id;
    } finally {
      longestMs = Math.max(longestMs, performance.now() - start);
    }
  };
  const work = async (worker: Worker, index: number): Promise<void> => {
    for (let request = 0; !isOver; request += 1) {
      const name = `${index}-${request}`;
      let answer: string | undefined;
      while (answer === undefined) {
        try {
          answer = await attempt(name);
          worker.answered += 1;
        } catch (error) {
          if (!(error instanceof ExternalServiceError || error instanceof TimeoutError)) {
            throw error;
          }
          worker.failed += 1;
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      }
      worker.answers.set(name, answer);
    }
  };
  const running = Promise.all(workers.map(work));

  return {
    async more(ended, count = 1) {
      const goals = workers.map((worker) => worker[ended] + count);
      const behind = (): number =>
        workers.filter((worker, index) => worker[ended] < (goals[index] ?? 0)).length;
      await Promise.race([running, expect.poll(behind, { timeout: 30_000 }).toBe(0)]);
    },
    longestMs: () => longestMs,
    async finish() {
      isOver = true;
      await running;
      const answers = workers.flatMap((worker) => [...worker.answers]).toSorted();
      const rows = await query<{ name: string; id: string }>(url, "SELECT name, id FROM items");
      expect(rows.map(({ name, id }) => [name, id]).toSorted()).toEqual(answers);
    },
  };
}
