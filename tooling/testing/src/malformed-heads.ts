import { randomBytes } from "node:crypto";
import { callHead, type Entries } from "./hpack.ts";

/** Heads of a call that are wrong, or odd, each in its way, with these entries besides, as a token. */
export function malformedHeads(
  path: string,
  more: Readonly<Record<string, string>> = {},
): readonly (readonly [name: string, entries: Entries | Buffer])[] {
  /** The head of a sound call, with these entries instead of its own. */
  function head(changes: Readonly<Record<string, string | undefined>>): Entries {
    const entries = { ...Object.fromEntries(callHead(path, more)), ...changes };
    return Object.entries(entries).filter(([, value]) => value !== undefined) as Entries[number][];
  }

  function doubled(name: string, value: string): Entries {
    return [...head({ [name]: value }), [name, `${value}2`]];
  }

  return [
    ["no :path", head({ ":path": undefined })],
    ["no :method", head({ ":method": undefined })],
    ["no :scheme", head({ ":scheme": undefined })],
    ["no :authority", head({ ":authority": undefined })],
    ["no content-type", head({ "content-type": undefined })],
    ["no te", head({ te: undefined })],
    ["nothing at all", Buffer.alloc(0)],
    ["an empty :path", head({ ":path": "" })],
    ["a :path without slashes", head({ ":path": "unary" })],
    ["a :path of slashes", head({ ":path": "///" })],
    ["a :path with a query", head({ ":path": `${path}?a=1` })],
    ["a :path that is no text", [...head({ ":path": undefined }), [":path", randomBytes(40)]]],
    ["a :path of 8 KB", head({ ":path": `/${"x".repeat(8_192)}/y` })],
    ["a :path of a prototype", head({ ":path": "__proto__" })],
    ["GET", head({ ":method": "GET" })],
    ["CONNECT", head({ ":method": "CONNECT" })],
    ["an unknown :method", head({ ":method": "é" })],
    ["another content-type", head({ "content-type": "text/html" })],
    ["a content-type that is like it", head({ "content-type": "application/grpcevil" })],
    ["two content-types", doubled("content-type", "application/grpc")],
    ["two :paths", [...head({}), [":path", `${path}2`]]],
    ["a pseudo-header at the end", [...head({ ":path": undefined }), [":path", path]]],
    ["an unknown pseudo-header", head({ ":evil": "1" })],
    ["a name in capitals", head({ "X-Evil": "1" })],
    ["a name of control characters", head({ "a\r\nb": "1" })],
    ["a value of control characters", head({ "x-evil": "a\r\nb: c\0" })],
    ["a value that is no text", [...head({}), ["x-evil", Buffer.from("é".repeat(20))]]],
    ["a -bin value that is no base64", head({ "x-evil-bin": "%%%,,,===" })],
    ["__proto__ and constructor", head({ ["__proto__"]: "1", constructor: "1" })],
    ["connection", head({ connection: "keep-alive" })],
    ["two authorizations", doubled("authorization", "Bearer a")],
    ["two grpc-timeouts", doubled("grpc-timeout", "1S")],
    ["two grpc-encodings", doubled("grpc-encoding", "gzip")],
    ["an unending content-length", head({ "content-length": "99999999999999999999" })],
    ["a wrong content-length", head({ "content-length": "3" })],
    ["a user-agent of 16 KB", head({ "user-agent": "x".repeat(16_384) })],
  ];
}
