import { AssertionError, deepStrictEqual, throws } from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { it } from "vitest";
import { codecsOf, implementations } from "./codecs.ts";
import { contracts, fixtures, messageOf, messagesOf } from "./contracts.ts";
import { messageArbitrary } from "./message-arbitrary.ts";

for (const contract of contracts) {
  for (const message of messagesOf(contract)) {
    for (const name of implementations) {
      it(`Property 1: ${message.typeName} (${contract.name}): ts-proto to ${name} and back (1.5)`, async () => {
        const { "ts-proto": ours, [name]: theirs } = await codecsOf(contract, message);
        fc.assert(
          fc.property(messageArbitrary(message), (value) => {
            const received = theirs.decode(ours.encode(value));
            deepStrictEqual(received, value);
            deepStrictEqual(ours.decode(theirs.encode(received)), value);
          }),
          { numRuns: 200 },
        );
      });
    }
  }
}

const scalars = messageOf(fixtures, "fixtures.Scalars");

for (const { jsonName } of scalars.fields) {
  it(`Property 1: the comparison notices that ${jsonName} has changed (1.5)`, async () => {
    const codecs = await codecsOf(fixtures, scalars);
    const values = messageArbitrary(scalars);
    fc.assert(
      fc.property(values, values, fc.constantFrom(...implementations), (value, other, name) => {
        fc.pre(!isDeepStrictEqual(value[jsonName], other[jsonName]));
        const changed = { ...value, [jsonName]: other[jsonName] };
        const { "ts-proto": ours, [name]: theirs } = codecs;
        const received = theirs.decode(ours.encode(changed));
        throws(() => deepStrictEqual(received, value), AssertionError);
        const returned = ours.decode(theirs.encode(changed));
        throws(() => deepStrictEqual(returned, value), AssertionError);
      }),
    );
  });
}
