import type { Envelope, FixtureServiceService } from "@grpc-kit/testing/fixtures";
import type { CallContext, Handlers } from "../src/testing/handlers.ts";
import { envelope } from "./parity-call.ts";

/** What a handler of any kind does: with the texts of its requests, to those of its responses. */
export type Behaviour = (
  requests: AsyncIterable<string>,
  context: CallContext,
) => AsyncIterable<string>;

/** Handlers of all four kinds that behave alike. One with one response answers with the last text. */
export function behaving(behaviour: Behaviour): Required<Handlers<FixtureServiceService>> {
  const last = async (texts: AsyncIterable<string>) => {
    let answer = "";
    for await (const text of texts) {
      answer = text;
    }
    return envelope(answer);
  };
  return {
    unary: (request, context) => last(behaviour(textsOf([request]), context)),
    serverStream: (request, context) => envelopes(behaviour(textsOf([request]), context)),
    clientStream: (requests, context) => last(behaviour(textsOf(requests), context)),
    bidi: (requests, context) => envelopes(behaviour(textsOf(requests), context)),
  };
}

async function* textsOf(requests: Iterable<Envelope> | AsyncIterable<Envelope>) {
  for await (const { text } of requests) {
    yield text;
  }
}

async function* envelopes(texts: AsyncIterable<string>) {
  for await (const text of texts) {
    yield envelope(text);
  }
}
