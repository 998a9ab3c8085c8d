import fc from "fast-check";
import { faultOf } from "../harness/answer-faults.ts";
import type { Row } from "../row.ts";
import { framed } from "../wire/framing.ts";
import { type ItemMethod, itemPaths } from "../wire/items.ts";
import { wireCaller } from "../wire/wire-calls.ts";
import { type FuzzRowOptions, fuzzRow } from "./fuzz-row.ts";
import { anyBytes, mutated } from "./mutations.ts";
import { requests } from "./requests.ts";

interface BodyCase {
  readonly method: ItemMethod;
  readonly body: Buffer;
}

/** INTERNAL is what the specification has for bytes that cannot be read. */
const allowed = [
  ...["OK", "INVALID_ARGUMENT", "NOT_FOUND", "ALREADY_EXISTS", "FAILED_PRECONDITION"],
  ...["RESOURCE_EXHAUSTED", "UNIMPLEMENTED", "INTERNAL"],
];

const unary = ["getItem", "createItem", "updateItem", "deleteItem"] as const;
const streams = ["listItems", "batchCreateItems", "syncItems"] as const;

function shooting(): Pick<FuzzRowOptions<BodyCase>, "prepare"> {
  return {
    prepare(service, harness) {
      const caller = wireCaller(service, service.token());
      harness.onEnd(caller.close);
      return async ({ method, body }) => {
        const outcome = await caller.call(itemPaths[method], body);
        return { name: outcome.name, fault: faultOf(outcome, allowed) };
      };
    },
  };
}

/** The body, mostly in good order but for what is in the messages. */
function bodyOf(contents: fc.Arbitrary<Buffer>, most: number): fc.Arbitrary<Buffer> {
  const whole = fc
    .array(contents, { minLength: 1, maxLength: most })
    .map((messages) => Buffer.concat(messages.map((content) => framed(content))));
  return fc.oneof({ weight: 8, arbitrary: whole }, { weight: 1, arbitrary: mutated(whole) });
}

const randomCase: fc.Arbitrary<BodyCase> = fc.record({
  method: fc.constantFrom(...unary),
  body: fc.oneof(
    { weight: 4, arbitrary: anyBytes.map((content) => framed(content)) },
    { weight: 1, arbitrary: anyBytes },
    {
      weight: 1,
      arbitrary: fc
        .tuple(anyBytes, fc.nat(255), fc.nat(300))
        .map(([content, flag, length]) => framed(content, { flag, length })),
    },
  ),
});

export const randomBodies: Row = fuzzRow({
  id: "B11",
  fault: "any bytes at all to every unary method",
  promise: "a status that is in order, and no error that the service did not expect",
  cases: randomCase,
  ...shooting(),
});

function messageCases(methods: readonly ItemMethod[], most: number): fc.Arbitrary<BodyCase> {
  return fc.constantFrom(...methods).chain((method) => {
    const valid = requests[method];
    const contents = fc.oneof(
      { weight: 1, arbitrary: valid },
      { weight: 3, arbitrary: mutated(valid) },
      { weight: 1, arbitrary: anyBytes },
    );
    return bodyOf(contents, most).map((body) => ({ method, body }));
  });
}

export const unaryMessages: Row = fuzzRow({
  id: "Z4",
  fault: "requests to the unary methods, changed in one to three places",
  promise: "a status that is in order, and no error that the service did not expect",
  cases: messageCases(unary, 1),
  ...shooting(),
});

export const streamMessages: Row = fuzzRow({
  id: "Z5",
  fault: "requests to the streaming methods, up to six on a stream, changed in one to three places",
  promise: "a status that is in order, and no error that the service did not expect",
  cases: messageCases(streams, 6),
  ...shooting(),
});
