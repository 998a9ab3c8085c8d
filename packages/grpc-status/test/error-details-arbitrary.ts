import fc from "fast-check";
import { type ErrorDetails, type StandardDetails, toAny } from "../src/index.ts";

// Lone surrogates become U+FFFD in protobuf, which has no way to say them.
const text = fc.string({ unit: "binary", maxLength: 20 }).map((any) => any.toWellFormed());
const localizedMessage = fc.record({ locale: text, message: text });
const duration = fc.record({
  seconds: fc.bigInt({ min: 0n, max: 315_576_000_000n }),
  nanos: fc.nat(999_999_999),
});

const standardDetails: {
  readonly [Name in keyof StandardDetails]: fc.Arbitrary<StandardDetails[Name]>;
} = {
  errorInfo: fc.record({
    reason: text,
    domain: text,
    metadata: fc.array(fc.tuple(text, text), { maxLength: 5 }).map((pairs) => new Map(pairs)),
  }),
  retryInfo: fc.record({ retryDelay: fc.option(duration, { nil: undefined }) }),
  badRequest: fc.record({
    fieldViolations: fc.array(
      fc.record({
        field: text,
        description: text,
        reason: text,
        localizedMessage: fc.option(localizedMessage, { nil: undefined }),
      }),
      { maxLength: 5 },
    ),
  }),
  quotaFailure: fc.record({
    violations: fc.array(
      fc.record({
        subject: text,
        description: text,
        apiService: text,
        quotaMetric: text,
        quotaId: text,
        quotaDimensions: fc.constant(new Map([["region", "eu"]])),
        quotaValue: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
        futureQuotaValue: fc.option(fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }), {
          nil: undefined,
        }),
      }),
      { maxLength: 3 },
    ),
  }),
  preconditionFailure: fc.record({
    violations: fc.array(fc.record({ type: text, subject: text, description: text }), {
      maxLength: 3,
    }),
  }),
  resourceInfo: fc.record({
    resourceType: text,
    resourceName: text,
    owner: text,
    description: text,
  }),
  requestInfo: fc.record({ requestId: text, servingData: text }),
  help: fc.record({
    links: fc.array(fc.record({ description: text, url: text }), { maxLength: 3 }),
  }),
  localizedMessage,
  debugInfo: fc.record({ stackEntries: fc.array(text, { maxLength: 3 }), detail: text }),
};

/** Any details that an error can have. */
export const errorDetailsArbitrary: fc.Arbitrary<ErrorDetails> = fc.record(
  {
    ...standardDetails,
    others: fc.array(
      fc.uint8Array({ maxLength: 20 }).map((bytes) => toAny("shop.v1.Shortage", bytes)),
      { minLength: 1, maxLength: 3 },
    ),
  },
  { requiredKeys: [] },
);
