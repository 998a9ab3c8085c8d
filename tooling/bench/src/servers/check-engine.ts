import { deepStrictEqual } from "node:assert";
import { Metadata, status } from "@grpc/grpc-js";
import { type CallKind, callFixture, createFixtureClient } from "@grpc-kit/testing";
import type { Engine } from "@grpc-kit/testing/bench";
import { Envelope } from "@grpc-kit/testing/fixtures";

const payload = Buffer.alloc(64, "ping");
const echo = Envelope.create({ payload });

const expected: readonly (readonly [CallKind, Partial<Envelope>[], Envelope[]])[] = [
  ["unary", [{ payload }], [echo]],
  ["serverStream", [{ payload, count: 3n }], [echo, echo, echo]],
  ["clientStream", [{ payload }, { payload }, {}], [Envelope.create({ count: 3n })]],
  ["bidi", [{ payload }, { payload }], [echo, echo]],
];

/** Throws unless an engine serves all four kinds of call as the fixture service should. */
export async function checkEngine(
  { name, port }: Pick<Engine, "name" | "port">,
  { "grpc-timeout": _timeout, ...headers }: Readonly<Record<string, string>>,
): Promise<void> {
  const client = createFixtureClient(`127.0.0.1:${port}`);
  const metadata = Metadata.fromHttp2Headers(headers);
  try {
    for (const [kind, requests, messages] of expected) {
      const outcome = await callFixture(client, kind, { requests, metadata }).outcome;
      const told = { code: outcome.code, messages: outcome.messages.map(withPlainBytes) };
      deepStrictEqual(
        told,
        { code: status.OK, messages: messages.map(withPlainBytes) },
        `${name} answers ${kind} with ${status[outcome.code]} ${outcome.details}, or otherwise wrongly`,
      );
    }
  } finally {
    client.close();
  }
}

// A Buffer and a Uint8Array with the same bytes are the same.
function withPlainBytes(message: Envelope): Envelope {
  return { ...message, payload: Uint8Array.from(message.payload) as Buffer };
}
