import { setTimeout as delay } from "node:timers/promises";
import { status } from "@grpc/grpc-js";
import { isCircuitOpen } from "@grpc-kit/grpc-client";
import { createGrpcServer } from "@grpc-kit/grpc-server";
import { StatusError } from "@grpc-kit/grpc-status";
import { Envelope, FixtureServiceService } from "@grpc-kit/testing/fixtures";
import type { Harness } from "../../harness/harness.ts";
import { codeOf } from "../../harness/item-stub.ts";
import { lateUnless, missUnless } from "../../harness/judge.ts";
import { ms, tally } from "../../harness/tell.ts";
import { waitUntil } from "../../harness/wait-until.ts";
import type { Miss, Row } from "../../row.ts";
import { type FixtureStub, openFixture, serveFixture } from "../f/fixture-calls.ts";

const request = Envelope.create();

/** A hop of grpc-server, which has calls made by stubs go down with the call being served. */
async function startHop(
  harness: Harness,
  unary: (
    message: Envelope,
    context: { readonly signal: AbortSignal; timeRemaining(): number },
  ) => Promise<Envelope>,
): Promise<string> {
  const server = createGrpcServer({
    host: "127.0.0.1",
    port: 0,
    insecure: true,
    onError: () => {},
  });
  const none = async (): Promise<never> => {
    throw new StatusError(status.UNIMPLEMENTED, "not here");
  };
  server.addService(FixtureServiceService, {
    unary,
    clientStream: none,
    async *serverStream() {},
    async *bidi() {},
  });
  const { target } = await server.start();
  harness.onEnd(() => server.stop({ graceMs: 0 }));
  return target;
}

export const threeHops: Row = {
  id: "G17",
  fault: "A calls B, which calls C, with 300 ms; C never answers",
  promise:
    "Each hop has less time than the one before, and C has stopped before A gives up (50 ms later at the latest)",
  isQuick: true,
  async run(harness) {
    const timeoutMs = 300;
    const left: number[] = [];
    let stoppedMs = Number.NaN;
    const c = await startHop(harness, async (_message, context) => {
      const { signal } = context;
      left.push(context.timeRemaining());
      return new Promise((_, reject) =>
        signal.addEventListener("abort", () => {
          stoppedMs = performance.now();
          reject(signal.reason);
        }),
      );
    });
    const toC = openFixture(harness, c);
    const b = await startHop(harness, async (message, context) => {
      left.unshift(context.timeRemaining());
      return toC.unary(message);
    });
    const stub = openFixture(harness, b);
    // Connects.
    await codeOf(stub.unary(request, { timeoutMs }));
    const rounds = harness.isQuick ? 2 : 20;
    const codes: string[] = [];
    const lates: number[] = [];
    const misses: Miss[] = [];
    for (let round = 0; round < rounds; round += 1) {
      left.length = 0;
      const startMs = performance.now();
      codes.push(await codeOf(stub.unary(request, { timeoutMs })));
      await waitUntil(() => stoppedMs > startMs, { timeoutMs: 2_000 });
      lates.push(stoppedMs - startMs - timeoutMs);
      const [atB = Number.NaN, atC = Number.NaN] = left;
      misses.push(...missUnless(atB <= timeoutMs && atC <= atB, `B had ${ms(atB)}, C ${ms(atC)}`));
    }
    const worst = Math.max(...lates);
    const limitMs = harness.isQuick ? 1_000 : 50;
    return {
      measured: `${rounds} calls: ${tally(codes)}; C stopped ${worst <= 0 ? `${ms(-worst)} before` : `${ms(worst)} after`} A's deadline at the latest`,
      misses: [
        ...misses,
        ...lateUnless(worst <= limitMs, `C ran ${ms(worst)} longer than A waited`),
        ...missUnless(
          codes.every((code) => code === "DEADLINE_EXCEEDED"),
          `A saw ${tally(codes)}`,
        ),
      ],
    };
  },
};

interface Ill {
  readonly stub: FixtureStub;
  readonly calls: () => number;
  code: status;
  hangs: boolean;
}

/** A server that does as it is told, and a stub whose circuit opens by one failure, for `timeoutMs`. */
async function startIll(harness: Harness, timeoutMs: number): Promise<Ill> {
  const server = await serveFixture(harness, {
    unary(message, { signal }) {
      if (ill.hangs) {
        return new Promise<never>((_, reject) =>
          signal.addEventListener("abort", () => reject(signal.reason)),
        );
      }
      if (ill.code !== status.OK) {
        throw new StatusError(ill.code, "as it was told");
      }
      return message;
    },
  });
  const stub = openFixture(harness, server.target, {
    retry: false,
    circuitBreaker: { threshold: 1, timeoutMs },
  });
  const ill: Ill = { stub, calls: () => server.calls.length, code: status.OK, hangs: false };
  return ill;
}

