import { missUnless } from "../../harness/judge.ts";
import { tally, wrongAmong } from "../../harness/tell.ts";
import type { Row } from "../../row.ts";
import { framed, unframed } from "../../wire/framing.ts";
import { encoded, itemPaths, newItem, upsert } from "../../wire/items.ts";
import { textOnWire, type WireOutcome, wireCaller } from "../../wire/wire-calls.ts";
import { startFixtureServer } from "./fixture-server.ts";
import { everyRequest, spoiledService } from "./leaks.ts";
import { secret } from "./spoiled-store.ts";

const kinds = ["Unary", "ServerStream", "ClientStream", "Bidi"] as const;
const request = framed(Buffer.of());
const pathOf = (kind: (typeof kinds)[number]): string => `/fixtures.FixtureService/${kind}`;

export const rejections: Row = {
  id: "C1",
  fault: "a handler rejects, in all four kinds of call, before and after the first message",
  promise:
    "INTERNAL, what was sent before arrives, and the process lives (a stream's later messages: grpc-server alone)",
  isQuick: true,
  async run(harness) {
    const { service, caller, store } = await spoiledService(harness);
    const bad = (): ReturnType<typeof newItem> => newItem(`${store.badSku}${crypto.randomUUID()}`);
    const late = await caller.call(
      itemPaths.syncItems,
      Buffer.concat([encoded("syncItems", upsert(newItem())), encoded("syncItems", upsert(bad()))]),
    );
    const batch = await caller.call(
      itemPaths.batchCreateItems,
      Buffer.concat([encoded("batchCreateItems", newItem()), encoded("batchCreateItems", bad())]),
    );
    store.loseItems();
    const early: WireOutcome[] = [];
    for (const [method, body] of everyRequest()) {
      early.push(await caller.call(itemPaths[method], body));
    }
    store.restoreItems();
    const again = await caller.call(itemPaths.createItem, encoded("createItem", newItem()));
    const fixture = await startFixtureServer(harness);
    const failing = wireCaller(fixture);
    harness.onEnd(failing.close);
    const streamed: WireOutcome[] = [];
    for (const kind of ["ServerStream", "Bidi"] as const) {
      streamed.push(
        await failing.call(pathOf(kind), request, { messages: "3", how: "later", way: "error" }),
      );
    }
    const names = [late, batch, ...early, ...streamed].map(({ name }) => name);
    const { uncaught } = await service.probe();
    const [sent, ...sentByStreams] = [late, ...streamed].map(({ body }) => unframed(body).length);
    return {
      measured: `${tally(names)}, ${uncaught} uncaught`,
      misses: [
        ...wrongAmong("a rejection", names, "INTERNAL"),
        ...wrongAmong("the next call", [again.name], "OK"),
        ...missUnless(sent === 1, `${sent} answers came before the error of SyncItems, and not 1`),
        ...missUnless(sentByStreams.join() === "3,3", `${sentByStreams} messages came, and not 3`),
        ...missUnless(fixture.isAlive(), "the fixture server has ended"),
      ],
    };
  },
};

/** How a handler may fail: of grpc-server, and of grpc-js alone with the standard interceptors. */
const ways: Readonly<
  Record<string, { readonly isBare: boolean; readonly how: string; readonly way: string }>
> = {
  "throws at once": { isBare: false, how: "at once", way: "error" },
  "rejects with a string": { isBare: false, how: "later", way: "string" },
  "throws null": { isBare: false, how: "now", way: "null" },
  "throws what throws when it is looked at": { isBare: false, how: "now", way: "trap" },
  "answers with nonsense": { isBare: false, how: "nonsense", way: "" },
  "calls back an Error": { isBare: true, how: "callback", way: "error" },
  "emits an error": { isBare: true, how: "emit", way: "error" },
  "throws in a handler of grpc-js": { isBare: true, how: "throw", way: "error" },
};

export const waysToFail: Row = {
  id: "C2",
  fault:
    "a handler throws, throws null, a trap, answers with nonsense, calls back or emits an error",
  promise:
    "one code and one safe text for all, in all four kinds of call (grpc-server, and grpc-js with our interceptors)",
  isQuick: true,
  async run(harness) {
    const fixture = await startFixtureServer(harness);
    const ours = wireCaller(fixture);
    const bare = wireCaller({ host: fixture.host, port: fixture.barePort });
    harness.onEnd(() => {
      ours.close();
      bare.close();
    });
    const answers: string[] = [];
    const leaks: string[] = [];
    for (const [name, { isBare, how, way }] of Object.entries(ways)) {
      for (const kind of kinds) {
        const outcome = await (isBare ? bare : ours).call(pathOf(kind), request, { how, way });
        answers.push(`${outcome.name}: ${outcome.message}`);
        leaks.push(
          ...missUnless(!textOnWire(outcome).includes(secret), `the secret of one that ${name}`),
        );
      }
    }
    return {
      measured: tally(answers),
      misses: [
        ...wrongAmong("a failure", answers, "INTERNAL: internal error"),
        ...new Set(leaks),
        ...missUnless(fixture.isAlive(), "the fixture server has ended"),
      ],
    };
  },
};
