import { randomUUID } from "node:crypto";
import type { Harness } from "../../harness/harness.ts";
import { internalsIn } from "../../harness/internals.ts";
import { missUnless } from "../../harness/judge.ts";
import type { Service } from "../../harness/service.ts";
import { tally, wrongAmong } from "../../harness/tell.ts";
import { waitUntil } from "../../harness/wait-until.ts";
import type { Row } from "../../row.ts";
import { encoded, type ItemMethod, itemPaths, newItem, upsert } from "../../wire/items.ts";
import {
  textOnWire,
  type WireCaller,
  type WireOutcome,
  wireCaller,
} from "../../wire/wire-calls.ts";
import { errorIdOf, loggedErrors } from "./error-id.ts";
import { type SpoiledStore, secret, spoilStore } from "./spoiled-store.ts";

/** A request to each method, all of which need the table of the items. */
export function everyRequest(): readonly (readonly [ItemMethod, Buffer])[] {
  const id = randomUUID();
  return [
    ["getItem", encoded("getItem", { id })],
    ["createItem", encoded("createItem", newItem())],
    ["updateItem", encoded("updateItem", { id, name: "Lamp" })],
    ["deleteItem", encoded("deleteItem", { id })],
    ["listItems", encoded("listItems", { pageSize: 0, pageToken: "", filter: 'name : "a"' })],
    ["batchCreateItems", encoded("batchCreateItems", newItem())],
    ["syncItems", encoded("syncItems", upsert(newItem()))],
  ];
}

interface Spoiled {
  readonly service: Service;
  readonly store: SpoiledStore;
  readonly caller: WireCaller;
}

/** A service whose store can be spoiled: of the rows that do so, as no other has this name. */
export async function spoiledService(
  harness: Harness,
  env: Readonly<Record<string, string>> = {},
): Promise<Spoiled> {
  const service = await harness.service({ env: { OTEL_SERVICE_NAME: "spoiled", ...env } });
  const caller = wireCaller(service, service.token());
  harness.onEnd(caller.close);
  return { service, caller, store: spoilStore(harness, service) };
}

/** What each method answers while the items are lost. */
async function callWithoutItems({ caller, store }: Spoiled): Promise<readonly WireOutcome[]> {
  store.loseItems();
  const outcomes: WireOutcome[] = [];
  for (const [method, body] of everyRequest()) {
    outcomes.push(await caller.call(itemPaths[method], body));
  }
  store.restoreItems();
  const bad = newItem(`${store.badSku}${randomUUID().slice(0, 8)}`);
  for (const method of ["createItem", "batchCreateItems"] as const) {
    outcomes.push(await caller.call(itemPaths[method], encoded(method, bad)));
  }
  outcomes.push(await caller.call(itemPaths.syncItems, encoded("syncItems", upsert(bad))));
  return outcomes;
}

/** The log is written by another process. */
export function logHas(service: { output(): string }, text: string): Promise<boolean> {
  return waitUntil(() => service.output().includes(text), { timeoutMs: 5_000 });
}

export const secretsInErrors: Row = {
  id: "C3",
  fault:
    "a secret in what the database says: its error's text, the SQL, the name of a table, the URL",
  promise: "it is in the log, and never on the wire: not in status, trailers or details",
  isQuick: true,
  async run(harness) {
    const spoiled = await spoiledService(harness);
    const outcomes = await callWithoutItems(spoiled);
    const names = outcomes.map(({ name }) => name);
    const leaks = outcomes.filter((outcome) => textOnWire(outcome).includes(secret));
    const isLogged = await logHas(spoiled.service, secret);
    return {
      measured: `${tally(names)} by 7 methods, ${leaks.length} of them with the secret`,
      misses: [
        ...wrongAmong("a method without its table", names, "INTERNAL"),
        ...new Set(leaks.map(({ message }) => `the secret went over the wire: ${message}`)),
        ...missUnless(isLogged, "the log does not have what the database said"),
        ...missUnless(
          !spoiled.service.output().includes(`:${secret}@`),
          "the log has a password of a URL",
        ),
      ],
    };
  },
};

export const stacks: Row = {
  id: "C4",
  fault: "an error with a stack, in any configuration: development, test, LOG_LEVEL debug",
  promise: "no stack, path, SQL or table on the wire; the stack is in the log",
  isQuick: false,
  async run(harness) {
    const misses: string[] = [];
    let count = 0;
    for (const env of [
      { NODE_ENV: "development", LOG_LEVEL: "debug" },
      { NODE_ENV: "test", NODE_DEBUG: "http2" },
      { NODE_ENV: "development", GRPC_VERBOSITY: "DEBUG", GRPC_TRACE: "server" },
    ]) {
      const spoiled = await spoiledService(harness, env);
      for (const outcome of await callWithoutItems(spoiled)) {
        count += 1;
        const internal = internalsIn(textOnWire(outcome));
        misses.push(
          ...missUnless(internal === undefined, `${internal} with ${JSON.stringify(env)}`),
        );
      }
      misses.push(...missUnless(await logHas(spoiled.service, "    at "), "the log has no stack"));
    }
    return { measured: `${count} errors in 3 configurations, none with anything internal`, misses };
  },
};

export const errorIds: Row = {
  id: "C5",
  fault: "many INTERNAL errors at once",
  promise: "each carries an id, each another, and the log has the cause under it",
  isQuick: true,
  async run(harness) {
    const { service, caller, store } = await spoiledService(harness);
    const count = harness.isQuick ? 105 : 1_050;
    store.loseItems();
    const outcomes: WireOutcome[] = [];
    while (outcomes.length < count) {
      const calls = everyRequest().map(([method, body]) => caller.call(itemPaths[method], body));
      outcomes.push(...(await Promise.all(calls)));
    }
    store.restoreItems();
    const ids = outcomes.map(errorIdOf);
    let missing = ids;
    // Calls that run at once are logged in any order: the last answer need not be the last line.
    await waitUntil(
      () => {
        const logged = loggedErrors(service.output());
        missing = ids.filter((id) => !logged.get(id ?? "")?.includes(secret));
        return missing.length === 0;
      },
      { timeoutMs: 5_000, intervalMs: 50 },
    );
    return {
      measured: `${outcomes.length} errors, ${new Set(ids).size} ids, ${ids.length - missing.length} in the log with their cause`,
      misses: [
        ...wrongAmong(
          "an error",
          outcomes.map(({ name }) => name),
          "INTERNAL",
        ),
        ...missUnless(
          new Set(ids).size === outcomes.length,
          "some have no id, or one that others have",
        ),
        ...missUnless(
          missing.length === 0,
          `${missing.length} ids are not in the log with their cause`,
        ),
      ],
    };
  },
};
