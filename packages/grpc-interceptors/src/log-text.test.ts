import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { redactText, toLogText } from "./log-text.ts";

describe("redactText", () => {
  it.each([
    "cannot verify Bearer S3CR3T-é.x",
    "authorization: bearer S3CR3T",
    'authorization="S3CR3T"',
    "Basic S3CR3TS3CR3T==",
    'Metadata string value "S3CR3T "x" y" contains illegal characters',
    'Metadata string value "S3CR3T, which was cut',
    "got eyJhbGciOiJub25lIn0.eyJzdWIiOiJTM0NSM1QifQ.c2ln, expired",
    "cannot connect to postgres://shop:S3CR3T@db:5432/shop",
    "password=S3CR3T host=db",
    "POST /token?client_secret=S3CR3T&grant_type=x",
    '{"access_token":"S3CR3T"}',
    '"grpc.http_connect_creds": "shop:S3CR3T"',
    "Cookie: S3CR3T",
    "x-api-key: S3CR3T",
    'body {\\"password\\":\\"S3CR3T\\"} was refused',
    '{\\"access_token\\":\\"S3CR3T\\"}',
    "authorization: Token S3CR3T",
    "authorization: [ 'Digest S3CR3T' ]",
    'Bearer "S3CR3T"',
    "bearer%20S3CR3T",
    "GET /x?token=S3CR3T",
    "x-auth-token: S3CR3T",
    "session_secret=S3CR3T",
    "basic S3CR3Tzzz=",
    "basic S3CR3TS3CR3TS3",
    "negotiate S3CR3T",
    "DPoP S3CR3T",
    "Cookie: a=b; session=S3CR3T",
    "-----BEGIN EC PRIVATE KEY-----\nS3CR3T\n-----END EC PRIVATE KEY-----",
  ])("takes the secret out of: %s", (text) => {
    expect(redactText(text)).not.toMatch(/S3CR3T|eyJ/);
    expect(redactText(text)).toContain("[redacted]");
  });

  it.each([
    "the bearer token is missing",
    "password authentication failed for user shop",
    "no item with the token 7",
    "GET https://example.com/a:b@c",
    "basic checks failed",
    "page_token: must be one that ListItems gave",
    "the secret: keep calm",
  ])("leaves alone: %s", (text) => {
    expect(redactText(text)).toBe(text);
  });

  it("takes no longer for a text that is made for it", { timeout: 5000 }, () => {
    const parts = [
      "bearer ",
      "eyJ-",
      "//a:",
      "//::",
      'Metadata string value "',
      "cookie: ",
      "basic a",
      "a-token",
      "-----BEGIN PRIVATE KEY-----",
    ];
    for (const part of parts) {
      expect(redactText(part.repeat(1_000_000)).length).toBeLessThanOrEqual(20_000);
    }
  });
});

describe("toLogText", () => {
  it("E4: any text becomes one line of at most so many bytes", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.integer({ min: 8, max: 64 }), (text, max) => {
        const line = toLogText(text, max);
        expect(Buffer.byteLength(line)).toBeLessThanOrEqual(max);
        expect(line).not.toMatch(/[\p{Cc}\u2028\u2029\u202a-\u202e]/u);
        expect(line.isWellFormed()).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it("leaves plain text as it is", () => {
    expect(toLogText("no item 7: crème brûlée")).toBe("no item 7: crème brûlée");
  });
});
