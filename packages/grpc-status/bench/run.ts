/**
 * `pnpm bench`: what it costs to say an error, in nanoseconds beside what a server has to do at least
 * (the same code and text, made safe). All take turns, and each figure is the median of the turns.
 */
import { status } from "@grpc/grpc-js";
import {
  createErrorMapper,
  errorRule,
  errorToStatus,
  NotFoundError,
  StatusError,
  toCallError,
  toSafeStatus,
  ValidationError,
} from "@grpc-kit/grpc-status";

const rounds = 15;
const perRound = 20_000;

class CartFullError extends Error {}

const context = { domain: "examples.ItemService", traceId: "4bf92f3577b34da6a3ce929d0e0e4736" };
const notFound = new NotFoundError("no item has the id 7", {
  resource: { type: "item", name: "7" },
});
const invalid = new ValidationError(
  ["name", "sku", "price"].map((field) => ({ field, description: "must not be empty" })),
);
const plain = new StatusError(status.NOT_FOUND, "no item has the id 7");
const unknown = new Error("disk full");
const wrapped = new Error("a", { cause: new Error("b", { cause: new Error("c") }) });
const toStatus = createErrorMapper({ rules: [errorRule(CartFullError, status.ABORTED)] });
const failed = Object.assign(new Error("5 NOT_FOUND"), errorToStatus(notFound, context));

const cases: Readonly<Record<string, () => unknown>> = {
  "code and text alone": () => toSafeStatus(status.NOT_FOUND, notFound.message),
  StatusError: () => errorToStatus(plain, context),
  "NotFoundError with a resource": () => errorToStatus(notFound, context),
  "ValidationError, 3 fields": () => errorToStatus(invalid, context),
  "unknown error": () => errorToStatus(unknown, context),
  "unknown error, 3 causes": () => errorToStatus(wrapped, context),
  "by a rule": () => toStatus(new CartFullError("full"), context),
  toCallError: () => toCallError(failed),
};

function nanosecondsPer(work: () => unknown): number {
  const start = process.hrtime.bigint();
  for (let count = 0; count < perRound; count += 1) {
    work();
  }
  return Number(process.hrtime.bigint() - start) / perRound;
}

const samples = new Map(Object.keys(cases).map((name) => [name, [] as number[]]));
for (let round = 0; round < rounds; round += 1) {
  for (const [name, work] of Object.entries(cases)) {
    const nanoseconds = nanosecondsPer(work);
    // The first turns are the compiler's.
    if (round >= 5) {
      samples.get(name)?.push(nanoseconds);
    }
  }
}
for (const [name, turns] of samples) {
  const median = turns.sort((first, second) => first - second)[turns.length >> 1] ?? Number.NaN;
  process.stdout.write(`${name.padEnd(32)}${median.toFixed(0).padStart(7)} ns\n`);
}
