import { connect } from "node:http2";
import { setTimeout as delay } from "node:timers/promises";
import { missUnless } from "../../harness/judge.ts";
import type { Service } from "../../harness/service.ts";
import type { Row } from "../../row.ts";
import { framed } from "../../wire/framing.ts";
import { encoded, itemPaths } from "../../wire/items.ts";
import { textOnWire, type WireCaller } from "../../wire/wire-calls.ts";
import { startTraceReceiver, tracesTo } from "../e/trace-receiver.ts";
import { developmentSigner } from "./development-tokens.ts";
import { callerOf } from "./key-service.ts";

// No id and no time has such letters by chance.
const planted = "PLANTED-S3CR3T";

type Headers = Parameters<WireCaller["call"]>[2];

export const tokenLeaks: Row = {
  id: "D14",
  fault:
    "Tokens on every way that a call can fail, non-ASCII ones and grpc-js's own log among them",
  promise:
    "no token gets into stdout, stderr, spans, metrics, the admin pages or what callers are sent",
  isQuick: true,
  async run(harness) {
    const receiver = await startTraceReceiver(harness);
    const service = await harness.service({
      own: true,
      env: {
        ...tracesTo(receiver.url),
        LOG_LEVEL: "debug",
        OTEL_EXPORTER_OTLP_HEADERS: `x-collector=Bearer%20${planted}`,
        // The log of grpc-js itself, on stderr.
        GRPC_VERBOSITY: "DEBUG",
        GRPC_TRACE: "all",
      },
    });
    const sign = developmentSigner(service);
    const good = sign();
    const reader = sign({ scope: "items:read" });
    const expired = sign({ exp: 1 });
    const [head = "", payload = ""] = good.split(".");
    const texts = [
      ...(await callInAllWays(callerOf(harness, service), {
        good,
        reader,
        expired,
        head,
        payload,
      })),
      await callCancelled(service, good),
    ];
    const stranger = await callWithBytes(service, `${planted}\u00ff`);
    const spans = texts.length;
    const endMs = performance.now() + 10_000;
    while (receiver.traceIds.length < spans && performance.now() < endMs) {
      await delay(20);
    }
    const pages = ["/metrics", "/status.json", "/"].map((path) => `${service.adminUrl}${path}`);
    const sinks: Readonly<Record<string, string>> = {
      "stdout and stderr": service.output(),
      spans: Buffer.concat(receiver.bodies).toString("latin1"),
      "the admin pages": (
        await Promise.all(pages.map(async (url) => (await fetch(url)).text()))
      ).join("\n"),
      "what callers are sent": [...texts, stranger].join("\n"),
    };
    const partsOf = (token: string): readonly string[] => token.split(".").slice(1);
    const secrets = [
      planted,
      btoa(planted).slice(0, 16),
      ...[good, reader, expired].flatMap(partsOf),
    ];
    const found = Object.entries(sinks).flatMap(([sink, text]) =>
      secrets
        .filter((secret) => text.includes(secret))
        .map((secret) => `${secret.slice(0, 20)}… is in ${sink}`),
    );
    const sizes = Object.entries(sinks).map(
      ([sink, text]) => `${Math.round(text.length / 1_024)} KB of ${sink}`,
    );
    return {
      measured: `${texts.length + 1} calls, ${secrets.length} secrets, ${found.length || "none"} found in ${sizes.join(", ")}`,
      misses: [
        ...found,
        // Otherwise nothing would be shown.
        ...missUnless(
          receiver.traceIds.length >= spans,
          `only ${receiver.traceIds.length} spans have come`,
        ),
        ...missUnless(
          sinks["stdout and stderr"]?.includes('"grpc.code":"UNAUTHENTICATED"') === true,
          "the log has no refused call",
        ),
        ...missUnless(
          receiver.requests[0]?.get("x-collector")[0] === `Bearer ${planted}`,
          "the collector has not been sent its header",
        ),
      ],
    };
  },
};

