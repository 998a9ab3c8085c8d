import fc from "fast-check";
import { faultOf } from "../harness/answer-faults.ts";
import type { Row } from "../row.ts";
import { itemPaths } from "../wire/items.ts";
import { wireCaller } from "../wire/wire-calls.ts";
import { fuzzRow } from "./fuzz-row.ts";
import { mutated } from "./mutations.ts";

interface Parts {
  readonly header: Record<string, unknown>;
  readonly claims: Record<string, unknown>;
  readonly signature: Buffer;
}

/** What is made of a token that is in order; its parts may have been read. */
type Forge = (token: string, parts: Parts) => string;

const base64url = (value: unknown): string =>
  Buffer.from(JSON.stringify(value)).toString("base64url");

function joined({ header, claims, signature }: Parts): string {
  return `${base64url(header)}.${base64url(claims)}.${signature.toString("base64url")}`;
}

const headerChange = fc.oneof(
  fc.record({
    alg: fc.constantFrom("none", "None", "nOnE", "HS256", "RS256", "ES384", "", null, 7),
  }),
  fc.record({ kid: fc.oneof(fc.constantFrom("../../etc/passwd", "' OR 1=1 --", ""), fc.string()) }),
  fc.record({ crit: fc.constantFrom(["b64"], ["exp"], [], "b64"), b64: fc.boolean() }),
  fc.record({ jku: fc.webUrl(), x5u: fc.webUrl() }),
  fc.record({ jwk: fc.constant({ kty: "oct", k: "c2VjcmV0" }) }),
  fc.record({ typ: fc.oneof(fc.constantFrom("JWE", "at+jwt", "secevent+jwt"), fc.jsonValue()) }),
);
const claimChange = fc.oneof(
  fc.record({ exp: fc.oneof(fc.constantFrom(1e308, -1, 0, "soon", null), fc.maxSafeInteger()) }),
  fc.record({ scope: fc.oneof(fc.constant("admin items:read"), fc.jsonValue()) }),
  fc.record({ sub: fc.oneof(fc.constantFrom("root", ""), fc.jsonValue()) }),
  fc.record({ iss: fc.jsonValue(), aud: fc.jsonValue() }),
);

const forgeries: fc.Arbitrary<Forge> = fc.oneof(
  headerChange.map(
    (change): Forge =>
      (_token, parts) =>
        joined({ ...parts, header: { ...parts.header, ...change } }),
  ),
  claimChange.map(
    (change): Forge =>
      (_token, parts) =>
        joined({ ...parts, claims: { ...parts.claims, ...change } }),
  ),
  fc.uint8Array({ maxLength: 80 }).map(
    (bytes): Forge =>
      (_token, parts) =>
        joined({ ...parts, signature: Buffer.from(bytes) }),
  ),
  // In its text, wherever: the last characters of a part may have bits that nobody reads.
  fc.tuple(fc.double({ min: 0, max: 0.999, noNaN: true }), fc.constantFrom(..."AZaz09-_.=é ")).map(
    ([at, other]): Forge =>
      (token) => {
        const index = Math.floor(at * token.length);
        return token.slice(0, index) + other + token.slice(index + 1);
      },
  ),
  fc.nat(1_000).map(
    (at): Forge =>
      (token) =>
        token.slice(0, at % token.length),
  ),
  fc.constantFrom<Forge>(
    (token) => token.split(".").slice(0, 2).join("."),
    (token) => `${token.split(".").slice(0, 2).join(".")}.`,
    (token) => `${token}.`,
    (token) => `.${token}`,
    (token) => `${token}.${token}`,
    (token) => token.replaceAll(".", ".."),
  ),
  mutated(fc.constant(Buffer.from("eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0."))).map(
    (bytes): Forge =>
      () =>
        bytes.toString("latin1").replace(/[^\x21-\x7e]/g, "x"),
  ),
);

function partsOf(token: string): Parts {
  const [header = "", claims = "", signature = ""] = token.split(".");
  const read = (part: string) => JSON.parse(Buffer.from(part, "base64url").toString());
  return {
    header: read(header),
    claims: read(claims),
    signature: Buffer.from(signature, "base64url"),
  };
}

/** Whether it has the same header, claims and signature, bit for bit: some texts of base64url are read alike. */
function isSame(token: string, other: string): boolean {
  const [signed, signature] = [token.lastIndexOf("."), other.lastIndexOf(".")];
  return (
    token.slice(0, signed) === other.slice(0, signature) &&
    Buffer.from(token.slice(signed), "base64url").equals(
      Buffer.from(other.slice(signature), "base64url"),
    )
  );
}

export const tokens: Row = fuzzRow<Forge>({
  id: "Z6",
  fault: "tokens: header, claims, signature or text changed",
  promise: "UNAUTHENTICATED: none is taken",
  cases: forgeries,
  async prepare(service, harness) {
    const token = service.token();
    const parts = partsOf(token);
    const caller = wireCaller(service);
    harness.onEnd(caller.close);
    const call = (of: string) =>
      caller.call(itemPaths.listItems, Buffer.alloc(5), { authorization: `Bearer ${of}` });
    const good = await call(token);
    if (good.name !== "OK") {
      throw new Error(`a token that is in order ended ${good.name}`);
    }
    return async (forge) => {
      const forged = forge(token, parts);
      const outcome = await call(forged);
      const isForged = !isSame(forged, token);
      return {
        name: isForged ? outcome.name : "the same",
        fault: isForged ? faultOf(outcome, ["UNAUTHENTICATED"]) : undefined,
      };
    };
  },
});
