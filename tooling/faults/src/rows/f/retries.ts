import { setTimeout as delay } from "node:timers/promises";
import { Metadata, status } from "@grpc/grpc-js";
import type { CallContext } from "@grpc-kit/grpc-client/testing";
import { StatusError } from "@grpc-kit/grpc-status";
import { Envelope } from "@grpc-kit/testing/fixtures";
import { codeOf } from "../../harness/item-stub.ts";
import { lateUnless, missUnless } from "../../harness/judge.ts";
import { ms, tally } from "../../harness/tell.ts";
import type { Miss, Row } from "../../row.ts";
import { openFixture, serveFixture } from "./fixture-calls.ts";

const request = Envelope.create();

function beDown(): never {
  throw new StatusError(status.UNAVAILABLE, "down");
}

export const retryStorm: Row = {
  id: "F4",
  fault: "A server fails every call, and its clients retry",
  promise:
    "Retries add a tenth to the calls at the most, after some 50 at the start; circuits aside",
  isQuick: true,
  async run(harness) {
    const server = await serveFixture(harness, { unary: beDown });
    const stub = openFixture(harness, server.target, {
      circuitBreaker: false,
      retry: { backoffBaseMs: 10, maxBackoffMs: 50 },
    });
    const perSecond = harness.isQuick ? 400 : 500;
    const seconds = harness.isQuick ? 1.5 : 30;
    const codes: string[] = [];
    const underWay: Promise<void>[] = [];
    const startMs = performance.now();
    let made = 0;
    const elapsed = (): number => (performance.now() - startMs) / 1_000;
    while (elapsed() < seconds) {
      for (; made < elapsed() * perSecond; made += 1) {
        underWay.push(codeOf(stub.unary(request)).then((code) => void codes.push(code)));
      }
      await delay(5);
    }
    await Promise.all(underWay);
    const attempts = server.calls.length;
    const most = 1.1 * made + 60;
    return {
      measured: `${made} calls, ${attempts} attempts: ${(attempts / made).toFixed(2)} times; ${tally(codes)}`,
      misses: missUnless(
        attempts <= most,
        `there were ${attempts} attempts, more than ${Math.round(most)}`,
      ),
    };
  },
};

export const nestedRetries: Row = {
  id: "F5",
  fault: "Two tiers retry, and the third one is down",
  promise: "The third sees 1.5 times the calls at the most",
  isQuick: true,
  async run(harness) {
    const calls = harness.isQuick ? 200 : 1_000;
    const figures: string[] = [];
    const misses: Miss[] = [];
    for (const [name, circuit] of [
      ["circuits and throttling", {}],
      ["throttling alone", { circuitBreaker: false }],
    ] as const) {
      const options = { retry: { backoffBaseMs: 1, maxBackoffMs: 1 }, ...circuit };
      const down = await serveFixture(harness, { unary: beDown });
      const toDown = openFixture(harness, down.target, options);
      const between = await serveFixture(harness, { unary: (message) => toDown.unary(message) });
      const stub = openFixture(harness, between.target, options);
      for (let made = 0; made < calls; made += 1) {
        await codeOf(stub.unary(request));
      }
      const times = down.calls.length / calls;
      figures.push(`by ${name} ${times.toFixed(2)} times`);
      misses.push(
        ...missUnless(times <= 1.5, `by ${name} the third saw ${times.toFixed(2)} times the calls`),
      );
    }
    return { measured: `${calls} calls: ${figures.join(", ")}`, misses };
  },
};

export const pushback: Row = {
  id: "F6",
  fault: "A server says when to come back, or not to",
  promise:
    "A client waits for exactly as long (no less, and 20 ms more at the most on an idle machine), and stops at -1",
  isQuick: true,
  async run(harness) {
    const waits = harness.isQuick ? [50, 200] : [10, 50, 100, 200, 500, 1_000];
    const misses: Miss[] = [];
    const figures: string[] = [];
    const answerWith = async (value: string): Promise<readonly number[]> => {
      const times: number[] = [];
      const server = await serveFixture(harness, {
        unary(message: Envelope, _context: CallContext) {
          times.push(performance.now());
          if (times.length === 1) {
            const metadata = new Metadata();
            metadata.set("grpc-retry-pushback-ms", value);
            throw new StatusError(status.UNAVAILABLE, "later", { metadata });
          }
          return message;
        },
      });
      await codeOf(openFixture(harness, server.target).unary(request));
      return times;
    };
    for (const wait of waits) {
      const [first = 0, second = Number.NaN] = await answerWith(String(wait));
      const lateMs = second - first - wait;
      figures.push(`${wait} ms: ${lateMs.toFixed(1)} ms late`);
      const limitMs = harness.isQuick ? 500 : 100;
      misses.push(
        ...lateUnless(
          lateMs >= -2 && lateMs <= limitMs,
          `a pushback of ${wait} ms was kept ${ms(lateMs)} late`,
        ),
      );
    }
    const { length } = await answerWith("-1");
    misses.push(...missUnless(length === 1, `there were ${length} attempts after -1`));
    return { measured: `${figures.join(", ")}; -1: ${length} attempt`, misses };
  },
};

export const benignCancels: Row = {
  id: "F10",
  fault: "Callers whose calls time out or are cancelled more often than nghttp2 likes",
  promise:
    "Nobody sees INTERNAL, and no other call fails, by default with retries and a throttle of 400 tokens",
  isQuick: true,
  async run(harness) {
    const server = await serveFixture(harness, {
      unary: (message, { signal }) =>
        message.text === "wait"
          ? new Promise<never>((_, reject) =>
              signal.addEventListener("abort", () => reject(signal.reason)),
            )
          : message,
    });
    const stub = openFixture(harness, server.target, {
      circuitBreaker: false,
      retry: { throttling: { maxTokens: 400 } },
    });
    const rounds = harness.isQuick ? 25 : 60;
    const [doomed, good]: [string[], string[]] = [[], []];
    const wait = Envelope.create({ text: "wait" });
    for (let round = 0; round < rounds; round += 1) {
      await Promise.all([
        ...Array.from({ length: 50 }, async (_, n) => {
          const signal = AbortSignal.timeout(1 + (n % 20));
          const options = n % 2 === 0 ? { timeoutMs: 20 } : { timeoutMs: 30_000, signal };
          doomed.push(await codeOf(stub.unary(wait, options)));
        }),
        ...Array.from({ length: 10 }, async () => {
          good.push(await codeOf(stub.unary(request, { timeoutMs: 30_000 })));
        }),
      ]);
    }
    return {
      measured: `${doomed.length} doomed: ${tally(doomed)}; beside them ${tally(good)}`,
      misses: [
        ...missUnless(!doomed.includes("INTERNAL"), `some saw INTERNAL: ${tally(doomed)}`),
        ...missUnless(
          good.every((code) => code === "OK"),
          `others failed: ${tally(good)}`,
        ),
      ],
    };
  },
};