interface Tokens {
  readonly good: string;
  readonly reader: string;
  readonly expired: string;
  readonly head: string;
  readonly payload: string;
}

/** Makes calls that end in many ways, and tells what was sent back. */
async function callInAllWays(caller: WireCaller, tokens: Tokens): Promise<readonly string[]> {
  const { good, reader, expired, head, payload } = tokens;
  const bearer = (token: string): Headers => ({ authorization: `Bearer ${token}` });
  const getItem = encoded("getItem", { id: "not ok" });
  const unknown = encoded("getItem", { id: crypto.randomUUID() });
  const newItem = encoded("createItem", {
    name: "a",
    description: "",
    sku: "a",
    quantity: 1,
    price: 1,
  });
  const calls: readonly (readonly [path: string, body: Buffer, headers: Headers])[] = [
    [itemPaths.createItem, newItem, bearer(good)],
    [itemPaths.getItem, unknown, bearer(good)],
    [itemPaths.getItem, getItem, bearer(good)],
    [itemPaths.getItem, framed(Buffer.from([0xff, 0xff])), bearer(good)],
    [itemPaths.getItem, Buffer.alloc(0), bearer(good)],
    [itemPaths.createItem, newItem, bearer(reader)],
    [itemPaths.getItem, unknown, bearer(expired)],
    [itemPaths.getItem, unknown, bearer(`${head}.${payload}.${planted}`)],
    [itemPaths.getItem, unknown, bearer(planted)],
    [itemPaths.getItem, unknown, { authorization: `Bearer ${good}, Bearer ${planted}` }],
    [itemPaths.getItem, unknown, { authorization: `Basic ${btoa(planted)}` }],
    [itemPaths.getItem, unknown, { authorization: good }],
    [itemPaths.getItem, unknown, { authorization: `Bearer ${good}`, "x-request-id": good }],
    [itemPaths.getItem, unknown, { authorization: `Bearer ${good}`, cookie: `session=${planted}` }],
    [itemPaths.getItem, unknown, { authorization: `Bearer ${good}`, "grpc-timeout": "1n" }],
    [itemPaths.getItem, unknown, { authorization: `Bearer ${good}`, "grpc-encoding": "br" }],
    [itemPaths.getItem, unknown, { authorization: `Bearer ${good}`, "content-type": "text/html" }],
    [
      itemPaths.listItems,
      encoded("listItems", { pageSize: 1, pageToken: "x", filter: "" }),
      bearer(good),
    ],
    ["/examples.ItemService/Nothing", unknown, bearer(good)],
    [`/examples.ItemService/${good}`, unknown, bearer(good)],
  ];
  const texts: string[] = [];
  for (const [path, body, headers] of calls) {
    const text = textOnWire(await caller.call(path, body, headers));
    // Who asks for a method that is not there is told which, and nobody else is.
    texts.push(text.replaceAll(path, ""));
  }
  return texts;
}

/** A stream that its caller leaves. */
async function callCancelled(service: Service, token: string): Promise<string> {
  const { session, stream } = open(service, itemPaths.syncItems, token);
  await delay(50);
  stream.close(8);
  await new Promise((resolve) => stream.once("close", resolve));
  session.destroy();
  return "";
}

/** grpc-js sends no such byte, but others can. */
async function callWithBytes(service: Service, token: string): Promise<string> {
  const { session, stream } = open(service, itemPaths.getItem, token);
  let text = "";
  stream.on("response", (headers) => {
    text += JSON.stringify(headers);
  });
  stream.end();
  await new Promise((resolve) => stream.resume().once("close", resolve));
  session.destroy();
  return text;
}

function open({ address }: Service, path: string, token: string) {
  const session = connect(`http://${address}`);
  session.on("error", () => {});
  const stream = session.request({
    ":method": "POST",
    ":path": path,
    "content-type": "application/grpc",
    te: "trailers",
    authorization: `Bearer ${token}`,
  });
  stream.on("error", () => {});
  return { session, stream };
}