export const halfOpen: Row = {
  id: "G19",
  fault: "50 calls at once when a circuit is half open, and the one that tries hangs",
  promise: "One is sent, the others fail before it ends, and after its time another may try",
  isQuick: true,
  async run(harness) {
    const circuitMs = 200;
    const ill = await startIll(harness, circuitMs);
    ill.code = status.UNAVAILABLE;
    await codeOf(ill.stub.unary(request));
    await delay(circuitMs + 20);
    ill.hangs = true;
    const before = ill.calls();
    const startMs = performance.now();
    const refusals: number[] = [];
    const probe = new AbortController();
    const calls = Array.from({ length: 50 }, () =>
      ill.stub
        .unary(request, { timeoutMs: 20_000, signal: probe.signal })
        .catch((error: unknown) => {
          if (isCircuitOpen(error)) {
            refusals.push(performance.now() - startMs);
          }
        }),
    );
    await waitUntil(() => refusals.length === 49 && ill.calls() > before, { timeoutMs: 5_000 });
    const sent = ill.calls() - before;
    // The one that tries does not answer, and the circuit waits for it no longer than it is open.
    await delay(circuitMs + 20);
    [ill.hangs, ill.code] = [false, status.OK];
    const next = await codeOf(ill.stub.unary(request));
    probe.abort();
    await Promise.all(calls);
    const slowest = Math.max(...refusals);
    return {
      measured: `${sent} of 50 sent, ${refusals.length} refused within ${ms(slowest)}; the next one: ${next}`,
      misses: [
        ...missUnless(sent === 1, `${sent} calls were sent`),
        ...missUnless(refusals.length === 49, `${refusals.length} calls were refused at once`),
        ...missUnless(next === "OK", `after the hung one a call ended ${next}`),
      ],
    };
  },
};

export const answersAreNoFailures: Row = {
  id: "G20",
  fault: "1,000 calls end NOT_FOUND",
  promise: "The circuit stays closed",
  isQuick: true,
  async run(harness) {
    const ill = await startIll(harness, 60_000);
    ill.code = status.NOT_FOUND;
    const codes: string[] = [];
    const count = harness.isQuick ? 300 : 1_000;
    for (let made = 0; made < count; made += 50) {
      const wave = Array.from({ length: 50 }, () => codeOf(ill.stub.unary(request)));
      codes.push(...(await Promise.all(wave)));
    }
    ill.code = status.OK;
    const next = await codeOf(ill.stub.unary(request));
    return {
      measured: `${tally(codes)}, all sent: ${ill.calls()}; the next one: ${next}`,
      misses: [
        ...missUnless(ill.calls() === count + 1, `${ill.calls()} calls were sent`),
        ...missUnless(next === "OK", `the next call ended ${next}`),
      ],
    };
  },
};

const hourMs = 3_600_000;

export const clockIsSet: Row = {
  id: "G21",
  fault: "The wall clock is set an hour forward, and back, while calls run and a circuit is open",
  promise:
    "Running calls and new ones end in their own time, and the circuit keeps its. Not promised: the grpc-timeout of a retry, or of a call made while another is served, that began before the clock was set",
  isQuick: true,
  async run(harness) {
    const figures: string[] = [];
    const misses: Miss[] = [];
    for (const jumpMs of [hourMs, -hourMs]) {
      const ill = await startIll(harness, 300);
      await codeOf(ill.stub.unary(request));
      ill.hangs = true;
      const startMs = performance.now();
      const hanging = codeOf(ill.stub.unary(request, { timeoutMs: 400 }));
      await waitUntil(() => ill.calls() === 2, { timeoutMs: 5_000 });
      const undo = setClock(jumpMs);
      try {
        const code = await hanging;
        const tookMs = performance.now() - startMs;
        ill.hangs = false;
        const next = await codeOf(ill.stub.unary(request, { timeoutMs: 5_000 }));
        ill.code = status.UNAVAILABLE;
        await codeOf(ill.stub.unary(request));
        const openedMs = performance.now();
        ill.code = status.OK;
        const before = ill.calls();
        await waitUntil(async () => (await codeOf(ill.stub.unary(request))) === "OK", {
          timeoutMs: 5_000,
          intervalMs: 2,
        });
        const openMs = performance.now() - openedMs;
        figures.push(
          `${jumpMs > 0 ? "+" : "-"}1 h: ${code} after ${ms(tookMs)} of 400, the next ${next}, the circuit open for ${ms(openMs)} of 300`,
        );
        misses.push(
          ...lateUnless(
            code === "DEADLINE_EXCEEDED" && tookMs >= 395,
            `a running call ended ${code} after ${ms(tookMs)}`,
          ),
          ...missUnless(next === "OK", `a new call ended ${next}`),
          ...lateUnless(
            openMs >= 295 && openMs <= (harness.isQuick ? 3_000 : 500),
            `the circuit was open for ${ms(openMs)}`,
          ),
          ...missUnless(ill.calls() === before + 1, "the circuit let calls through"),
        );
      } finally {
        undo();
      }
    }
    return { measured: figures.join("; "), misses };
  },
};

/** Sets the wall clock of this process, until what is returned is called. */
function setClock(byMs: number): () => void {
  const now = Date.now;
  Date.now = () => now() + byMs;
  return () => {
    Date.now = now;
  };
}
